"""How a project's own files hang together: which module imports which, what templates a module names, where a handler begins and ends.

Nothing is imported or rendered; what cannot be read hangs together with nothing, and whoever asks has to treat it so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ringwork.survey import copies, templates

_NAMES = re.compile(r"{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file. imports: files of the project. words: its strings that end as a template does. spans: lines of its definitions."""

    imports: frozenset[str]
    words: frozenset[str]
    spans: tuple[tuple[int, int], ...]

    def span(self, line: int) -> tuple[int, int] | None:
        """First and last line of the innermost definition on whose lines this one is, decorators included."""
        around = [span for span in self.spans if span[0] <= line <= span[1]]
        return min(around, key=lambda span: span[1] - span[0], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """By file, relative to the project and with slashes. mentions: template to the names of others that it extends or includes."""

    modules: dict[str, Module] = field(default_factory=dict)
    mentions: dict[str, frozenset[str]] = field(default_factory=dict)

    def below(self, file: str, *, closed: Collection[str] = ()) -> set[str]:
        """A module and all that it imports, at any remove; what `closed` modules import is not followed."""
        found, waiting = set[str](), [file]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                module = self.modules.get(here)
                waiting.extend(module.imports if module is not None and (here == file or here not in closed) else ())
        return found

    def with_parents(self, template: str) -> set[str]:
        """A template and all those into which it is put, at any remove."""
        found, waiting = set[str](), [template]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting.extend(other for other, names in self.mentions.items() if any(is_named(here, name) for name in names))
        return found


def is_named(file: str, name: str) -> bool:
    """Whether a template's name, as code gives it, may mean this file."""
    return file == name or file.endswith(f"/{name.lstrip('/')}")


def read(root: Path, bases: Sequence[str]) -> Sources:
    """The files below `root`. bases: the folders, relative to it, in which imports begin."""
    files = {path.relative_to(root).as_posix(): path for path in copies.walk(root)}
    tops = [PurePosixPath(base) for base in bases]
    found = Sources()
    for name, path in files.items():
        if path.suffix == ".py":
            found.modules[name] = _module(name, copies.text_of(path), files, tops)
        elif path.suffix in templates.ENDINGS:
            found.mentions[name] = frozenset(_NAMES.findall(copies.text_of(path)))
    return found


def _module(name: str, text: str, files: Collection[str], tops: Sequence[PurePosixPath]) -> Module:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return Module(imports=frozenset(), words=frozenset(), spans=())
    nodes = list(ast.walk(tree))
    strings = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return Module(
        imports=frozenset(file for node in nodes for file in _imported(node, name, files, tops)),
        words=frozenset(word for word in strings if PurePosixPath(word).suffix in templates.ENDINGS),
        spans=tuple((_top(node), node.end_lineno or node.lineno) for node in nodes if isinstance(node, _Definition)),
    )


def _top(node: _Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _imported(node: ast.AST, name: str, files: Collection[str], tops: Sequence[PurePosixPath]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _files_of(alias.name, tops, files)
    elif isinstance(node, ast.ImportFrom):
        starts = tops
        if node.level:
            folder = PurePosixPath(name).parent
            for _ in range(node.level - 1):
                folder = folder.parent
            starts = [folder]
        for alias in node.names:  # each may be a module of the package, or a name inside it
            yield from _files_of(".".join(part for part in (node.module, alias.name) if part), starts, files)


def _files_of(dotted: str, starts: Sequence[PurePosixPath], files: Collection[str]) -> Iterator[str]:
    """The files that an import of this name runs, each package on the way included."""
    for start in starts:
        here = start
        for part in dotted.split("."):
            here = here / part
            yield from (str(file) for file in (here.with_suffix(".py"), here / "__init__.py") if str(file) in files)
