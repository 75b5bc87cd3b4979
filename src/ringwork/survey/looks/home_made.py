"""Cryptography that somebody thought of: XOR over bytes, a hash of key and message, padding by hand, a hash repeated.

Against primitives that look secure and are not: each of these has a known attack, and a function of a library that has none.
Source: OWASP ASVS 5.0, 11.2 to 11.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, calls, last, mentioned_words, mentions, words
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_HASHES = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512"})
_KEYED = frozenset({"secret", "apikey"})
_KEY_KINDS = frozenset({"secret", "private", "signing", "api", "auth", "shared", "hmac", "mac", "app"})
_LIBRARIES = ("Crypto", "Cryptodome", "cryptography", "nacl")
_ROUNDS = 100


def look(seen: Seen) -> Iterator[Flow]:
    """Hand-written cryptography of one module."""
    for binary, scope in seen.of(ir.Binary):
        if binary.operator == "+":
            yield from _padded(seen, scope, binary)
    is_mixing = any(one.operator == "^" for one, _ in seen.of(ir.Binary)) or any(one.operator == "^" for one, _ in seen.of(ir.Augment))
    for comprehension, scope in seen.of(ir.Comprehension):
        if is_mixing:
            yield from _mixed(seen, scope, comprehension)
    for call, scope in seen.of(ir.Call):
        yield from _keyed(seen, scope, call)
    for loop, scope in seen.of(ir.For):
        if is_mixing:
            yield from _mixed(seen, scope, loop)
        yield from _repeated(seen, scope, loop)
    for statement, scope in seen.of(ir.Assign):
        yield from _fixed(seen, scope, statement)


def _told(seen: Seen, scope: Scope, at: int, strength: Strength, sink: str, detail: str) -> Flow:
    return seen.flow("home-made-crypto", at, strength=strength, sink=sink, detail=detail, scope=scope, said=sink)


def _mixed(seen: Seen, scope: Scope, loop: ir.Comprehension | ir.For) -> Iterator[Flow]:
    """XOR of text with a key that is shorter and begins again: `data[i] ^ key[i % len(key)]`, or zip with cycle."""
    body: tuple[Any, ...] = (loop.element,) if isinstance(loop, ir.Comprehension) else loop.body
    if any(isinstance(part, ir.Augment) and part.operator == "|" for part in walk(body)):
        return  # gathers whether anything differs, as a comparison in constant time does
    for part in walk(body):
        is_mixed = (isinstance(part, ir.Binary) and part.operator == "^") or (isinstance(part, ir.Augment) and part.operator == "^")
        if not is_mixed:
            continue
        is_of_text = any(last(call.function) == "ord" for call in calls(part))
        is_cycled = any(isinstance(inner, ir.Binary) and inner.operator == "%" and mentions(inner.right, ("len",)) for inner in walk(part))
        is_cycled = is_cycled or any(last(call.function) == "cycle" for call in calls(loop))
        if is_cycled or is_of_text:
            detail = "Bytes are mixed with a key by XOR: who knows or guesses a piece of the text has the key. Use an authenticated cipher."
            strength = STRONG if "key" in mentioned_words(loop) | mentioned_words((scope.function,) if scope.function else ()) else WEAK
            yield _told(seen, scope, part.at, strength, "XOR with a key", detail)
            return


def _keyed(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    """hash(key + message), which anybody can lengthen who has one pair."""
    if last(call.function) not in _HASHES or not seen.name(call.function).startswith("hashlib.") or not call.arguments:
        return
    given = call.arguments[0]
    while isinstance(given, ir.Call) and isinstance(given.function, ir.Attribute) and given.function.name == "encode":
        given = given.function.of
    parts = _parts(given)
    if len(parts) > 1 and any(_is_key(part) for part in parts):
        detail = f"{last(call.function)} of a key and a message together is no message authentication: use hmac."
        yield _told(seen, scope, call.at, STRONG, "hash of key and message", detail)


def _parts(expression: ir.Expression) -> list[ir.Expression]:
    if isinstance(expression, ir.Binary) and expression.operator == "+":
        return [*_parts(expression.left), *_parts(expression.right)]
    if isinstance(expression, ir.Text):
        return [part.value if isinstance(part, ir.Format) else part for part in expression.parts]
    return [expression]


def _is_key(expression: ir.Expression) -> bool:
    while (
        isinstance(expression, ir.Call) and isinstance(expression.function, ir.Attribute) and expression.function.name in {"encode", "hex"}
    ):
        expression = expression.function.of
    if isinstance(expression, ir.Constant):
        return False
    parts = words(last(expression))
    return bool(parts & _KEYED) or ("key" in parts and bool(parts & _KEY_KINDS))


def _padded(seen: Seen, scope: Scope, binary: ir.Binary) -> Iterator[Flow]:
    """What fills the last block: `text + (16 - len(text) % 16) * chr(16 - len(text) % 16)`."""
    right = binary.right
    if not isinstance(right, ir.Binary) or right.operator != "*" or not seen.imports(*_LIBRARIES):
        return
    is_filler = any(last(call.function) in {"chr", "bytes", "bytearray", "pack", "to_bytes"} for call in calls(right))
    is_counted = any(isinstance(part, ir.Binary) and part.operator == "%" for part in walk(right)) or mentions(
        right, ("pad", "padding", "pad_len", "padding_length")
    )
    if is_counted and (is_filler or isinstance(right.left, ir.Constant) or isinstance(right.right, ir.Constant)):
        detail = "Padding by hand is taken off by hand, and that answers an attacker byte by byte: use an AEAD, which needs none."
        yield _told(seen, scope, binary.at, STRONG if is_filler else WEAK, "padding by hand", detail)


def _repeated(seen: Seen, scope: Scope, loop: ir.For) -> Iterator[Flow]:
    """A loop around a hash: `for _ in range(1000): key = sha256(key + salt).digest()`."""
    if not (isinstance(loop.source, ir.Call) and last(loop.source.function) == "range" and loop.source.arguments):
        return
    count = _number(seen, loop.source.arguments[-1])
    for statement in loop.body:
        if not isinstance(statement, ir.Assign) or not isinstance(statement.targets[0], ir.Name):
            continue
        name = statement.targets[0].id
        hashed = [call for call in calls(statement.value) if last(call.function) in _HASHES and mentions(call.arguments, (name,))]
        is_often = count is not None and count >= _ROUNDS
        is_named = bool({"password", "passwd", "key", "kdf", "derive"} & (mentioned_words((loop,)) | words(scope.qualname)))
        if hashed and (is_often or is_named):
            detail = "A key is derived by hashing again and again, which hardware does for next to nothing: use Argon2id, scrypt or PBKDF2."
            yield _told(
                seen, scope, statement.at, STRONG if is_often or "password" in words(scope.qualname) else WEAK, "a hash repeated", detail
            )


def _number(seen: Seen, expression: ir.Expression) -> int | None:
    """A literal number, or the module's name for one."""
    if isinstance(expression, ir.Name):
        expression = seen.unit.assigned.get(expression.id, expression)
    return expression.value if isinstance(expression, ir.Constant) and isinstance(expression.value, int) else None


def _fixed(seen: Seen, scope: Scope, statement: ir.Assign) -> Iterator[Flow]:
    """A nonce that is the same each time."""
    name = last(statement.targets[0])
    if not words(name) & {"nonce", "iv"} or not seen.imports(*_LIBRARIES):
        return
    value = statement.value
    is_fixed = isinstance(value, ir.Constant) and isinstance(value.value, bytes) and len(value.value) >= 8
    if isinstance(value, ir.Binary) and value.operator == "*":
        is_fixed = all(isinstance(side, ir.Constant) for side in (value.left, value.right))
    if is_fixed:
        detail = f"{name} is the same for every message: with one key, equal texts look equal, and counter modes give their stream away."
        yield seen.flow("fixed-nonce", statement.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="the same each time")
