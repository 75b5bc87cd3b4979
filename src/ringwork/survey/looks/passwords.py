"""Passwords that go into a hash made to be fast, and answers of checks that nobody looks at.

Against the stolen table of users: a digest that is made a thousand million times a second hides no password. And against a check whose
answer falls to the ground.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, argument, calls, last, text_of, words
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "passwort"})
_FAST = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"})
_ANSWERS = frozenset({
    "hmac.compare_digest", "secrets.compare_digest", "bcrypt.checkpw", "werkzeug.security.check_password_hash",
    "django.contrib.auth.hashers.check_password", "django.utils.crypto.constant_time_compare",
})  # fmt: skip
_ABOUT = frozenset({"hash", "hashed", "id", "token", "length", "field", "reset", "digest"})
_BROKEN = re.compile(r"^hashlib\.(?:md5|sha1)$|(?:^|\.)hashes\.(?:MD5|SHA1)$|(?:^|\.)Hash\.(?:MD[245]|SHA1?)\.new$")
_LEAKED = ("pwned", "hibp", "range", "breach", "leak")


def look(seen: Seen) -> Iterator[Flow]:
    """Fast hashes and reversible encryption of passwords, and answers that are thrown away."""
    for call, scope in seen.of(ir.Call):
        yield from _hashed(seen, scope, call)
        yield from _encrypted(seen, scope, call)
        yield from _kept(seen, scope, call)
    for statement, scope in seen.of(ir.Evaluate):
        value = statement.value
        if isinstance(value, ir.Call) and seen.name(value.function) in _ANSWERS:
            name = seen.name(value.function)
            detail = f"{name} answers whether two values are equal, and the answer is thrown away."
            yield seen.flow(
                "unverified-message", statement.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="answer ignored"
            )


def _hashed(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    name = seen.name(call.function)
    first = call.arguments[0] if call.arguments else None
    algorithm = name.removeprefix("hashlib.")
    given = first
    if name == "hashlib.new":
        algorithm = text_of(first) or ""
        given = call.arguments[1] if len(call.arguments) > 1 else None
    elif name == algorithm:
        return
    if isinstance(fast := argument(call, "usedforsecurity"), ir.Constant) and fast.value is False:
        return
    if given is None or algorithm not in _FAST or not _is_password(given):
        return
    if any(word in name.lower() for name in _around(scope) for word in _LEAKED):
        return  # asks a list of leaked passwords, which knows them by such a digest
    detail = f"A password is hashed with {algorithm}, which is made to be fast; Argon2id, scrypt or bcrypt are made to be slow."
    yield seen.flow(
        "password-hash", call.at, strength=STRONG, sink=f"hashlib.{algorithm}", detail=detail, scope=scope, said=f"hashed with {algorithm}"
    )


def _kept(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    """A broken digest that is set as a password."""
    if last(call.function).replace("_", "").lower() != "setpassword" or scope.function is None:
        return
    names_given = {part.id for part in walk(call.arguments) if isinstance(part, ir.Name)}
    made = [
        part.value
        for part in walk(scope.function.body)
        if isinstance(part, ir.Assign) and any(last(target) in names_given for target in part.targets)
    ]
    for inner in calls((*call.arguments, *made)):
        if _BROKEN.search(seen.name(inner.function)):
            detail = f"What is set as the password is made by {seen.name(inner.function)}, which is made to be fast, and broken."
            yield seen.flow(
                "password-hash",
                call.at,
                strength=STRONG,
                sink=last(call.function),
                detail=detail,
                scope=scope,
                said="a digest set as a password",
            )
            return


def _around(scope: Scope) -> Iterator[str]:
    if scope.function is not None:
        yield scope.function.name
        yield from names(scope.function.body)
        yield from (part.value for part in walk(scope.function.body) if isinstance(part, ir.Constant) and isinstance(part.value, str))


def _is_password(expression: ir.Expression) -> bool:
    """Whether what is hashed is a password by its name: alone, encoded, or with a salt."""
    inner = expression
    while isinstance(inner, ir.Call) and isinstance(inner.function, ir.Attribute) and inner.function.name in {"encode", "strip"}:
        inner = inner.function.of
    found = names((inner,)) if isinstance(inner, ir.Binary | ir.Text | ir.Call) else (last(inner),)
    return any(words(name) & _PASSWORDS and not words(name) & _ABOUT for name in found)


def _encrypted(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    function = call.function
    if not isinstance(function, ir.Attribute) or function.name != "encrypt" or not call.arguments or not _is_password(call.arguments[0]):
        return
    if scope.function is None or not seen.imports("cryptography", "Crypto", "Cryptodome", "nacl"):
        return
    detail = "A password is encrypted; whoever has the key has every password. It is enough to keep what a password function makes of it."
    yield seen.flow("password-hash", call.at, strength=WEAK, sink="encrypt", detail=detail, scope=scope, said="encrypted")
