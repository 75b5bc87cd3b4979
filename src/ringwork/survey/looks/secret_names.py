"""Secrets in Python code that are known by the name they are given to: settings, defaults, arguments, comparisons.

Against the key that signs everybody's session and stands in a public repository, and against the default that nobody replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks import liveness
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, argument, is_rehearsal, last, text_of
from ringwork.survey.taint import ir

_READERS = frozenset({"get", "getenv", "config", "env", "str", "getenv_or", "get_env", "env_var", "environ", "setdefault"})
_CONNECTS = re.compile(r"connect|pool|client|engine|login|auth|redis|mongo|session|smtp|ftp|ssh", re.IGNORECASE)
_NAMES_SOMEBODY = re.compile(r"auth|login", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?:^|[\s;])(?:password|pwd)\s*=\s*'?([^\s;'{}%]+)", re.IGNORECASE)
"""A password among the words and values with which a database is asked for a connection."""
_PLACES: Mapping[str, int] = MappingProxyType(
    {
        "pymysql.connect": 2,
        "MySQLdb.connect": 2,
        "login": 1,
        "BasicAuth": 1,
        "HTTPBasicAuth": 1,
        "HTTPDigestAuth": 1,
        "DigestAuth": 1,
    }
)
"""Where those take a password that is given without its name: functions by their dotted or their last name."""
_REHEARSALS = re.compile(r"Dev|Test|Local|Debug|Mock|Example")


class _Given(NamedTuple):
    """A value that a name is given. how: assigned, argument, item, default or compared."""

    at: int
    name: str
    value: ir.Expression
    how: str
    scope: Scope
    call: str = ""


def look(seen: Seen) -> Iterator[Flow]:
    """Literal secrets of one module, and literal defaults of secrets that come from the environment."""
    told = set[int]()
    for given in _given(seen):
        if not liveness.is_holder(given.name):
            continue
        line = ir.line_of(given.at)
        flow = _judged(seen, given)
        if flow is not None and line not in told:
            told.add(line)
            yield flow


def _given(seen: Seen) -> Iterator[_Given]:
    for statement, scope in seen.of(ir.Assign):
        for target in statement.targets:
            yield _Given(statement.at, last(target), statement.value, "assigned", scope)
    for declared, scope in seen.of(ir.Declare):
        if declared.value is not None:
            yield _Given(declared.at, last(declared.target), declared.value, "assigned", scope)
    for call, scope in seen.of(ir.Call):
        for name, value in call.keywords:
            yield _Given(value.at, name, value, "argument", scope, last(call.function))
        if (place := _PLACES.get(seen.name(call.function), _PLACES.get(last(call.function), 0))) and len(call.arguments) > place:
            yield _Given(call.arguments[place].at, "password", call.arguments[place], "argument", scope, last(call.function))
        for pair in (value for name, value in call.keywords if name == "auth"):
            if isinstance(pair, ir.Sequence) and len(pair.items) == 2:
                yield _Given(pair.at, "password", pair.items[1], "argument", scope, "auth")
        if last(call.function) == "setattr" and len(call.arguments) == 3:
            yield _Given(call.at, text_of(call.arguments[1]) or "", call.arguments[2], "assigned", scope)
        for text in (text_of(one) for one in call.arguments):
            if text is not None and (held := _IN_TEXT.search(text)):
                yield _Given(call.at, "password", ir.Constant(call.at, held[1]), "argument", scope, last(call.function))
        if call.arguments and (asked := text_of(call.arguments[0])) and last(call.function) in _READERS:
            yield _Given(call.at, asked, call, "assigned", scope)
    for mapping, scope in seen.of(ir.Mapping):
        for key, value in mapping.items:
            if key is not None and (item := text_of(key)):
                yield _Given(value.at, item, value, "item", scope, "connect" if _is_connection(mapping) else "")
    for parameter, scope in seen.of(ir.Parameter):
        if parameter.default is not None:
            yield _Given(parameter.at, parameter.name, parameter.default, "default", scope)
    for compare, scope in seen.of(ir.Compare):
        if compare.operators in {("==",), ("!=",)}:
            yield _Given(compare.at, last(compare.left), compare.rights[0], "compared", scope)
            yield _Given(compare.at, last(compare.rights[0]), compare.left, "compared", scope)


def _is_connection(mapping: ir.Mapping) -> bool:
    """Whether a mapping says how a server is reached, as DATABASES of Django does: what stands there as its password is one."""
    keys = {(text_of(key) or "").lower() for key, _ in mapping.items if key is not None}
    return bool(keys & {"engine", "host", "dsn"}) and bool(keys & {"user", "username"})


def _judged(seen: Seen, given: _Given) -> Flow | None:
    value = _literal(given.value)
    if value is not None:
        return _written(seen, given, value)
    fallback = _fallback(given.value)
    return _default(seen, given, fallback) if fallback is not None else None


def _literal(expression: ir.Expression) -> str | None:
    if isinstance(expression, ir.Constant) and isinstance(expression.value, bytes):
        return expression.value.decode("latin-1")
    if isinstance(expression, ir.Call) and isinstance(expression.function, ir.Attribute) and expression.function.name == "encode":
        return text_of(expression.function.of)
    if isinstance(expression, ir.Call) and last(expression.function) in {"SecretStr", "SecretBytes", "Secret"} and expression.arguments:
        return _literal(expression.arguments[0])
    return text_of(expression)


def _fallback(expression: ir.Expression) -> str | None:
    """The literal that serves where the environment has none."""
    if isinstance(expression, ir.Logic) and expression.operator == "or":
        return text_of(expression.values[-1])
    if isinstance(expression, ir.Call) and last(expression.function) in _READERS:
        default = argument(expression, "fallback") or argument(expression, "default", None if _names_a_section(expression) else 1)
        return _literal(default) if default is not None else None
    return None


def _names_a_section(call: ir.Call) -> bool:
    """Whether a mapping is asked for a section and what stands in it, `config.get("site", "secret")`, so that the second is no default."""
    if not isinstance(call.function, ir.Attribute) or call.function.name != "get" or "env" in last(call.function.of).lower():
        return False
    asked = [text_of(each) or "" for each in call.arguments[:2]]
    return len(asked) == 2 and not liveness.is_holder(asked[0]) and liveness.is_holder(asked[1])


def _written(seen: Seen, given: _Given, value: str) -> Flow | None:
    if not value:
        return _empty(seen, given)
    if liveness.is_signing(given.name) and given.how in {"assigned", "argument", "item"}:
        if _is_reference(given, value):
            return None
        is_known = liveness.says_nothing(value) or not liveness.is_random(value)
        kind = "default-secret" if is_known else "secret"
        what = "a known sample" if value.startswith("django-insecure-") else "written into the code"
        return _flow(seen, given, kind, _weight(seen, given), f"The key {given.name}, of {len(value)} characters, is {what}.")
    if liveness.is_random(value):
        return _flow(seen, given, "secret", _weight(seen, given), f"{given.name}, of {len(value)} characters, is written into the code.")
    if given.how == "default" and liveness.is_password(given.name) and len(value) >= 6 and not liveness.says_nothing(value):
        return _flow(
            seen,
            given,
            "secret",
            _weight(seen, given),
            f"Where nobody gives {given.name}, {len(value)} characters serve that everybody can read.",
        )
    if liveness.is_password(given.name) and _is_used(given, value):
        return _flow(seen, given, "secret", _weight(seen, given), f"A password of {len(value)} characters is written into the code.")
    return None


def _empty(seen: Seen, given: _Given) -> Flow | None:
    """A connection with an empty password lets in whoever reaches the server."""
    # A key of an API is given as the name, with no password beside it; and a test logs in without one.
    is_server = _CONNECTS.search(given.call) and not _NAMES_SOMEBODY.search(given.call)
    if given.how != "argument" or not liveness.is_password(given.name) or not is_server:
        return None
    return _flow(seen, given, "secret", _weight(seen, given), f"{given.name} is empty: whoever reaches the server is let in as this user.")


def _is_reference(given: _Given, value: str) -> bool:
    """Whether it is the name of a setting, not its value: `alias="SECRET_KEY"`."""
    return given.name.lower() == value.lower() or (value.isupper() and "_" in value and not any(c.isdigit() for c in value))


def _is_used(given: _Given, value: str) -> bool:
    if given.how == "compared":
        return liveness.is_guessable(value)
    if given.how == "argument" or given.call:
        return bool(_CONNECTS.search(given.call)) and (liveness.is_guessable(value) or (value.isalnum() and len(value) >= 3))
    return given.how in {"assigned", "item"} and liveness.is_guessable(value)


def _default(seen: Seen, given: _Given, value: str) -> Flow | None:
    if not value or given.how == "compared":
        return None
    if liveness.is_signing(given.name) or (liveness.is_random(value) and given.how != "default"):
        detail = f"Where the environment does not give {given.name}, a literal of {len(value)} characters serves, which everybody can read."
        return _flow(seen, given, "default-secret", _weight(seen, given), detail)
    if (
        liveness.is_password(given.name)
        and given.how in {"assigned", "argument", "item"}
        and len(value) >= 6
        and not liveness.says_nothing(value)
    ):
        return _flow(
            seen, given, "default-secret", WEAK, f"Where the environment does not give {given.name}, {len(value)} characters serve for all."
        )
    return None


def _weight(seen: Seen, given: _Given) -> Strength:
    """Settings of a developer's machine, and what runs where the file is started by itself, open nothing that matters."""
    owner = given.scope.owner
    if is_rehearsal(seen.unit.file) or (owner is not None and _REHEARSALS.search(owner.name)):
        return WEAK
    return STRONG


def _flow(seen: Seen, given: _Given, kind: str, strength: Strength, detail: str) -> Flow:
    return seen.flow(
        kind, given.at, strength=strength, sink=f"secret: {given.name}", detail=detail, scope=given.scope, said=f"given to {given.name}"
    )
