"""What the passwords of a copy's own users hash to is worked out once, and every copy that is forked inherits it.

A password is hashed slowly on purpose, a second each time in some frameworks, and a proof signs the same few people in over and over,
each time in a copy that has only begun. Hashing is a function: the same password, salt and cost give the same result. So a result that
the real function gave is given again for exactly these inputs. A password that the prover made up to be refused is hashed at the least
cost: whatever comes out, it is nobody's. Whatever else is asked, any other wrong password above all, costs what it costs.
Against a measurement that sees this room instead of the application: `forget` ends both in the copy in which time is measured.
"""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ringwork.survey.wire import entry

Key = tuple[str, bytes, tuple[Any, ...]]
"""Which function, the password, and everything else that its result depends on."""

Entry = list[Any]
"""One key with its result as JSON has it."""

_MOST = 500
_COST = re.compile(rb"^(\$2[a-z]?\$)\d\d")
_known: dict[Key, Any] = {}
_computed: dict[Key, Any] = {}
_refused: set[bytes] = {entry.MADE_UP.encode()}
"""How passwords begin that are made up to be refused."""


def install() -> None:
    """Put the memory before the slow functions of the standard library. Before any line of the target runs."""
    for name, parts, quick in (("pbkdf2_hmac", _pbkdf2, _quick_pbkdf2), ("scrypt", _scrypt, _quick_scrypt)):
        real = getattr(hashlib, name, None)
        if real is not None:
            setattr(hashlib, name, _remembered(f"hashlib.{name}", real, parts, functools.partial(quick, real)))


def install_beside() -> None:
    """The same for the libraries that the target loaded."""
    argon2: Any = sys.modules.get("argon2")
    bcrypt: Any = sys.modules.get("bcrypt")
    if argon2 is not None:
        argon2.PasswordHasher.verify = _remembered("argon2.PasswordHasher.verify", argon2.PasswordHasher.verify, _argon2, _quick_argon2)
    if bcrypt is not None:
        bcrypt.checkpw = _remembered("bcrypt.checkpw", bcrypt.checkpw, _bcrypt, _quick_checkpw)
        bcrypt.hashpw = _remembered("bcrypt.hashpw", bcrypt.hashpw, _bcrypt, functools.partial(_quick_hashpw, bcrypt.hashpw))


def keep(passwords: Iterable[str]) -> int:
    """Remember what these passwords were hashed to so far, and let go of all others. Returns how many results are kept now."""
    own = computed(passwords)
    _computed.clear()
    return learn(own)


def computed(passwords: Iterable[str]) -> list[Entry]:
    """What was worked out in this process for these passwords."""
    own = {password.encode() for password in passwords}
    return [[name, password.hex(), [_plain(part) for part in rest], _plain(made)] for (name, password, rest), made in _computed.items()
            if password in own]  # fmt: skip


def learn(entries: Iterable[Entry]) -> int:
    """Remember what another copy worked out as well. Returns how many results are kept now."""
    for name, password, rest, made in entries:
        _known[name, bytes.fromhex(password), tuple(map(_rich, rest))] = _rich(made)
    return len(_known)


def forget() -> None:
    """From here on every password costs this process what it costs the application."""
    _known.clear()
    _refused.clear()


def _remembered(
    name: str, real: Callable[..., Any], parts: Callable[..., tuple[bytes, tuple[Any, ...]]], quick: Callable[..., Any]
) -> Callable[..., Any]:
    """The function with the memory before it. quick: what answers for a password that is made up to be refused."""

    @functools.wraps(real)
    def hashed(*args: Any, **keywords: Any) -> Any:
        try:
            key = (name, *parts(*args, **keywords))
            if key in _known:
                return _known[key]
            if key[1].startswith(tuple(_refused)):
                return quick(*args, **keywords)
        except (TypeError, ValueError):  # the real one says what is wrong
            return real(*args, **keywords)
        made = real(*args, **keywords)
        if len(_computed) < _MOST:
            _computed[key] = made
        return made

    return hashed


def _pbkdf2(hash_name: str, password: Any, salt: Any, iterations: int, dklen: int | None = None) -> tuple[bytes, tuple[Any, ...]]:
    return _bytes(password), (hash_name, _bytes(salt), iterations, dklen)


def _scrypt(password: Any, *, salt: Any, n: int, r: int, p: int, maxmem: int = 0, dklen: int = 64) -> tuple[bytes, tuple[Any, ...]]:
    return _bytes(password), (_bytes(salt), n, r, p, maxmem, dklen)


def _argon2(hasher: object, hash: Any, password: Any) -> tuple[bytes, tuple[Any, ...]]:  # noqa: A002  # as its callers name it
    given, stored = (value.encode() if isinstance(value, str) else _bytes(value) for value in (password, hash))
    return given, (stored,)


def _bcrypt(password: Any, stored: Any = None, **named: Any) -> tuple[bytes, tuple[Any, ...]]:
    (other,) = named.values() if stored is None else (stored,)
    return _bytes(password), (_bytes(other),)


def _quick_pbkdf2(real: Callable[..., bytes], hash_name: str, password: Any, salt: Any, iterations: int, dklen: int | None = None) -> bytes:
    return real(hash_name, password, salt, min(iterations, 1), dklen)


def _quick_scrypt(real: Callable[..., bytes], password: Any, **cost: Any) -> bytes:
    return real(password, **{**cost, "n": min(cost["n"], 2), "r": min(cost["r"], 1), "p": min(cost["p"], 1)})


def _quick_argon2(*_: Any, **__: Any) -> Any:
    raise sys.modules["argon2"].exceptions.VerifyMismatchError("The password does not match the supplied hash")


def _quick_checkpw(*_: Any, **__: Any) -> bool:
    return False


def _quick_hashpw(real: Callable[..., bytes], password: Any, salt: Any) -> bytes:
    return real(password, _COST.sub(rb"\g<1>04", salt))


def _bytes(value: Any) -> bytes:
    return memoryview(value).tobytes()  # raises TypeError for text and numbers, as the real ones do


def _plain(value: Any) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _rich(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
