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

    first, last: the lines of the handler that it stands on; 0 where it stands on none.
    """

    file: str
    line: int
    words: str
    first: int = 0
    last: int = 0

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
    definitions = [node for node in ast.walk(tree) if isinstance(node, Definition)]
    # By tokens, against a text whose own lines are others (U+2028 ends one, and no line of Python): the comment would move down.
    alone = {token.start[0] for token in tokens if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#")}
    for token in tokens:
        mark = _MARK.match(token.string) if token.type == tokenize.COMMENT else None
        if mark is not None:
            first, last = _span(token.start[0], alone, definitions)
            yield Comment(file=file, line=token.start[0], words=mark["words"].strip(), first=first, last=last)


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
