"""Packages that a project asks for in production and should not: cryptography that nobody keeps, tools for finding faults.

Against a library whose known holes nobody closes any more. Files of requirements and pyproject.toml are read as they are; nothing is asked.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks.seen import STRONG, WEAK, is_rehearsal, is_shipped, of_file
from ringwork.survey.looks.texts import Text

_ABANDONED: dict[str, tuple[Strength, str]] = {
    "pycrypto": (STRONG, "has had no release since 2013 and has known holes; pycryptodome or cryptography take its place"),
    "simple-crypt": (STRONG, "is no longer kept by its author; cryptography has Fernet"),
    "pyaes": (WEAK, "has had no release since 2017 and is not constant in time; use cryptography"),
    "pysha3": (STRONG, "has a buffer overflow (CVE-2022-37454) and is no longer kept; hashlib has SHA-3"),
    "python-jose": (WEAK, "is hardly kept; PyJWT or joserfc take its place"),
    "rsa": (WEAK, "is no longer kept by its authors; use cryptography"),
    "ecdsa": (WEAK, "says of itself that it is not constant in time (CVE-2024-23342); use cryptography"),
    "m2crypto": (WEAK, "is hardly kept; use cryptography"),
}
_TOOLS = frozenset({
    "django-debug-toolbar", "flask-debugtoolbar", "fastapi-debug-toolbar", "aiohttp-debugtoolbar", "django-silk",
    "werkzeug-debugger-runtime",
})  # fmt: skip
_FILE = re.compile(r"(?:^|/)(?:requirements|reqs?|base|prod(?:uction)?)[\w.-]*\.(?:txt|in)$|(?:^|/)requirements/[\w.-]+\.(?:txt|in)$")
_NAME = re.compile(r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_OTHERS = re.compile(r"dev|test|doc|lint|ci\b|build|tool", re.IGNORECASE)


def look(one: Text) -> Iterator[Flow]:
    """What a file of requirements asks for by name."""
    if (one.name == "pyproject.toml" or _FILE.search(one.file)) and is_shipped(one.file):
        for line, name in _declared(one.of()) if one.name == "pyproject.toml" else _listed(one.of()):
            yield from _judged(one.file, line, name)


def _judged(file: str, line: int, name: str) -> Iterator[Flow]:
    known = _ABANDONED.get(name)
    if known is not None:
        strength, why = known
        yield of_file("home-made-crypto", file, line, strength=strength, sink=name, detail=f"{name} {why}.", said=f"{name} is asked for")
    if name in _TOOLS and not is_rehearsal(file) and not _OTHERS.search(PurePosixPath(file).stem):
        detail = f"{name} is installed in production; it shows settings and statements to whoever turns it on."
        yield of_file("test-route", file, line, strength=WEAK, sink=name, detail=detail, said=f"{name} is asked for")


def _listed(text: str) -> Iterator[tuple[int, str]]:
    """Line and name of each requirement; options and comments are none."""
    for number, line in enumerate(text.splitlines(), 1):
        match = _NAME.match(line)
        if match is not None:
            yield number, _normal(match["name"])


def _declared(text: str) -> Iterator[tuple[int, str]]:
    """Line and name of each dependency of production in a pyproject.toml, of the standard's form and of Poetry's."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project = data.get("project")
    listed = project.get("dependencies", ()) if isinstance(project, dict) else ()
    poetry = data.get("tool", {}).get("poetry", {}) if isinstance(data.get("tool"), dict) else {}
    named = poetry.get("dependencies", {}) if isinstance(poetry, dict) else {}
    names = [match["name"] for entry in listed if isinstance(entry, str) and (match := _NAME.match(entry))]
    for name in (*names, *(named if isinstance(named, dict) else ())):
        found = re.search(rf"(?m)^.*\b{re.escape(name)}\b", text)
        yield text.count("\n", 0, found.end()) + 1 if found is not None else 0, _normal(name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
