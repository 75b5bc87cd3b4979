"""`frozen.filled` asks no `__post_init__`, so what one would refuse must never be made that way."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest

from ringwork.frozen import Frozen
from tests.house import graph

FILLED = "filled"


class Plain(Frozen):
    """A kind that takes its values as they come."""

    value: int


class Checking(Plain):
    """A kind that refuses some."""

    def __post_init__(self) -> None:
        """Refuse what is below zero."""
        if self.value < 0:
            raise ValueError("value is below zero")


def fillings(tree: ast.Module) -> Iterator[ast.expr]:
    """What is handed to `filled` as the kind, by whatever name the module knows it."""
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {one.asname or one.name for node in froms if node.module == "ringwork.frozen" for one in node.names if one.name == FILLED}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        is_named = isinstance(node.func, ast.Name) and node.func.id in names
        is_reached = isinstance(node.func, ast.Attribute) and node.func.attr == FILLED and ast.unparse(node.func.value).endswith("frozen")
        if is_named or is_reached:
            yield node.args[0]


def skipped(kind: type[Frozen]) -> bool:
    """Whether a kind has something to say about its values that nobody would ask."""
    return kind.__post_init__ is not Frozen.__post_init__


CALLS = [
    (module.name, kind) for module in graph.modules().values() for kind in fillings(ast.parse(module.path.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("module", "kind"), CALLS, ids=[f"{module}-{ast.unparse(kind)}" for module, kind in CALLS])
def test_no_kind_that_checks_its_values_is_filled(module: str, kind: ast.expr) -> None:
    """Against a check that every other way of making the record asks, and the fast one leaves out without a word."""
    assert isinstance(kind, ast.Name), f"{module} hands {ast.unparse(kind)} to filled(); name the class, so that it can be looked at"
    assert not skipped(getattr(importlib.import_module(module), kind.id)), f"{module}: {kind.id}.__post_init__ would be skipped"


def test_a_kind_that_checks_its_values_would_be_seen() -> None:
    """The look itself finds both ways of calling, and both kinds of class."""
    imported = "from ringwork.frozen import filled as made\nfrom ringwork import frozen\n"
    text = f"{imported}made(A, 1)\nfrozen.filled(B, 2)\nother.filled(C)\nfilled(D)\n"
    assert [ast.unparse(kind) for kind in fillings(ast.parse(text))] == ["A", "B"]
    assert skipped(Checking)
    assert not skipped(Plain)
    assert CALLS
