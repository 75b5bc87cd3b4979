"""Who is asking, taken from a cookie that nobody signed: whoever sends it writes another's name into it.

Against `user_id=1` in the developer's tools of a browser. A session's number that is looked up says nothing to anybody, and a cookie that
is opened by a serializer, or with a key, is no such claim. Sources: CWE-565, CWE-784.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, argument, calls, last, naming, taken, text_of, words, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_HOLDERS = frozenset({"cookies", "COOKIES", "Cookie"})
_WHO = re.compile(
    r"(?:(?:current|logged_?in|auth|authenticated)_?)?(?:user|username|user_?name|user_?id|uid|(?:account|member|customer)_?id)",
    re.IGNORECASE,
)
_LOOKS_UP = re.compile(r"^(?:a?get|find|load(?!s)|fetch|filter|query|select|execute|one$|one_or|scalar|first|by_|user_)", re.IGNORECASE)
_NO_TABLES = frozenset({"request", "req", "cookies", "COOKIES", "cache", "redis", "config", "settings", "os", "translations"})
_TURNS = frozenset({"int", "str", "UUID", "ObjectId", "strip", "unquote", "lower"})
_PROVES = frozenset({"token", "secret", "signature", "sig", "hash", "key", "session", "sid", "nonce", "password", "passwd", "mac"})
_KEEPERS = frozenset({"g", "state"})
_READ = frozenset({"get", "pop"})


@dataclass(frozen=True, slots=True, eq=False)
class _Claims:
    """One function. names: variables that hold such a cookie. said: what it is called."""

    names: frozenset[str]
    said: str


def look(seen: Seen) -> Iterator[Flow]:
    """The first place in each function of one module where such a cookie decides who is asking."""
    named = naming(seen, _HOLDERS.__contains__)
    for function, outer in seen.of(ir.Function) if named else ():
        if id(function) not in named and not any(_by_parameter(one) for one in function.parameters):
            continue
        claims = _claims(function)
        at = next(_decides(function, claims), None) if claims.said else None
        if at is not None:
            scope = Scope(f"{outer.qualname}.{function.name}" if outer.qualname else function.name, function, outer.owner)
            detail = f"Who is asking is read from the cookie {claims.said}, which nobody signed: whoever sends it writes another's there."
            said = "a cookie taken for an identity"
            yield seen.flow("address-identity", at, strength=STRONG, sink=f"cookie {claims.said}", detail=detail, scope=scope, said=said)


def _claims(function: ir.Function) -> _Claims:
    found = {one.name: said for one in function.parameters if (said := _by_parameter(one))}
    for part in walk(function.body):
        if isinstance(part, ir.Assign | ir.Walrus):
            targets = [part.name] if isinstance(part, ir.Walrus) else [one.id for one in part.targets if isinstance(one, ir.Name)]
            said = _said(part.value) or (found.get(inner.id, "") if isinstance(inner := _bare(part.value), ir.Name) else "")
            found.update(dict.fromkeys(targets, said) if said else {})
    direct = next((said for part in walk(function.body) if (said := _said(part))), "")
    return _Claims(frozenset(found), next(iter(found.values()), direct))


def _by_parameter(parameter: ir.Parameter) -> str:
    """`user_id: str = Cookie()`, `uid: Annotated[str, Cookie(alias="uid")]`."""
    for call in calls((parameter.default, parameter.annotation)):
        if last(call.function) == "Cookie":
            name = text_of(argument(call, "alias")) or parameter.name
            return name if _WHO.fullmatch(name.replace("-", "_")) else ""
    return ""


def _said(part: object) -> str:
    """The name of the cookie that is read, as it is or as a number: `request.cookies["user"]`, `int(request.COOKIES.get("uid"))`."""
    key, of = taken(_bare(part), _READ)
    if not key or of is None or last(of) not in _HOLDERS or "request" not in written(of).lower().replace("req.", "request."):
        return ""
    return key if _WHO.fullmatch(key.replace("-", "_")) else ""


def _bare(part: object) -> object:
    while isinstance(part, ir.Call) and last(part.function) in _TURNS:
        inner = part.arguments[0] if part.arguments else part.function.of if isinstance(part.function, ir.Attribute) else None
        if inner is None:
            break
        part = inner
    return part


def _is_claim(part: object, claims: _Claims) -> bool:
    bare = _bare(part)
    return (isinstance(bare, ir.Name) and bare.id in claims.names) or bool(_said(bare))


def _decides(function: ir.Function, claims: _Claims) -> Iterator[int]:
    for part in walk(function.body):
        if isinstance(part, ir.Call) and _is_lookup(part) and any(_is_claim(one, claims) for one in _given(part)):
            if not any(words(last(one)) & _PROVES for one in _given(part) if not _is_claim(one, claims)):
                yield part.at
        elif isinstance(part, ir.Item) and _is_claim(part.key, claims) and written(part.of).split(".")[0] not in _NO_TABLES:
            yield part.at
        elif isinstance(part, ir.Assign) and _is_claim(part.value, claims):
            yield from (part.at for one in part.targets if isinstance(one, ir.Attribute) and last(one.of) in _KEEPERS)


def _is_lookup(call: ir.Call) -> bool:
    name, root = last(call.function), written(call.function).split(".")[0]
    if isinstance(call.function, ir.Attribute):
        name = call.function.name
    return bool(_LOOKS_UP.match(name)) and root not in _NO_TABLES


def _given(call: ir.Call) -> Iterator[ir.Expression]:
    """What a call is given, by itself, in a sequence or a mapping, or as what a column is compared with; under its keyword too."""
    for one in (*call.arguments, *(value for _, value in call.keywords)):
        yield one
        if isinstance(one, ir.Sequence):
            yield from one.items
        elif isinstance(one, ir.Mapping):
            yield from (value for _, value in one.items)
        elif isinstance(one, ir.Compare):
            yield from one.rights
