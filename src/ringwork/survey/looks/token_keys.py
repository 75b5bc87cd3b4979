"""Keys that a token brings itself: `jwk` and `x5c` are a key, `jku` and `x5u` an address of one, in a header that nobody verified yet.

And tokens that are taken apart by hand, and believed without a signature.

Against a token that is signed by whoever made it up, and names its own key: RFC 8725, 3.10; RFC 7515, 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, argument, calls, last, mentions, naming, taken
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_LIBRARIES = ("jwt", "jose", "authlib", "joserfc", "jwcrypto", "python_jwt")
_READERS = re.compile(r"(?:^|\.)(?:jwt|jws|jwe|api_jwt|api_jws)\.(?:decode|decode_complete|verify|verify_compact|deserialize_compact)$")
_UNVERIFIED = frozenset({"get_unverified_header", "get_unverified_headers"})
_HEADER = re.compile(r"^(?:\w+_)?headers?$")
_BRINGS = frozenset({"jwk", "jku", "x5u", "x5c"})
_READ = frozenset({"get", "pop"})
_OPENS = frozenset({"b64decode", "urlsafe_b64decode", "base64url_decode"})
_VERIFIES = re.compile(r"verif|hmac|compare_digest|signature|^sign$|unsign|jwk|public_key", re.IGNORECASE)
_LOOKS_ON = re.compile(r"unverified|peek|expir|inspect|header", re.IGNORECASE)
"""Functions that say themselves that nobody believes what they give."""
_ROUNDS = 4


def look(seen: Seen) -> Iterator[Flow]:
    """Where one module verifies by such a key, and where a function that chooses keys for a library gives one."""
    yield from _by_hand(seen)
    if not seen.imports(*_LIBRARIES):
        return
    for function, scope in seen.of(ir.Function):
        qualname = f"{scope.qualname}.{function.name}" if scope.qualname else function.name
        inside = Scope(qualname, function, scope.owner)
        brought = _brought(function)
        if brought is None:
            continue
        for part in walk(function.body):
            if isinstance(part, ir.Call) and _READERS.search(seen.name(part.function)):
                key = argument(part, "key", 1)
                if key is not None and _is_brought(key, brought):
                    yield _told(seen, inside, part.at, key, brought)
            elif isinstance(part, ir.Return) and part.value is not None and _is_chooser(function) and _is_brought(part.value, brought):
                yield _told(seen, inside, part.at, part.value, brought)


def _by_hand(seen: Seen) -> Iterator[Flow]:
    """A token that is taken apart at its dots and believed, in a module that verifies no signature anywhere."""
    opened = naming(seen, _OPENS.__contains__) & naming(seen, {"split", "rsplit", "partition"}.__contains__) & naming(seen, "loads".__eq__)
    if not opened or any(_VERIFIES.search(name) for name in seen.functions()):
        return
    for function, outer in seen.of(ir.Function):
        if id(function) not in opened or _LOOKS_ON.search(function.name):
            continue
        at = next((call.at for call in calls(function.body) if _splits(call)), None)
        if at is not None and any(last(call.function) == "loads" and _decodes(function, call) for call in calls(function.body)):
            scope = Scope(f"{outer.qualname}.{function.name}" if outer.qualname else function.name, function, outer.owner)
            detail = "The token is taken apart and believed, and nothing here verifies its signature, so anybody may write one."
            yield seen.flow("jwt-unverified", at, strength=STRONG, sink="split", detail=detail, scope=scope, said="a token taken apart")


def _splits(call: ir.Call) -> bool:
    given = call.arguments[0] if call.arguments else None
    return last(call.function) in {"split", "rsplit", "partition"} and isinstance(given, ir.Constant) and given.value == "."


def _decodes(function: ir.Function, call: ir.Call) -> bool:
    """Whether what is parsed was decoded here, in the call itself or before it."""
    decoded = {name for name, value in _assigned(function) if mentions(value, _OPENS)}
    return mentions(call.arguments, _OPENS | decoded)


def _told(seen: Seen, scope: Scope, at: int, key: ir.Expression, brought: _Brought) -> Flow:
    which = next((name for part in walk(key) if (name := _named(part, brought))), "jwk")
    detail = f"The token is verified by the key that its own header brings ({which}); take keys from a set of your own, by kid."
    return seen.flow(
        "jwt-unverified", at, strength=STRONG, sink=which, detail=detail, scope=scope, said=f"verified by the token's own {which}"
    )


@dataclass(frozen=True, slots=True)
class _Brought:
    """headers: variables that hold a header which nobody verified. keys: those that hold such a key, and what of the header it is."""

    headers: frozenset[str]
    keys: Mapping[str, str]


def _brought(function: ir.Function) -> _Brought | None:
    """What the variables of a function hold of such keys; None where it takes none out of a header."""
    headers = {one.name for one in function.parameters if _HEADER.match(one.name)}
    found: dict[str, str] = {}
    for _ in range(_ROUNDS):
        before = len(found) + len(headers)
        for name, value in _assigned(function):
            which = _which(value, headers)
            if not which and (mentions(value, _UNVERIFIED) or _is_read_header(name, value)):
                headers.add(name)
            elif name not in headers:
                which = which or next((kind for one, kind in found.items() if mentions(value, {one})), "")
                found.update({name: found.get(name) or which} if which else {})
        if before == len(found) + len(headers):
            break
    if not _which(function.body, headers):
        return None
    return _Brought(frozenset(headers), {name: which for name, which in found.items() if not _is_held(function, name)})


def _assigned(function: ir.Function) -> Iterator[tuple[str, ir.Expression]]:
    for part in walk(function.body):
        if isinstance(part, ir.Assign):
            yield from ((target.id, part.value) for target in part.targets if isinstance(target, ir.Name))


def _is_read_header(name: str, value: ir.Expression) -> bool:
    """A header that was taken apart by hand, or that a library gives before it verifies anything."""
    if not _HEADER.match(name):
        return False
    return any(last(call.function) in {"loads", "headers", "b64decode", "urlsafe_b64decode", "base64url_decode"} for call in calls(value))


def _which(node: object, headers: AbstractSet[str]) -> str:
    """Which of them is taken out of a header somewhere inside: header["jwk"], header.get("jku"); "" for none."""
    for part in walk(node):
        which, of = taken(part, _READ)
        is_header = of is not None and (mentions(of, _UNVERIFIED) or (isinstance(of, ir.Name) and of.id in headers))
        if which in _BRINGS and is_header:
            return which
    return ""


def _is_held(function: ir.Function, name: str) -> bool:
    """Whether what was brought is held to what is allowed: compared with something, or looked for in it."""
    sides = (side for part in walk(function.body) if isinstance(part, ir.Compare) for side in _sides(part))
    return any(mentions(side, {name}) for side in sides)


def _sides(test: ir.Compare) -> tuple[ir.Expression, ...]:
    """What a comparison holds to something: a test for None asks only whether it is there, and `"jwk" in header` whether it has one."""
    every = (test.left, *test.rights)
    if any(isinstance(side, ir.Constant) and (side.value is None or side.value in _BRINGS) for side in every):
        return ()
    return every


def _named(part: object, brought: _Brought) -> str:
    which, _ = taken(part, _READ)
    if which in _BRINGS:
        return which
    return brought.keys.get(part.id, "") if isinstance(part, ir.Name) else ""


def _is_brought(key: ir.Expression, brought: _Brought) -> bool:
    return bool(_which(key, brought.headers)) or mentions(key, brought.keys)


def _is_chooser(function: ir.Function) -> bool:
    """Whether it is a function that libraries ask for the key of a header."""
    return "key" in function.name.lower() and any(_HEADER.match(one.name) or one.name == "obj" for one in function.parameters)
