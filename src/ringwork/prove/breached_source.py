"""Source as nobody should write it (breached_source.toml), written where the reader reads it: it shows that a check can fail.

Against a reader that finds nothing because it understands nothing: each check of source has a small application of the run's own
framework on which its fault stands. Nothing of it is imported, and no secret of it is one.
"""

from __future__ import annotations

import functools
import hashlib
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

FILE = "breached_source.toml"
SENSITIVE = ("source_security_tests__sensitive_coverage.py", "source_type_checking__strict_on_sensitive.py")
"""The files of it that are marked sensitive."""
FRAMEWORKS = ("aiohttp", "django", "fastapi", "flask")

_HEADS: Mapping[str, str] = {
    "fastapi": """
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse as page, RedirectResponse as redirect
app = FastAPI()
""",
    "flask": """
from flask import Flask, make_response as page, redirect, request
app = Flask(__name__)
""",
    "django": """
from django.http import HttpResponse as page, HttpResponseRedirect as redirect
""",
    "aiohttp": """
from aiohttp import web
app = web.Application()
def page(text):
    return web.Response(text=text, content_type="text/html")
def redirect(address):
    return web.HTTPFound(address)
""",
}
_SETTINGS = """
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
"""


@functools.cache
def rows() -> Mapping[str, Mapping[str, Any]]:
    """The rows by the id of their check."""
    found: dict[str, Mapping[str, Any]] = tomllib.loads(resources.files("ringwork.prove").joinpath(FILE).read_text(encoding="utf-8"))
    return found


def stem_of(check: str) -> str:
    """The name of a check's module, "input_sql_injection__built_statements"."""
    return check.replace("/", "__").replace(".", "_").replace("-", "_")


def files(framework: str) -> Mapping[str, str]:
    """All files for a framework, path to text; those of a check begin with its stem or are named by its row."""
    found = dict[str, str]()
    for check, row in rows().items():
        found[f"{stem_of(check)}.py"] = _module(row, framework)
        found |= {path: text.lstrip("\n") for path, text in row.get("files", {}).items()}
    if framework == "django":
        found["settings.py"] = _SETTINGS.lstrip("\n")
        found["urls.py"] = "\n".join(_addresses()) + "\n"
    return found


def places(check: str, framework: str) -> frozenset[str]:
    """The files in which a check has to find its fault."""
    row = rows()[check]
    return frozenset({f"{stem_of(check)}.py", *row.get("files", {}), *row.get("past", ())})


def write(root: Path, framework: str) -> None:
    """Write them all below an empty folder; Starlette's are FastAPI's."""
    for name, text in files("fastapi" if framework == "starlette" else framework).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def past() -> Mapping[str, str]:
    """Files that a repository once had, path to text: each with a token that nobody issued."""
    token = "".join(("gh", "p_", hashlib.sha256(FILE.encode()).hexdigest()[:36]))
    return {name: f'TOKEN = "{token}"\n' for row in rows().values() for name in row.get("past", ())}


def _module(row: Mapping[str, Any], framework: str) -> str:
    body = _body(row, framework)
    parts = [_HEADS[framework] if body else "", row.get("top", ""), row.get("tops", {}).get(framework, "")]
    if body:
        parts += _handlers(row, framework)
    return "\n".join(part.strip("\n") for part in (*parts, row.get("bottoms", {}).get(framework, "")) if part) + "\n"


def _body(row: Mapping[str, Any], framework: str) -> str:
    body: str = row.get("bodies", {}).get(framework, row.get("body", ""))
    return body


def _routes(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Route and name of each handler of a row; the one beside them last."""
    for number, route in enumerate(row.get("routes", ["/shop"])):
        yield route, f"answer_{number}" if number else "answer"
    if "beside" in row:
        yield "/beside", "beside"


def _handlers(row: Mapping[str, Any], framework: str) -> Iterator[str]:
    for route, name in _routes(row):
        is_beside = name == "beside"
        body = row["beside"] if is_beside else _body(row, framework)
        marks = row.get("beside_marks" if is_beside else "marks", [])
        yield _handler(body, route, row.get("methods", ["GET"])[0], framework, name, marks, "" if is_beside else row.get("takes", ""))


def _handler(body: str, route: str, method: str, framework: str, name: str, marks: Sequence[str], takes: str) -> str:
    """takes: the name of a parameter of its path, "" for none. marks: its own decorators."""
    lines, verb = textwrap.indent(body.strip("\n"), "    "), method.lower()
    is_async = "await " in body or framework == "aiohttp"
    define = "async def" if is_async else "def"
    route += _segment(takes, framework)
    given = f", {takes}: str" if takes else ""
    heads = {
        "fastapi": f'{define} {name}(request: Request{given}, value: str = ""):\n',
        "flask": f'{define} {name}({given.removeprefix(", ")}):\n    value = request.args.get("value", "")\n',
        "django": f'{define} {name}(request{given}):\n    value = request.GET.get("value", "")\n',
        "aiohttp": f'{define} {name}(request):\n    value = request.query.get("value", "")\n',
    }
    listed = [f'@app.{verb}("{route}")', *marks] if framework in {"fastapi", "flask"} else marks
    taken = f'    {takes} = request.match_info["{takes}"]\n' if takes and framework == "aiohttp" else ""
    tail = f'\napp.router.add_{verb}("{route}", {name})' if framework == "aiohttp" else ""
    return "".join(f"{mark}\n" for mark in listed) + heads[framework] + taken + lines + tail


def _segment(takes: str, framework: str) -> str:
    """A parameter of a path, as the framework writes it."""
    if not takes:
        return ""
    return f"/<{takes}>" if framework == "flask" else f"/<str:{takes}>" if framework == "django" else f"/{{{takes}}}"


def _addresses() -> Iterator[str]:
    """Django's table of addresses, one for each handler."""
    handled = [(check, row) for check, row in rows().items() if "body" in row or "bodies" in row]
    yield "from django.urls import path"
    yield from (f"import {stem_of(check)}" for check, _ in handled)
    yield "urlpatterns = ["
    for check, row in handled:
        for route, name in _routes(row):
            segment = "" if name == "beside" else _segment(row.get("takes", ""), "django")
            yield f'    path("{stem_of(check)}{route}{segment}", {stem_of(check)}.{name}),'
    yield "]"
