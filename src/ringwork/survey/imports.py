"""Which files of a project concern a few of its files: what those import, at any remove, and who imports them.

For a look at some files that must not wait for all. By the text of import lines alone, so that a large project costs a fraction of a
second: one line too many costs time, and one that is written in no usual way is missed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ringwork.survey import copies

_LINE = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#;]*)|import[ \t]+(?P<plain>[^\n#;]*))",
    re.MULTILINE,
)
_NAME = re.compile(rb"\w[\w.]*")


def around(root: Path, wanted: Collection[str]) -> frozenset[str]:
    """The wanted files, all that they import, and the files that import them. Names relative to the root."""
    names = [path.relative_to(root).as_posix() for path in copies.walk(root) if path.suffix == ".py"]
    by_module = dict[str, list[str]]()
    for name in names:
        for module in _called(name):
            by_module.setdefault(module, []).append(name)
    imports = {name: frozenset(_imported(root, name, by_module)) for name in names}
    users = {name for name, found in imports.items() if not found.isdisjoint(wanted)}
    return frozenset((_below(wanted, imports) | users) & {*names, *wanted})


def _called(name: str) -> Iterator[str]:
    """The dotted names under which a file may be imported, by whatever root: all ends of its path."""
    path = PurePosixPath(name)
    parts = path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts
    yield from (".".join(parts[i:]) for i in range(len(parts)))


def _below(wanted: Collection[str], imports: Mapping[str, frozenset[str]]) -> set[str]:
    found, waiting = set[str](), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports.get(name, ())
    return found


def _imported(root: Path, name: str, by_module: Mapping[str, list[str]]) -> Iterator[str]:
    try:
        data = (root / name).read_bytes()
    except OSError:
        return
    for line in _LINE.finditer(data):
        for module in _modules(line, name):
            yield from by_module.get(module, ())


def _modules(line: re.Match[bytes], name: str) -> Iterator[str]:
    if line["plain"] is not None:
        for one in _NAME.findall(line["plain"]):
            parts = one.decode("utf-8", "replace").split(".")
            yield from (".".join(parts[: i + 1]) for i in range(len(parts)))
        return
    module = line["module"].decode("utf-8", "replace")
    if line["dots"]:
        folder = PurePosixPath(name).parent.parts
        up = len(line["dots"]) - 1
        module = ".".join([*folder[: len(folder) - up], *([module] if module else [])])
    if module:
        yield module
    for one in _NAME.findall(line["names"]):
        yield f"{module}.{one.decode('utf-8', 'replace')}" if module else one.decode("utf-8", "replace")
