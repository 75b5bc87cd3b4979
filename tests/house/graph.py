"""The import graph of src/ringwork, read from the source and never by importing it; type-only imports count."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SOURCE = TOP / "src"
IMPORTERS = {"importlib.import_module", "import_module", "__import__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import of one thing. target: dotted name of the module that is loaded. inside: the function it stands in, or ""."""

    source: str
    target: str
    line: int
    inside: str = ""

    @property
    def root(self) -> str:
        return self.target.partition(".")[0]

    def __str__(self) -> str:
        place = f" (in {self.inside}())" if self.inside else ""
        return f"{self.source}:{self.line} imports {self.target}{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file. name: dotted; a package's __init__.py has the package's name and is its face."""

    name: str
    path: Path
    tree: ast.Module
    text: str

    @property
    def is_face(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def stem(self) -> str:
        """Dotted name below ringwork: "enforce.browser.csrf"; "" for ringwork's own face."""
        return self.name.removeprefix("ringwork").removeprefix(".")


@cache
def modules() -> dict[str, Module]:
    """Every module of the package, by dotted name."""
    found = {}
    for path in sorted((SOURCE / "ringwork").rglob("*.py")):
        parts = list(path.relative_to(SOURCE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts)
        found[name] = Module(name=name, path=path, tree=ast.parse(text, filename=str(path)), text=text)
    return found


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every module; where a module loads from a literal table, the names in that table count too."""
    return tuple(dict.fromkeys(found for module in modules().values() for found in _imports_of(module)))


def inner() -> Iterator[Import]:
    """Imports of the package's own modules."""
    return (i for i in imports() if i.root == "ringwork")


def third_party() -> Iterator[Import]:
    """Imports of what is neither our own nor the standard library's."""
    return (i for i in imports() if i.root != "ringwork" and i.root not in sys.stdlib_module_names)


def _imports_of(module: Module) -> Iterator[Import]:
    loads = any(isinstance(n, ast.Call) and ast.unparse(n.func) in IMPORTERS for n in ast.walk(module.tree))
    for node, inside in _walk(module.tree, ""):
        for target in [*_targets(module, node), *(_named(node) if loads else ())]:
            yield Import(source=module.name, target=target, line=getattr(node, "lineno", 0), inside=inside)


def _walk(node: ast.AST, inside: str) -> Iterator[tuple[ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        yield child, inside
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from _walk(child, child.name if named else inside)


def _targets(module: Module, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = _package(module, node)
        for alias in node.names:
            whole = f"{package}.{alias.name}"
            yield whole if whole in modules() and alias.name not in _offered(package) else package


def _named(node: ast.AST) -> Iterator[str]:
    """A text that is the name of a module of ours, or the literal argument of an import."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != "ringwork" and node.value in modules():
        yield node.value


def _offered(package: str) -> set[str]:
    """Names that a package's own face offers; one of them hides a module of the same name."""
    face = modules().get(package)
    body = face.tree.body if face is not None else []
    return {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}


def _package(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    kept = parts[: len(parts) - node.level + module.is_face]
    return ".".join([*kept, *([node.module] if node.module else [])])
