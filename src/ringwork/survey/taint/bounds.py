"""Numbers of a request that a comparison is to refuse: nan is neither above nor below anything, so that it passes.

Against `if amount <= 0 or amount > balance: refuse()`, which float("nan") walks through: of a comparison that has to be true to refuse,
nothing is left. One that has to be true to go on refuses nan as well, and so does a whole number.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ringwork.survey.taint import ir
from ringwork.survey.taint.units import Defined
from ringwork.survey.taint.walk import names, walk

_ORDERS = frozenset({"<", "<=", ">", ">="})
_REFUSES = re.compile(
    r"abort|bad_?request|deny|denied|error|fail|forbid|invalid|refuse|reject|httpexception|httpresponsebadrequest", re.IGNORECASE
)
_FINITE = frozenset({"isfinite", "isnan", "is_nan", "is_finite"})


def is_passed(own: Defined | None, at: int) -> bool:
    """Whether the number that a call at this place makes is refused by a comparison that nan is never true of."""
    if own is None:
        return False
    name = next((_target(part) for part in walk(own.node.body) if isinstance(part, ir.Assign) and _is_made(part.value, at)), "")
    return refusal(own.node.body, lambda side: _is_made(side, at) or (isinstance(side, ir.Name) and side.id == name)) is not None


def refusal(body: ir.Block, is_number: Callable[[ir.Expression], bool]) -> ir.If | None:
    """The test of a body that is to refuse a number and that nan walks through; None where there is none, or nan is asked for."""
    if not _FINITE.isdisjoint(names(body)):
        return None
    tests = (part for part in walk(body) if isinstance(part, ir.If))
    return next((part for part in tests if _is_refusing(part.then) and _is_compared(part.test, is_number)), None)


def _target(made: ir.Assign) -> str:
    return made.targets[0].id if len(made.targets) == 1 and isinstance(made.targets[0], ir.Name) else ""


def _is_made(value: ir.Expression, at: int) -> bool:
    """Whether a value is the number itself, or one calculated from it; what a call makes of it may be anything."""
    if isinstance(value, ir.Binary):
        return _is_made(value.left, at) or _is_made(value.right, at)
    if isinstance(value, ir.Logic):
        return any(_is_made(part, at) for part in value.values)
    return isinstance(value, ir.Call) and value.at == at


def _is_compared(test: ir.Expression, is_number: Callable[[ir.Expression], bool]) -> bool:
    """Whether a test is true as soon as the number is above or below something, not only where more has to hold."""
    if isinstance(test, ir.Logic):
        return test.operator == "or" and all(_is_compared(part, is_number) or _is_missing(part, is_number) for part in test.values)
    if not isinstance(test, ir.Compare) or len(test.operators) != 1 or test.operators[0] not in _ORDERS:
        return False
    return is_number(test.left) or is_number(test.rights[0])


def _is_missing(test: ir.Expression, is_number: Callable[[ir.Expression], bool]) -> bool:
    """`not amount`, which nan is not."""
    return isinstance(test, ir.Unary) and test.operator == "not" and is_number(test.value)


def _is_refusing(block: ir.Block) -> bool:
    """Whether a block refuses: it raises, calls what says so by its name, or answers with a status of the client's faults."""
    for part in walk(block):
        if isinstance(part, ir.Raise):
            return True
        if isinstance(part, ir.Call) and _REFUSES.search(_last(part.function)):
            return True
        if isinstance(part, ir.Return) and any(_is_status(inner) for inner in walk(part)):
            return True
    return False


def _last(function: ir.Expression) -> str:
    return function.name if isinstance(function, ir.Attribute) else function.id if isinstance(function, ir.Name) else ""


def _is_status(part: object) -> bool:
    return isinstance(part, ir.Constant) and type(part.value) is int and 400 <= part.value < 500
