"""Comments in the source that accept a violation, and the handlers that each one stands on; what they say is judged elsewhere.

    # ringwork: ignore[browser.csrf] reason="signed webhook" owner=payments until=2027-01-31
    @app.post("/hook")

Against a comment that seems to say something and says nothing: one that stands on no function is handed on as such.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringwork.survey import copies
from ringwork.survey.facts import RouteFacts

_MARK = re.compile(r"#\s*ringwork:\s*(?P<words>ignore\b.*)")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment. file: relative to the project, with slashes. words: from `ignore` to the end of its line, as written.

    first, last: the lines of the handler that it stands on; 0 where it stands on none. begins, ends: the lines of the definition on whose
    head it stands, else of the statement on which or right above which it stands: what reading finds there is meant; 0 for none.
    """

    file: str
    line: int
    words: str
    first: int = 0
    last: int = 0
    begins: int = 0
    ends: int = 0

    def routes(self, routes: Sequence[RouteFacts]) -> list[str]:
        """The names of the routes whose handler it stands on."""
        return [route.name for route in routes if route.file == self.file and self.first <= route.line <= self.last]


def comments(root: Path) -> tuple[Comment, ...]:
    """All such comments in the Python files below `root`; a file that Python cannot read holds none."""
    found = list[Comment]()
    for path in copies.walk(root):
        text = copies.text_of(path) if path.suffix == ".py" else ""
        if _MARK.search(text):  # few files have one; the others are not parsed
            found += _of_file(text, path.relative_to(root).as_posix())
    return tuple(found)


def _of_file(text: str, file: str) -> Iterator[Comment]:
    try:
        tree = ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    definitions = [node for node in statements if isinstance(node, Definition)]
    # By tokens, against a text whose own lines are others (U+2028 ends one, and no line of Python): the comment would move down.
    alone = {token.start[0] for token in tokens if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#")}
    for token in tokens:
        mark = _MARK.match(token.string) if token.type == tokenize.COMMENT else None
        if mark is not None:
            line = token.start[0]
            first, last = _span(line, alone, definitions)
            begins, ends = _meant(line, alone, statements) if not first else _whole(first, definitions)
            yield Comment(file=file, line=line, words=mark["words"].strip(), first=first, last=last, begins=begins, ends=ends)


def _top(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _span(line: int, alone: set[int], definitions: Sequence[Definition]) -> tuple[int, int]:
    """The lines of the definition on whose head, or in the comments right above it, a line stands; (0, 0) for none."""
    for node in definitions:
        top, head = _top(node), max(_top(node.body[0]) - 1, node.lineno)
        while head in alone:  # a comment inside the body, or above what is defined there, is not on the head
            head -= 1
        above = top
        while above - 1 in alone:
            above -= 1
        if above <= line <= head:
            # A class answers for all its methods; a function not for the functions inside it.
            return top, (node.end_lineno or head) if isinstance(node, ast.ClassDef) else head
    return 0, 0


def _whole(top: int, definitions: Sequence[Definition]) -> tuple[int, int]:
    """The lines of the definition that begins there."""
    return next((top, node.end_lineno or node.lineno) for node in definitions if _top(node) == top)


def _meant(line: int, alone: set[int], statements: Sequence[ast.stmt]) -> tuple[int, int]:
    """The lines of the simple statement, or the head of a compound one, on or right above which a comment stands; (0, 0) for none."""
    below = line
    while below in alone:
        below += 1
    spans = sorted(((node.lineno, _end(node)) for node in statements), key=lambda span: span[1] - span[0])
    return next(((begins, ends) for begins, ends in spans if begins <= below <= ends), (0, 0))


def _end(node: ast.stmt) -> int:
    """The last line of a statement, of its head where others stand in it: a waiver of a condition covers nothing that it leads to."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    inner = body[0] if isinstance(body, list) and body else None
    if inner is None:
        return node.end_lineno or node.lineno
    begins = _top(inner) if isinstance(inner, ast.stmt) else inner.pattern.lineno
    return max(begins - 1, node.lineno)
