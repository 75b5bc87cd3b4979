"""Tokens that are made of what anybody can guess: the time, an address, a counter, the id of an object; and codes of which there are few.

Against a link to reset a password that is the second in which it was asked for. What the module random gives is followed by the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, last, words
from ringwork.survey.taint import folding, ir
from ringwork.survey.taint.walk import names

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


_HASHES = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256", "sha3_512"})
_PUBLIC = frozenset({
    "user", "users", "account", "member", "customer", "client", "id", "pk", "uid", "email", "mail", "address", "username", "login", "name",
    "first", "last", "phone", "self", "cls", "request", "current", "obj", "instance", "row", "profile", "person", "str", "time",
    "timestamp",
    "datetime", "now", "utcnow", "today", "isoformat", "lower", "upper", "strip", "encode", "decode", "format", "hexdigest", "digest",
    "hashlib", "repr", "int", "join", "date", "utc", "timezone", "invite", "order",
})  # fmt: skip
"""Words of what others know of somebody, and of how it is written down before it is hashed."""
_CODES = frozenset({"otp", "pin", "passcode", "totp"})
_CODES_FOR = frozenset({
    "reset", "auth", "verification", "verify", "confirm", "confirmation", "recovery", "login", "mfa", "2fa", "activation", "access",
    "security", "sms", "invite",
})  # fmt: skip
_FEW = 9 * 10**5
"""Fewer codes than these: not even about six digits, which NIST SP 800-63B (5.1.3.2) asks of a code that is used once."""
_ALPHABETS = {
    "string.digits": 10, "string.hexdigits": 16, "string.octdigits": 8, "string.ascii_lowercase": 26, "string.ascii_uppercase": 26,
    "string.ascii_letters": 52,
}  # fmt: skip


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
    if isinstance(value, ir.Name | ir.Constant):
        return  # what is made elsewhere
    yield from _few(seen, scope, at, name, value)
    if not _is_token(name):
        return
    if _is_hashed_public(seen, value):
        detail = f"{name} is a hash of what others know of somebody, so they make it too; secrets.token_urlsafe makes one that nobody can."
        yield seen.flow(
            "weak-random", at, strength=STRONG, sink="hashlib", detail=detail, scope=scope, said=f"{name} is a hash of what is known"
        )
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


def _is_hashed_public(seen: Seen, value: ir.Expression) -> bool:
    """Whether a value is a hash of nothing but what others know: an id, an address, the time."""
    hashed = [call for call in calls(value) if last(call.function) in _HASHES and seen.name(call.function).startswith("hashlib.")]
    given = [one for call in hashed for one in call.arguments]
    known = {word for name in names(tuple(given)) for word in words(name)}
    return (
        bool(known & {"id", "pk", "email", "mail", "username", "login", "phone", "uid", "name"})
        and known <= _PUBLIC
        and not any(last(call.function) not in _HASHES and not (words(last(call.function)) <= _PUBLIC) for call in calls(value))
    )


def _few(seen: Seen, scope: Scope, at: int, name: str, value: ir.Expression) -> Iterator[Flow]:
    """A code that opens something, of which there are so few that somebody tries them all."""
    parts = words(name)
    if parts & _ABOUT or not (parts & _CODES or ("code" in parts and parts & _CODES_FOR) or parts & {"token", "password"}):
        return
    count = next((many for call in calls(value) if (many := _space(seen, call))), 0)
    if not 1 < count < _FEW:
        return
    detail = f"{name} is one of {count}, which somebody tries through; take six digits or more, or secrets.token_urlsafe."
    yield seen.flow("weak-random", at, strength=STRONG, sink=last(value), detail=detail, scope=scope, said=f"{name} is one of {count}")


def _space(seen: Seen, call: ir.Call) -> int:
    """How many values a call gives out by chance that nobody can foresee; 0 where that is not known."""
    name, numbers = seen.name(call.function), [_number(seen, one) for one in call.arguments]
    if name == "secrets.randbelow" and numbers and numbers[0]:
        return numbers[0]
    if name.endswith("SystemRandom.randint") and len(numbers) == 2 and None not in numbers:
        return int(numbers[1] or 0) - int(numbers[0] or 0) + 1
    if last(call.function) == "join" and call.arguments and isinstance(call.arguments[0], ir.Comprehension):
        return _drawn(seen, call.arguments[0])
    return 0


def _drawn(seen: Seen, many: ir.Comprehension) -> int:
    """How many texts of that many characters there are: ''.join(secrets.choice(ALPHABET) for _ in range(4))."""
    drawn = next((call for call in calls(many) if seen.name(call.function) in {"secrets.choice", "random.SystemRandom.choice"}), None)
    spans = [call for call in calls(many) if seen.name(call.function) in {"range", "builtins.range"} and len(call.arguments) == 1]
    if drawn is None or len(spans) != 1 or not drawn.arguments:
        return 0
    length, alphabet = _number(seen, spans[0].arguments[0]), drawn.arguments[0]
    held = folding.constant(seen.project, seen.unit, alphabet)
    size = len(held) if isinstance(held, str) else _ALPHABETS.get(seen.name(alphabet), 0)
    return int(size**length) if length and size and length < _LONG else 0


_LONG = 20


def _number(seen: Seen, written: ir.Expression) -> int | None:
    held = folding.constant(seen.project, seen.unit, written)
    return held if type(held) is int else None
