"""In a test run, Python's `random` raises where security code asks it: `ringwork_random = true` in pytest's settings.

Against a token out of a generator that is made for simulations: from enough of its outputs all later ones follow, and a seed of the
clock is guessed. Code of the project counts as security code where its module, its function or what it assigns to is named like one
(a token, session, password, code, key ...); libraries do not, and neither does what `ringwork_random_allow` names.
What it does not see: instances of `random.Random`, NumPy, and names that hide what they are for.
"""

from __future__ import annotations

import functools
import linecache
import random
import re
import sys
import sysconfig
import uuid
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

import pytest

WATCHED: tuple[tuple[ModuleType, str], ...] = (
    *((random, name) for name in ("random", "choice", "choices", "getrandbits", "randbytes", "randint", "randrange", "sample", "shuffle")),
    (uuid, "uuid1"),
)
"""What is no source of secrets; `random.SystemRandom` and `secrets` are left alone."""

_SECURITY = frozenset({
    "auth", "authentication", "captcha", "cookie", "credential", "crypto", "csrf", "identity", "invitation", "invite", "login", "nonce",
    "otp", "passcode", "password", "passwords", "recovery", "reset", "salt", "secret", "secrets", "security", "session", "sessions",
    "signup", "token", "tokens", "verification",
})  # fmt: skip
_ASSIGNED = _SECURITY | {"code", "key", "pin", "apikey"}
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_TARGET = re.compile(r"([\w.]+)\s*(?::[^=]+)?=(?!=)")
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def begin(config: pytest.Config) -> None:
    """Put the watch in for the whole session, and take it out at its end."""
    allowed = frozenset(config.getini("ringwork_random_allow"))
    undo = install(allowed)
    config.add_cleanup(undo)


def install(allowed: frozenset[str] = frozenset()) -> Callable[[], None]:
    """Watch every function of WATCHED, also where a module of the project holds it already; returns what takes the watch out."""
    changed: list[tuple[object, str, Any]] = []
    for module, name in WATCHED:
        original = getattr(module, name)
        watched = _watched(original, f"{module.__name__}.{name}", allowed)
        for holder, held in [(module, name), *_held(original)]:
            changed.append((holder, held, original))
            setattr(holder, held, watched)

    def undo() -> None:
        for holder, held, original in changed:
            setattr(holder, held, original)

    return undo


def _held(original: object) -> Iterator[tuple[ModuleType, str]]:
    """Where project code did `from random import choice` before the watch came."""
    for module in list(sys.modules.values()):
        if not _is_installed(getattr(module, "__file__", None) or ""):
            yield from ((module, name) for name, value in list(vars(module).items()) if value is original)


def _watched(original: Callable[..., Any], name: str, allowed: frozenset[str]) -> Callable[..., Any]:
    @functools.wraps(original)
    def watched(*given: Any, **named: Any) -> Any:
        # Against predictable secrets: the nearest code that is not the generator itself says what the value is for.
        frame = sys._getframe(1)  # noqa: SLF001  # the caller is the question
        why = purpose(frame, allowed)
        if why:
            # No exception of the application: a handler that catches all would hide it.
            pytest.fail(f"{name} was asked by {why}, and whoever guesses may use it; take ringwork.crypto.chance or secrets", pytrace=True)
        return original(*given, **named)

    return watched


def purpose(frame: FrameType, allowed: frozenset[str]) -> str:
    """Which name says that the caller makes something secret, in words; "" where none does."""
    module = str(frame.f_globals.get("__name__", ""))
    if _is_installed(frame.f_code.co_filename) or any(module == one or module.startswith(f"{one}.") for one in allowed):
        return ""
    for what, name in (("the module", module), ("the function", frame.f_code.co_qualname)):
        if _words(name) & _SECURITY:
            return f"{what} {name}"
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    target = _TARGET.search(line)
    if target and _words(target.group(1)) & _ASSIGNED:
        return f"what becomes {target.group(1)} in {module}"
    return ""


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def _is_installed(file: str) -> bool:
    return not file or file.startswith(("<", *_INSTALLED))
