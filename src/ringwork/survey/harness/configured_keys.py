"""The keys that an application is configured with: found where each library has its own, and measured here; none leaves the copy.

Settings of Flask and Django, session layers of Starlette, columns of sqlalchemy-utils, constants of the application's modules, and the
roots of ringwork's keyring.
"""

from __future__ import annotations

import datetime
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ringwork.survey import key_measures
from ringwork.survey.facts import KeyFacts

_FLASK: Mapping[str, str] = {
    "SECRET_KEY": "sessions and signed values of Flask",
    "SECRET_KEY_FALLBACKS": "sessions of Flask that were signed before",
    "JWT_SECRET_KEY": "tokens of flask-jwt-extended",
    "WTF_CSRF_SECRET_KEY": "form tokens of Flask-WTF",
    "SECURITY_PASSWORD_SALT": "tokens of Flask-Security",
}
_DJANGO: Mapping[str, str] = {
    "SECRET_KEY": "sessions and signed values of Django",
    "SECRET_KEY_FALLBACKS": "values of Django that were signed before",
    "FIELD_ENCRYPTION_KEY": "fields of django-encrypted-model-fields",
    "SALT_KEY": "fields of django-fernet-encrypted-fields",
    "FERNET_KEYS": "fields of django-fernet-fields",
    "CRYPTOGRAPHY_KEY": "fields of django-cryptography",
}
_CONSTANT = re.compile(
    r"(?:[A-Z0-9]+_)*(?:SECRET|SECRET_KEY|ENCRYPTION_KEY|SIGNING_KEY|FERNET_KEY|JWT_KEY|FIELD_KEY|AES_KEY|HMAC_KEY|COOKIE_KEY)"
)
_SURE = 12
_MOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A key as it was found; it stays in this process."""

    facts: KeyFacts
    value: bytes


def collect(app: Any, folder: Path, sources: Iterable[str]) -> tuple[KeyFacts, ...]:
    """All of them, measured. sources: the application's modules, below the folder."""
    known = [*_flask(app), *_django(), *_starlette(app), *_columns()]
    values = {one.value for one in known}
    constants = [one for one in _constants(folder) if one.value not in values]
    held = list(_roots())
    texts = {name: _text(folder / name) for name in sources}
    found = [*known, *{one.value: one for one in constants}.values()][:_MOST]
    return (*(replace(_placed(one, folder, texts), same_as=_same(one, found)) for one in found), *held)


def _placed(one: Found, folder: Path, texts: Mapping[str, str]) -> KeyFacts:
    """Where it comes from: the code, the environment or a file, or nowhere, so that it was made at the start."""
    text = one.value.decode("utf-8", "replace")
    for name, source in texts.items():
        line = _line_of(text, source)
        if line:
            return replace(one.facts, source="source", file=name, line=line)
    given = text in os.environ.values()
    return replace(one.facts, source="given" if given else "made at the start, or read from elsewhere")


def _line_of(text: str, source: str) -> int:
    """The line in which a key stands as a literal; 0 for none. A short one is told from other words by what the line speaks of."""
    literals = (f'"{text}"', f"'{text}'")
    if not any(literal in source for literal in literals):
        return 0
    found = [number for number, line in enumerate(source.splitlines(), 1) if any(literal in line for literal in literals)]
    if len(text) < _SURE:
        lines = source.splitlines()
        found = [number for number in found if re.search("key|secret|salt|sign", lines[number - 1], re.IGNORECASE)]
    return next(iter(found), 0)


def _same(one: Found, others: Iterable[Found]) -> tuple[str, ...]:
    return tuple(
        other.facts.name for other in others if other is not one and other.value == one.value and other.facts.purpose != one.facts.purpose
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def measured(name: str, purpose: str, value: Any) -> Iterator[Found]:
    """One key, or each of a list of them; nothing for what is no text and no bytes."""
    if isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from measured(f"{name}[{number}]", purpose, one)
    elif isinstance(value, str | bytes) and value:
        data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        facts = KeyFacts(name=name, purpose=purpose, length=len(data), bits=key_measures.bits(data), familiar=key_measures.familiar(data))
        yield Found(facts=facts, value=data)


def _flask(app: Any) -> Iterator[Found]:
    config = getattr(app, "config", None)
    if isinstance(config, dict) and "flask" in sys.modules:
        for name, purpose in _FLASK.items():
            yield from measured(name, purpose, config.get(name))


def _django() -> Iterator[Found]:
    module = sys.modules.get("django.conf")
    settings = getattr(module, "settings", None)
    if settings is not None and settings.configured:
        for name, purpose in _DJANGO.items():
            yield from measured(name, purpose, getattr(settings, name, None))
        tokens = getattr(settings, "SIMPLE_JWT", None)
        if isinstance(tokens, dict):
            yield from measured("SIMPLE_JWT.SIGNING_KEY", "tokens of djangorestframework-simplejwt", tokens.get("SIGNING_KEY"))


def _starlette(app: Any) -> Iterator[Found]:
    for layer in getattr(app, "user_middleware", None) or ():
        for name, value in getattr(layer, "kwargs", {}).items():
            if name in {"secret_key", "secret", "signing_key"}:
                shown = f"{getattr(layer.cls, '__name__', 'a layer')}({name})"
                yield from measured(
                    shown, f"what {getattr(layer.cls, '__name__', 'a layer')} signs", str(value) if not isinstance(value, bytes) else value
                )


def _columns() -> Iterator[Found]:
    """Keys of encrypted columns, each once."""
    reader, seen = sys.modules.get("ringwork.survey.harness.sqlalchemy_models"), dict[bytes, str]()
    for mapper in getattr(reader, "_mappers", ()):
        for prop in mapper.column_attrs:
            key = getattr(getattr(prop.columns[0], "type", None), "_key", None)
            for one in measured(f"{mapper.class_.__name__}.{prop.key} (key of its column)", "columns of sqlalchemy-utils", key):
                if one.value not in seen:
                    seen[one.value] = one.facts.name
                    yield one


def _constants(folder: Path) -> Iterator[Found]:
    inside = f"{folder}{os.sep}"
    for name, module in sorted(sys.modules.copy().items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.startswith(inside):
            for variable, value in sorted(vars(module).copy().items()):
                if _CONSTANT.fullmatch(variable) and isinstance(value, str | bytes):
                    yield from measured(f"{name}.{variable}", f"what {variable} is for", value)


def _roots() -> Iterator[KeyFacts]:
    """The roots of ringwork's keyring, and its keys in use: made at random and wrapped, so that what is told is where and since when."""
    module = sys.modules.get("ringwork.sealed.keyrings")
    try:
        keyring = module.keyring() if module is not None else None
    except Exception:  # noqa: BLE001  # none is installed; what needs it says so
        keyring = None
    if keyring is None:
        return
    for root in keyring.hierarchy.roots:
        kind = str(root.reference).partition(":")[0]
        local = getattr(root, "_key", None)
        size = len(local) if local is not None else 0
        yield KeyFacts(
            name=f"root {kind}", purpose="wraps the keys of sealed fields", length=size, bits=8 * size, held_by="" if size else kind,
            source=f"{kind}, a root of the keyring",
        )  # fmt: skip
    for row in keyring.table.rows():
        made = datetime.datetime.fromtimestamp(row.created, datetime.UTC).date().isoformat()
        yield KeyFacts(
            name=f"key {row.kid} ({row.owner})", purpose=f"seals fields: {row.owner}", length=32, bits=256, created=made, source="keyring",
            held_by="" if row.state != "destroyed" else "nobody",
        )  # fmt: skip
