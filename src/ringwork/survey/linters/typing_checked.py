"""What mypy says of some files, asked strictly whatever the project asks of itself; and what its settings let them off.

Against a check of types that is strict everywhere but where it matters.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ringwork.survey.flows import Typed
from ringwork.survey.linters import mypy, run, tool
from ringwork.survey.linters.tool import Asked, Declined, State, Tool

_LOOSE: Mapping[str, bool] = {
    "ignore_errors": True,
    "disallow_untyped_defs": False,
    "disallow_incomplete_defs": False,
    "check_untyped_defs": False,
    "disallow_any_generics": False,
    "disallow_untyped_calls": False,
    "warn_return_any": False,
    "strict_optional": False,
}
"""Settings that ask less, and the value with which they do."""


def of(root: Path, files: Sequence[str], *, limit_seconds: float = 90.0) -> Typed:
    """Ask mypy with --strict and the project's own settings about these files; what they import is followed, and not judged."""
    name, table = mypy.configuration(root)
    if not name:
        return Typed(ran=False, why="no mypy configuration was found", unlock="[tool.mypy] in pyproject.toml, with strict = true")

    def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
        words = tool.words_of("mypy")
        options = ["--strict", "--output", "json", "--no-error-summary", "--follow-imports", "silent"]
        cache = ["--cache-dir", str(result.with_suffix(".cache"))]
        return [*words, *options, *cache, "--", *asked.files] if words else tool.absent("mypy")

    asked = Asked(root=root, files=tuple(files), is_whole=False)
    (result,) = run.run(asked, tools=(Tool(name="mypy", start=start, read=mypy.read, prints=True),), limit_seconds=limit_seconds)
    if result.state is not State.RAN or result.unread:
        why = result.why or "; ".join(f"{one.file}:{one.line}: {one.why}" for one in result.unread)
        return Typed(ran=False, why=why, unlock=result.unlock, checker=f"mypy {result.version}")
    return Typed(
        ran=True,
        checker=f"mypy {result.version}",
        files=len(files),
        loosened=tuple(_loosened(name, table, files)),
        flows=tuple(flow for flow in result.flows if flow.place.file in files),
    )


def _loosened(name: str, table: Mapping[str, Any], files: Sequence[str]) -> Iterator[str]:
    """Settings of overrides that fit one of the files, and of the whole."""
    for key, value in _LOOSE.items():
        if table.get(key) is value:
            yield f"{name}: {key} = {str(value).lower()} for everything"
    for one in table.get("overrides", ()):
        if not isinstance(one, Mapping):
            continue
        given = one.get("module", ())
        patterns = [given] if isinstance(given, str) else list(given)
        met = [file for file in files if any(_fits(str(pattern), file) for pattern in patterns)]
        for key, value in _LOOSE.items():
            if met and one.get(key) is value:
                yield f"{name}: {key} = {str(value).lower()} for {', '.join(map(str, patterns))}, which is {met[0]} too"


def _fits(pattern: str, file: str) -> bool:
    """Whether a pattern of modules ("shop.*") fits a file, wherever its root is."""
    path = PurePosixPath(file)
    parts = path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts
    names = [".".join(parts[i:]) for i in range(len(parts))]
    wide = pattern.removesuffix(".*") if pattern.endswith(".*") else ""
    return any(fnmatch.fnmatchcase(name, pattern) or (wide and name == wide) for name in names)
