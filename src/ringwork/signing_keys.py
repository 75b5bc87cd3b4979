"""Whether the keys by which frameworks sign sessions and tokens are keys: long, random, and none that everybody knows.

Against a session that a stranger signs: a short or well-known SECRET_KEY is guessed offline from one cookie, and opens every account.
Source: ASVS 5.0, 11.2.3 (128 bits); CWE-1394, CWE-321. What is found is told by its name, with nothing of the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CONTROL = "data.key-management"
SHORTEST, FEWEST = 32, 10
"""Characters of a key, and how many different ones: what 16 random bytes have in hexadecimal, with room below."""

_NAMES = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "JWT_SECRET_KEY", "WTF_CSRF_SECRET_KEY")
_KNOWN = (
    "django-insecure-",
    "changeme",
    "change-me",
    "change_me",
    "insecure",
    "secret",
    "password",
    "example",
    "your-",
    "dev-",
    "dev_",
    "development",
)
"""How keys begin that templates and tutorials bring along."""


def faults(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the signing keys among the settings of a framework and its layers, each with what to write instead.

    settings: as `Surroundings` has them: of Flask and Django by name, of Starlette's layers by class. Former keys, which still verify
    (SECRET_KEY_FALLBACKS), are held to the same.
    """
    for name, value in settings.items():
        if name in _NAMES:
            yield from _faults(name, value)
        elif isinstance(value, Mapping) and "secret_key" in value:
            yield from _faults(f"{name}(secret_key=...)", value["secret_key"])


def _faults(name: str, value: Any) -> Iterator[str]:
    for key in value if isinstance(value, list | tuple) else [value]:
        problem = _problem(key)
        if problem:
            yield f"{CONTROL}: {name} {problem}; write 32 random bytes: python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def _problem(key: Any) -> str:
    """What is wrong with one key, "" for nothing; none at all signs nothing."""
    if not key:
        return ""
    text = key.decode("latin-1") if isinstance(key, bytes) else str(key)
    if len(text) < SHORTEST:
        return f"has {len(text)} characters, and can be guessed"
    if text.lower().startswith(_KNOWN):
        return "begins as keys do that everybody has"
    different = len(set(text))
    return f"has {different} different characters, and is no random key" if different < FEWEST else ""
