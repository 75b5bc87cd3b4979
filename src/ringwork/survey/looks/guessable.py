"""Tokens that are made of what anybody can guess: the time, an address, a counter, the id of an object.

Against a link to reset a password that is the second in which it was asked for. What the module random gives is followed by the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, last, words
from ringwork.survey.taint import ir

_TOKENS = frozenset({"token", "secret", "otp", "apikey", "password", "passwd", "csrf", "captcha", "nonce"})
_KEYS = frozenset({
    "api", "session", "reset", "auth", "access", "activation", "invite", "invitation", "verification", "confirmation", "recovery",
    "secret",
})  # fmt: skip
_LAST = frozenset({"key", "id", "code"})
_ABOUT = frozenset({
    "at", "expiry", "expires", "expiration", "exp", "time", "timeout", "created", "age", "type", "date", "count", "ttl", "name", "until",
    "iat", "data", "payload", "user", "updated",
})  # fmt: skip
_PLAIN = frozenset({
    "str", "int", "float", "repr", "encode", "hexdigest", "digest", "md5", "sha1", "sha256", "sha512", "format", "b64encode", "decode",
    "hex", "timestamp", "isoformat", "round", "uuid1", "getnode", "urlsafe_b64encode", "hash",
})  # fmt: skip
_OF_TEXT = frozenset({"encode", "decode", "format"})
_TIMES = frozenset({
    "time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "datetime.datetime.now", "datetime.datetime.utcnow", "os.getpid",
})  # fmt: skip


def look(seen: Seen) -> Iterator[Flow]:
    """Tokens of one module whose value is made of a time, of uuid1, or of what Python says of an object."""
    for statement, scope in seen.of(ir.Assign):
        for target in statement.targets:
            yield from _made(seen, scope, statement.at, last(target), statement.value)
    for call, scope in seen.of(ir.Call):
        for name, value in call.keywords:
            yield from _made(seen, scope, value.at, name, value)
    for returned, scope in seen.of(ir.Return):
        if returned.value is not None and scope.function is not None:
            yield from _made(seen, scope, returned.at, scope.function.name, returned.value)


def _is_token(name: str) -> bool:
    parts = words(name)
    ordered = name.lower().rstrip("_").rsplit("_", 1)[-1]
    if parts & _ABOUT or not parts:
        return False
    return bool(parts & _TOKENS) or (ordered in _LAST and bool(parts & _KEYS))


def _made(seen: Seen, scope: Scope, at: int, name: str, value: ir.Expression) -> Iterator[Flow]:
    if not _is_token(name):
        return
    source = _source(seen, value)
    if not source or not (source.startswith("uuid.") or _is_all(seen, value)):
        return  # a time beside something else, as in a token that says when it ends
    detail = f"{name} is made of {source}, which others know or can try through; secrets.token_urlsafe makes one that nobody can."
    yield seen.flow("weak-random", at, strength=STRONG, sink=source, detail=detail, scope=scope, said=f"{name} made of {source}")


def _source(seen: Seen, value: ir.Expression) -> str:
    for call in calls(value):
        name = seen.name(call.function)
        if name in {"uuid.uuid1", "uuid.getnode"} or name in _TIMES:
            return name
    return ""


def _is_all(seen: Seen, value: ir.Expression) -> bool:
    """Whether nothing else is in it: no call of which one does not know what it adds."""
    return all(_adds_nothing(seen, call) or seen.name(call.function) in _TIMES for call in calls(value))


def _adds_nothing(seen: Seen, call: ir.Call) -> bool:
    """Whether a call only writes otherwise what it was given: `str.encode` does, and `jwt.encode` signs it."""
    written = last(call.function)
    return written in _PLAIN and not (written in _OF_TEXT and seen.project.resolve(seen.unit, call.function))
