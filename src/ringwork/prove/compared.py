"""Accounts of nobody's store: a name and a password with which one function of the source compares what it is given.

Against a proof that stays outside where the only user stands in the code. Each is believed only when the application itself lets it in.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from ringwork.survey.facts import AppFacts

_NAMED_USER, _NAMED_PASSWORD = re.compile(r"user|login|name|mail", re.IGNORECASE), re.compile(r"pass|pwd|secret", re.IGNORECASE)
_LARGEST, _MOST_FILES = 400_000, 300


def accounts(facts: AppFacts) -> Iterator[tuple[str, str]]:
    """Name and password of each function that compares with both."""
    for name in facts.sources[:_MOST_FILES]:
        place = Path(facts.root) / name
        with contextlib.suppress(OSError, ValueError, SyntaxError):
            if place.stat().st_size <= _LARGEST:
                tree = ast.parse(place.read_text(encoding="utf-8", errors="replace"))
                yield from (
                    pair for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for pair in _of(node)
                )


def _of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    pair = dict[str, str]()
    for node in ast.walk(function):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else _of_digest(node)
        constants = [one.value for one in sides if isinstance(one, ast.Constant) and isinstance(one.value, str | bytes)]
        other = " ".join(ast.unparse(one) for one in sides if not isinstance(one, ast.Constant))
        if len(sides) == 2 and len(constants) == 1 and constants[0]:
            value = constants[0].decode("utf-8", "replace") if isinstance(constants[0], bytes) else constants[0]
            field = "password" if _NAMED_PASSWORD.search(other) else "username" if _NAMED_USER.search(other) else ""
            if field:
                pair.setdefault(field, value)
    if len(pair) == 2:
        yield pair["username"], pair["password"]


def _of_digest(node: ast.AST) -> list[ast.expr]:
    """What is compared in constant time."""
    return node.args if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("compare_digest") else []
