"""Test suites of a project: where they make the client that stands for a browser, so that it can say where a form came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringwork.survey.templates import SKIPPED

_STARLETTE = re.compile(r"TestClient\((?P<given>[^()]*)\)")
_FLASK = re.compile(r"(?P<app>[A-Za-z_][\w.]*)\.test_client\(\)")
_AIOHTTP = re.compile(r"TestClient\(TestServer\([^()]*\)[^()]*\)")
_IMPORTED, _IMPORT = "as_browser(", "from ringwork.testing import as_browser"
_BASE = re.compile(r"""base_url\s*=\s*["']https?://([^/"':]+)""")
_NAMES = re.compile(r"^(test_.*|.*_test|conftest|tests?)\.py$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One line that makes a test client. text: the line as it should be; replaces: as it is. file: relative to the project."""

    file: str
    line: int
    text: str
    replaces: str


def clients(root: Path, *, origin: str, home: Path | None = None) -> list[Client]:
    """The lines that make a client without an Origin, by file and line. origin: what a browser would send.

    A line that replaces nothing goes after the one with its number. home: the part of `root` that is the application's own, outside of
    which only what imports it is its suite; None for all of it.
    """
    found = []
    for path in sorted(_files(root, home)):
        file = path.relative_to(root).as_posix()
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        changes = [(i, new) for i, old in enumerate(lines, start=1) if (new := _changed(old, origin)) != old]
        if any(_IMPORTED in new for _, new in changes) and _IMPORT not in lines:
            first = next((i for i, line in enumerate(lines, start=1) if line.startswith(("import ", "from "))), 0)
            found.append(Client(file=file, line=first, text=_IMPORT, replaces=""))
        found += [Client(file=file, line=i, text=new, replaces=lines[i - 1]) for i, new in changes]
    return found


def strangers(root: Path, *, served: frozenset[str], home: Path | None = None) -> list[tuple[str, int, str]]:
    """Clients of tests that ask a host which the guard does not serve, `AsyncClient(base_url="http://test")`: file, line and host."""
    return [
        (path.relative_to(root).as_posix(), line, host)
        for path in sorted(_files(root, home))
        for line, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        for host in _BASE.findall(text)
        if host not in served
    ]


def _files(root: Path, home: Path | None) -> Iterator[Path]:
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        is_suite = _NAMES.match(path.name) and not any(part in SKIPPED or part.startswith(".") for part in parts)
        if is_suite and (home is None or path.is_relative_to(home) or _imports(path, home.name)):
            yield path


def _imports(path: Path, name: str) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return re.search(rf"^[ \t]*(?:from|import)[ \t][^\n]*\b{re.escape(name)}\b", text, re.MULTILINE) is not None


def _changed(written: str, origin: str) -> str:
    if "headers=" in written or "Origin" in written or written.lstrip().startswith(("#", "from ", "import ")):
        return written
    made = _AIOHTTP.search(written)
    if made is not None:
        return written if _IMPORTED in written else written.replace(made[0], f"as_browser({made[0]})")
    made = _STARLETTE.search(written)
    if made is not None:
        # Over https, because a client of the standard kind keeps Secure cookies to itself elsewhere.
        base = "" if "base_url=" in made["given"] else f', base_url="{origin}"'
        client = f"TestClient({made['given']}{base})"
        return written if _IMPORTED in written else written.replace(made[0], f'as_browser({client}, origin="{origin}")')
    made = _FLASK.search(written)
    if made is not None:
        return written if _IMPORTED in written else written.replace(made[0], f'as_browser({made["app"]}.test_client(), origin="{origin}")')
    return written
