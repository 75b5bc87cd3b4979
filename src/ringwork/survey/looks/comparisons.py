"""Secrets that are compared with == and startswith, which answer sooner the earlier two values differ.

Against guessing a signature or a token one byte after the other by the time of the refusal; and against passwords that are stored and
compared as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks import liveness
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, mentions, text_of, words, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_SECRET = frozenset({"token", "secret", "signature", "hmac", "mac", "apikey", "password", "passwd", "otp", "totp", "sig"})
_KEYS = frozenset({"api", "access", "auth", "secret", "private", "webhook", "shared", "internal", "service", "admin"})
_CONFIRMS = frozenset({
    "confirm", "confirmation", "confirmed", "repeat", "repeated", "again", "retype", "verify", "password2", "2", "old", "new", "current",
    "pass2", "re",
})  # fmt: skip
_ABOUT = frozenset({
    "type", "types", "kind", "id", "ids", "name", "length", "len", "count", "status", "state", "class", "value", "position", "index",
    "url", "usage", "version", "address", "algorithm", "method", "methods", "hash", "expires", "expiry", "field", "text", "string",
    "contents", "content", "level", "endpoint", "issuer", "audience", "scope", "parameter", "parameters", "params", "symbol", "contract",
    "amount", "balance", "limit", "limits",
})  # fmt: skip
_MACS = frozenset({"signature", "sig", "mac", "hmac"})
_DIGESTS = frozenset({"hexdigest", "digest"})
_REQUEST = frozenset({
    "headers", "args", "form", "cookies", "GET", "POST", "META", "query_params", "query", "json", "get_json", "match_info", "view_args",
})  # fmt: skip
_FILLED = frozenset({"Header", "Query", "Cookie", "Form", "Body", "Security", "Depends"})
_WRITTEN = re.compile(r"[^\s<>{}()]{6,80}")
_TELLING = re.compile(r"\d|[!@#$%^&*+=]|secret|passw|key|token|admin|letmein", re.IGNORECASE)
"""What a secret has that somebody made up, and a word of the program has not."""
_PARSES = ("ast", "tokenize", "lex", "parser", "lark", "pygments", "sqlparse", "nltk", "spacy", "transformers", "tokenizer")


def look(seen: Seen) -> Iterator[Flow]:
    """Comparisons in variable time of one module, the first of each function.

    Strong is a signature that a request brings, for it can be guessed byte by byte; a token that is long enough cannot, in practice.
    """
    told = set[tuple[str, str]]()
    for at, left, right, scope in _all(seen):
        for flow in _compared(seen, scope, at, left, right):
            if (scope.qualname, flow.kind) not in told:
                told.add((scope.qualname, flow.kind))
                yield flow
    yield from _shared(seen)


def _shared(seen: Seen) -> Iterator[Flow]:
    """A secret of a request that is held to a literal: whoever has the code has it too."""
    for compare, scope in seen.of(ir.Compare):
        if compare.operators in {("==",), ("!=",)}:
            yield from _literal(seen, scope, compare.at, compare.left, compare.rights[0])
    for call, scope in seen.of(ir.Call):
        if len(call.arguments) == 2 and last(call.function) in {"compare_digest", "constant_time_compare"}:
            yield from _literal(seen, scope, call.at, *call.arguments)


def _literal(seen: Seen, scope: Scope, at: int, left: ir.Expression, right: ir.Expression) -> Iterator[Flow]:
    for side, other in ((left, right), (right, left)):
        written_there = text_of(other) or ""
        if not _WRITTEN.fullmatch(written_there) or not _TELLING.search(written_there) or liveness.says_nothing(written_there):
            continue
        if _holds(side) in {"", "digest"} or not _from_request(scope, side) or _parses(seen, scope):
            continue
        strength = STRONG if seen.handler(scope) or _is_asked(scope, side) else WEAK
        detail = f"{_said(side)}, which a request brings, is held to {len(written_there)} characters that stand in the code."
        yield seen.flow("secret", at, strength=strength, sink=f"secret: {last(side)}", detail=detail, scope=scope, said="held to a literal")


def _is_asked(scope: Scope, side: ir.Expression) -> bool:
    """Whether it surely comes of a request: read from one, or a parameter that FastAPI fills."""
    if mentions(side, ("request",)) or not isinstance(side, ir.Name) or scope.function is None:
        return mentions(side, ("request",))
    if any(_brings(part, side.id) for part in walk(scope.function.body)):
        return True
    return any(one.name == side.id and mentions((one.default, one.annotation), _FILLED) for one in scope.function.parameters)


def _all(seen: Seen) -> Iterator[tuple[int, ir.Expression, ir.Expression, Scope]]:
    for compare, scope in seen.of(ir.Compare):
        if compare.operators in {("==",), ("!=",)}:
            yield compare.at, compare.left, compare.rights[0], scope
    for call, scope in seen.of(ir.Call):
        function = call.function
        if isinstance(function, ir.Attribute) and function.name == "startswith" and len(call.arguments) == 1:
            yield call.at, function.of, call.arguments[0], scope


def _compared(seen: Seen, scope: Scope, at: int, left: ir.Expression, right: ir.Expression) -> Iterator[Flow]:
    if _is_plain(left) or _is_plain(right) or scope.function is None or scope.function.name in {"__eq__", "__ne__", "__hash__", "__lt__"}:
        return
    one, other = _holds(left) or _made(scope, left), _holds(right) or _made(scope, right)
    if not (one or other) or _is_confirmation(left, right):
        return
    if _parses(seen, scope) or _is_column(left) or _is_column(right):
        return
    is_both = bool(one and other)
    if one == "digest" == other or (not is_both and "digest" in {one, other}):
        return  # two digests of content, or one of a name that gives no hint
    is_asked = _from_request(scope, left) or _from_request(scope, right)
    if not is_both and not is_asked:
        return
    if "password" in {one, other} and _is_stored(left, right):
        detail = f"{_said(left)} is compared with {_said(right)} as it is: it is stored in clear, or hashed by no password function."
        yield seen.flow(
            "password-hash", at, strength=STRONG if is_both else WEAK, sink="==", detail=detail, scope=scope, said="passwords compared"
        )
        return
    detail = (
        f"{_said(left)} and {_said(right)} are compared with ==, which takes longer the more of them is equal; use hmac.compare_digest."
    )
    strength = STRONG if is_both and is_asked and {one, other} & _MACS else WEAK
    yield seen.flow("variable-time", at, strength=strength, sink="==", detail=detail, scope=scope, said="compared with ==")


def _is_plain(expression: ir.Expression) -> bool:
    """Whether a side is a literal, a length or a kind, so that nothing secret is compared with it."""
    if isinstance(expression, ir.Constant | ir.Sequence | ir.Mapping):
        return True
    if isinstance(expression, ir.Unary | ir.Compare | ir.Logic):
        return True
    name = last(expression)
    if isinstance(expression, ir.Call):
        return name in {"len", "type", "int", "float", "bool", "id", "count", "ord", "sum", "hash"}
    if isinstance(expression, ir.Attribute | ir.Name) and name.isupper() and isinstance(expression, ir.Name | ir.Attribute):
        return not _holds(expression)
    return False


def _holds(expression: ir.Expression) -> str:
    """What a side is by its name: token, signature, password, digest ... or ""."""
    if isinstance(expression, ir.Call):
        name = last(expression.function)
        if name in _DIGESTS:
            is_keyed = any(
                last(part.function) in {"new", "HMAC"} and "hmac" in written(part.function).lower()
                for part in walk(expression)
                if isinstance(part, ir.Call)
            )
            return "mac" if is_keyed else "digest"
        if name in {"str", "bytes", "encode", "decode", "strip", "lower", "upper", "force_str", "force_bytes", "b64encode", "b64decode"}:
            inner = expression.arguments[0] if expression.arguments else getattr(expression.function, "of", None)
            return _holds(inner) if inner is not None else ""
    name = last(expression)
    parts = words(name)
    ordered = name.replace("-", "_").lower().rstrip("_").rsplit("_", 1)[-1]
    if ordered in _ABOUT or (name.isupper() and isinstance(expression, ir.Attribute) and len(name) < 4):
        return ""
    found = sorted(parts & _SECRET)
    if found:
        return "password" if found[0] in {"password", "passwd"} else found[0]
    return "key" if ordered == "key" and parts & _KEYS else ""


def _made(scope: Scope, expression: ir.Expression) -> str:
    """What a name holds by what its function gives it: a code of authenticity is one, whatever it is called."""
    if not isinstance(expression, ir.Name) or scope.function is None:
        return ""
    given = (
        part.value
        for part in walk(scope.function.body)
        if isinstance(part, ir.Assign) and any(isinstance(target, ir.Name) and target.id == expression.id for target in part.targets)
    )
    return "mac" if any(isinstance(value, ir.Call) and _holds(value) == "mac" for value in given) else ""


def _is_confirmation(left: ir.Expression, right: ir.Expression) -> bool:
    """Whether a person typed the same twice, or a value is compared with itself one moment before."""
    one, other = last(left).lower(), last(right).lower()
    if one == other and written(left).split(".")[0] == written(right).split(".")[0]:
        return True
    both = words(one) | words(other)
    return bool(both & _CONFIRMS) or (one.rstrip("0123456789_") == other.rstrip("0123456789_") and one != other)


def _is_column(expression: ir.Expression) -> bool:
    """Whether a side is a column of a table, so that the database compares: `User.token == token`, `cls.api_key == key`."""
    root = written(expression).split(".")[0]
    return isinstance(expression, ir.Attribute) and (
        root == "cls" or (root[:1].isupper() and not root.isupper()) or ".c." in written(expression)
    )


def _parses(seen: Seen, scope: Scope) -> bool:
    """Whether tokens are those of a language, and no secrets."""
    where = seen.unit.name.lower() + "." + scope.qualname.lower()
    return seen.imports(*_PARSES) or any(word in where for word in ("lexer", "parser", "tokeniz", "tokenis", "grammar"))


def _from_request(scope: Scope, expression: ir.Expression) -> bool:
    """Whether a side is an argument of the function, part of a request, or assigned from one."""
    function = scope.function
    if function is None:
        return False
    if mentions(expression, _REQUEST) and "request" in written(expression).lower():
        return True
    root = written(expression).split(".")[0]
    if root in {"request", "req"}:
        return True
    if isinstance(expression, ir.Name):
        if any(parameter.name == root for parameter in function.parameters):
            return True
        return any(_brings(part, root) for part in walk(function.body))
    return False


def _brings(part: object, name: str) -> bool:
    if not isinstance(part, ir.Assign) or not any(isinstance(target, ir.Name) and target.id == name for target in part.targets):
        return False
    return "request" in written(part.value).lower().split(".")[:2] or mentions(part.value, ("request",))


def _is_stored(left: ir.Expression, right: ir.Expression) -> bool:
    """Whether one side is read from an object or a row, as a stored password is."""
    return any(
        isinstance(side, ir.Attribute | ir.Item)
        and written(side).split(".")[0] not in {"request", "form", "settings", "config", "data", "cls"}
        for side in (left, right)
    )


def _said(expression: ir.Expression) -> str:
    return written(expression).lstrip(".") or last(expression) or "a value"
