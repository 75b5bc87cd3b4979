"""Tokens that are issued for ever, or for so long that nobody remembers them.

Against a token that was copied once and opens the door for years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, is_rehearsal, last, text_of
from ringwork.survey.taint import ir

LIMIT_DAYS = 90.0
"""A constant above it is no matter of taste: access tokens live for minutes, and what lives longer is refreshed."""

_SETTINGS = re.compile(
    r"^(?:JWT_)?(?:ACCESS_)?TOKEN_(?:EXPIRES?|LIFETIME|TTL|MAX_AGE|EXPIRATION)(?:_DELTA)?(?:_(?P<unit>SECONDS|MINUTES|HOURS|DAYS))?$"
)
_NEVER = frozenset({"JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES"})
"""Settings of Flask-JWT-Extended, whose value False means that its tokens never expire."""
_ISSUES = frozenset({"create_access_token", "create_refresh_token"})
_DAYS = {"weeks": 7.0, "days": 1.0, "hours": 1 / 24, "minutes": 1 / 1440, "seconds": 1 / 86400}
_UNITS = {"SECONDS": 1 / 86400, "MINUTES": 1 / 1440, "HOURS": 1 / 24, "DAYS": 1.0}


def look(seen: Seen) -> Iterator[Flow]:
    """Tokens of one module that last."""
    if is_rehearsal(seen.unit.file):
        return
    for statement, scope in seen.of(ir.Assign):
        target = statement.targets[0]
        name = text_of(target.key) if isinstance(target, ir.Item) else last(target)
        yield from _set(seen, scope, name or "", statement.value, statement.at)
        if name == "exp":
            yield from _lasting(seen, scope, statement.value, statement.at)
    for mapping, scope in seen.of(ir.Mapping):
        for key, value in mapping.items:
            name = text_of(key) or ""
            yield from _set(seen, scope, name, value, mapping.at)
            if name == "exp":
                yield from _lasting(seen, scope, value, mapping.at)
    for call, scope in seen.of(ir.Call):
        given = next((value for name, value in call.keywords if name == "expires_delta"), None)
        if last(call.function) in _ISSUES and given is not None:
            yield from _never(seen, scope, "expires_delta", given, call.at)
            yield from _lasting(seen, scope, given, call.at)


def _set(seen: Seen, scope: Scope, name: str, value: ir.Expression, at: int) -> Iterator[Flow]:
    """A setting of how long tokens live."""
    if name in _NEVER:
        yield from _never(seen, scope, name, value, at)
    match = _SETTINGS.match(name)
    if match is None:
        return
    number = _number(value)
    if number is not None and match["unit"] and number * _UNITS[match["unit"]] > LIMIT_DAYS:
        yield _told(seen, scope, at, f"{name} lets tokens live {number * _UNITS[match['unit']]:.0f} days")
    yield from _lasting(seen, scope, value, at)


def _never(seen: Seen, scope: Scope, name: str, value: ir.Expression, at: int) -> Iterator[Flow]:
    if isinstance(value, ir.Constant) and value.value is False:
        yield _told(seen, scope, at, f"{name} is False, so that tokens never expire")


def _lasting(seen: Seen, scope: Scope, value: ir.Expression, at: int) -> Iterator[Flow]:
    """A span of time in the value that is a constant above the limit."""
    days = max((_span(call) for call in _spans(value)), default=0.0)
    if days > LIMIT_DAYS:
        yield _told(seen, scope, at, f"A token lives {days:.0f} days")


def _spans(value: ir.Expression) -> Iterator[ir.Call]:
    """The calls of timedelta that an end is made of: `now() + timedelta(days=1)`."""
    waiting: list[ir.Expression] = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, ir.Binary):
            waiting += [here.left, here.right]
        elif isinstance(here, ir.Call):
            if last(here.function) == "timedelta":
                yield here
            elif isinstance(here.function, ir.Attribute):  # (now() + timedelta(days=1)).timestamp()
                waiting.append(here.function.of)
            waiting += here.arguments


def _span(call: ir.Call) -> float:
    named = sum(_DAYS.get(name, 0.0) * (_number(value) or 0.0) for name, value in call.keywords)
    return named + (_number(call.arguments[0]) or 0.0 if call.arguments else 0.0)


def _number(value: ir.Expression) -> float | None:
    """A number that is written, or put together of such by multiplication: 60 * 24 * 8."""
    if isinstance(value, ir.Constant) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return float(value.value)
    if isinstance(value, ir.Binary) and value.operator == "*":
        left, right = _number(value.left), _number(value.right)
        return left * right if left is not None and right is not None else None
    return None


def _told(seen: Seen, scope: Scope, at: int, what: str) -> Flow:
    detail = f"{what}; give access tokens minutes, and let what lives longer be refreshed."
    return seen.flow(
        "jwt-no-expiry", at, strength=STRONG, sink="lifetime of a token", detail=detail, scope=scope, said="a token that lasts"
    )
