"""The cases of tests/survey/taint/cases: what the engine has to understand, each with a bad and a safe twin, on each framework.

A file has several cases. `== name: promise` begins one; its parts begin with `@`: `module` (what stands above the handlers), `file
NAME` (another module beside it), `bad` and `safe` (the inside of a handler, that finds the request's text in `value`), or the name of
a framework (or of `server`, the standard library's) with a whole module. In a handler REFUSE, OK, HTML(, JSON( and REDIRECT( stand
for what each framework calls them. A line that ends in `# flow: KIND` has to be found, as weak if it says so; all other lines of the
case must be silent about the kinds that the case names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
FRAMEWORKS = ("fastapi", "flask", "django", "aiohttp")
ALL = (*FRAMEWORKS, "server")
MARK = re.compile(r"#\s*(flow|quiet)(?::\s*([\w-]+))?(\s+weak)?\s*$")

HEAD = {
    "fastapi": (
        "import sqlite3\n\nfrom fastapi import FastAPI, HTTPException\nfrom fastapi.responses import HTMLResponse, JSONResponse\n"
        "from fastapi.responses import RedirectResponse\n"
    ),
    "flask": "import sqlite3\n\nfrom flask import Flask, Response, abort, jsonify, redirect, request\n",
    "django": (
        "import sqlite3\n\nfrom django.http import Http404, HttpResponse\n"
        "from django.http import HttpResponseRedirect, JsonResponse\nfrom django.urls import path\n"
    ),
    "aiohttp": "import sqlite3\n\nfrom aiohttp import web\n",
    "server": "import sqlite3\n",
}
MADE = {
    "fastapi": "app = FastAPI()\n",
    "flask": "app = Flask(__name__)\n",
    "django": "",
    "aiohttp": "app = web.Application()\n",
    "server": "",
}
HANDLER = {
    "fastapi": '@app.get("/{name}")\n{wait}def {name}(value: str):\n',
    "flask": '@app.get("/{name}")\n{wait}def {name}():\n    value = request.args["value"]\n',
    "django": '{wait}def {name}(request):\n    value = request.GET["value"]\n',
    "aiohttp": 'async def {name}(request):\n    value = request.query["value"]\n',
}
TAIL = {
    "fastapi": "",
    "flask": "",
    "django": 'urlpatterns = [path("bad", bad), path("safe", safe)]\n',
    "aiohttp": 'app.router.add_get("/bad", bad)\napp.router.add_get("/safe", safe)\n',
}
WORDS = {
    "fastapi": {
        "REFUSE": "raise HTTPException(400)",
        "OK": 'JSONResponse({"done": True})',
        "HTML(": "HTMLResponse(",
        "JSON(": "JSONResponse(",
        "REDIRECT(": "RedirectResponse(",
    },
    "flask": {"REFUSE": "abort(400)", "OK": "jsonify(done=True)", "HTML(": "Response(", "JSON(": "jsonify(", "REDIRECT(": "redirect("},
    "django": {
        "REFUSE": "raise Http404",
        "OK": 'JsonResponse({"done": True})',
        "HTML(": "HttpResponse(",
        "JSON(": "JsonResponse(",
        "REDIRECT(": "HttpResponseRedirect(",
    },
    "aiohttp": {
        "REFUSE": "raise web.HTTPBadRequest",
        "OK": 'web.json_response({"done": True})',
        "HTML(": 'web.Response(content_type="text/html", text=',
        "JSON(": "web.json_response(",
        "return REDIRECT(": "raise web.HTTPFound(",
    },
    "server": {},
}


@dataclass(slots=True)
class Case:
    """One capability. parts: text by the name of the part."""

    name: str
    promise: str
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Those on which it exists."""
        return FRAMEWORKS if "bad" in self.parts else tuple(name for name in ALL if name in self.parts)


@dataclass(slots=True)
class Written:
    """One case on one framework, as it stands in the project. expected: (file, line, kind) -> whether it may be weak alone."""

    folder: str
    files: dict[str, str]
    expected: dict[tuple[str, int, str], bool]
    kinds: frozenset[str]


def read(folder: Path = FOLDER) -> list[Case]:
    """All cases, in the order of their files."""
    made: list[Case] = []
    for file in sorted(folder.glob("*.txt")):
        for text in re.split(r"(?m)^== ", file.read_text(encoding="utf-8"))[1:]:
            title, _, rest = text.partition("\n")
            name, _, promise = title.partition(": ")
            case = Case(name.strip(), promise.strip())
            for part in re.split(r"(?m)^@ ", rest)[1:]:
                label, _, body = part.partition("\n")
                case.parts[label.strip()] = body.rstrip() + "\n"
            made.append(case)
    return made


def write(case: Case, framework: str) -> Written:
    """The files of a case on a framework, by their names in its folder, and what is to be found in them."""
    whole = case.parts.get(framework) or _handlers(case, framework)
    imports = [line for line in case.parts.get("module", "").splitlines() if line.startswith(("import ", "from "))]
    above = [line for line in case.parts.get("module", "").splitlines() if not line.startswith(("import ", "from "))]
    views = "\n".join([HEAD[framework], *imports, "", 'connection = sqlite3.connect("clinic.db")', MADE[framework], *above, "", whole])
    folder = f"{framework}_{case.name.replace('-', '_')}"
    files = {"__init__.py": "", "views.py": _spoken(views, framework)}
    files |= {label.removeprefix("file "): text for label, text in case.parts.items() if label.startswith("file ")}
    for name in [name for name in files if "/" in name]:
        files.setdefault(f"{name.rpartition('/')[0]}/__init__.py", "")
    expected, kinds = {}, set()
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if (match := MARK.search(line)) and match[2]:
                kinds.add(match[2])
                if match[1] == "flow":
                    expected[f"{folder}/{name}", number, match[2]] = bool(match[3])
    return Written(folder, files, expected, frozenset(kinds))


def _handlers(case: Case, framework: str) -> str:
    made = []
    for name in ("bad", "safe"):
        head = HANDLER[framework].format(name=name, wait="async " if "async" in case.parts else "")
        body = case.parts[name].splitlines()
        if not body[-1].startswith(("return", "raise")):
            body.append("return OK")
        made.append(head + "".join(f"    {line}\n" if line else "\n" for line in body))
    return "\n\n".join([*made, TAIL[framework]])


def _spoken(text: str, framework: str) -> str:
    for word, said in WORDS[framework].items():
        text = re.sub(rf"(?<![\w.]){re.escape(word)}" + ("" if word.endswith("(") else r"(?!\w)"), lambda _, said=said: said, text)
    return text
