"""What a file of Python imports and where, as a digest: all that tools of dependencies and of layers read of it.

Against a change of imports that nobody sees: of whatever could hide one, the whole file counts.
"""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

_WHOLE: Final = (b"import_module", b"__import__", b"importlib", b"deptry")
"""Words by which a file imports, or is judged, by more than its statements."""
_COOKIE: Final = b"coding"
_BARE: Final = re.compile(r"^([ \t]*except\*?[ \t]+)([\w.]+(?:, ?[\w.]+)+):", re.MULTILINE)
"""Several exceptions without parentheses (Python 3.14, PEP 758), which an older interpreter does not read."""


def of(data: bytes) -> str:
    """The digest of its import statements with their places and conditions; of all its bytes where there is more to it, or doubt."""
    if not any(word in data for word in _WHOLE) and not any(_COOKIE in line for line in data.split(b"\n", 2)[:2]):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return sha256("\n".join(_imports(_parsed(data.decode()).body, ())).encode()).hexdigest()
    return sha256(data).hexdigest()


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            return ast.parse(_BARE.sub(r"\1(\2):", text))


def _imports(body: Sequence[ast.AST], under: tuple[ast.AST, ...]) -> Iterator[str]:
    """Statements alone hold imports; under: the conditions that one stands below."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [(one.name, one.asname, one.lineno, one.col_offset) for one in node.names]
            source = (node.module, node.level) if isinstance(node, ast.ImportFrom) else ()
            tests = [ast.dump(test) for test in under]
            yield repr((node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, source, names, tests))
        elif isinstance(node, ast.If):
            yield from _imports(node.body, (*under, node.test))
            yield from _imports(node.orelse, (*under, ast.Not(), node.test))
        elif isinstance(node, ast.Match):
            for case in node.cases:
                yield from _imports(case.body, under)
        else:
            for name in ("body", "handlers", "orelse", "finalbody"):
                inner = getattr(node, name, ())
                if isinstance(inner, list):
                    yield from _imports(inner, under)
