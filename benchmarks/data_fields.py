"""One protected value, in and out: every library in one process, in turn. The measure is raw AES-GCM, nonce and associated data."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import django
import interleaved
import sqlalchemy as sa
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from django.conf import settings
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine, FernetEngine, StringEncryptedType

from ringwork.crypto.places import Place
from ringwork.crypto.sealing import Cipher, Suite, bind
from ringwork.secret import Secret

SIZES = (32, 256, 4096)
RAW = "raw AES-GCM"
SEALED = "ringwork, row bound once"
INCUMBENTS = {
    "sqlalchemy-utils, AesEngine (its default)": AesEngine,
    "sqlalchemy-utils, AesGcmEngine": AesGcmEngine,
    "sqlalchemy-utils, FernetEngine": FernetEngine,
}
KEY = os.urandom(32)
ROW = os.urandom(16)

Pair = tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any], Any]
"""In and out, each of a value and of what binds it to its row; and the latter, None where a library binds nothing and takes text."""


def _raw(kind: type[AESGCM | AESGCMSIV]) -> Pair:
    cipher = kind(KEY)

    def seal(value: bytes, covered: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + cipher.encrypt(nonce, value, covered)

    return seal, lambda sealed, covered: cipher.decrypt(sealed[:12], sealed[12:], covered), b"users|email|" + ROW


def _ours(suite: Suite = Suite.AES_256_GCM_SIV) -> Pair:
    cipher = Cipher(Secret(KEY), kid=7, table="users", column="email", suite=suite)
    return cipher.seal_bound, cipher.open_bound, bind((ROW,))


def _ours_with_place() -> Pair:
    cipher = Cipher(Secret(KEY), kid=7, table="users", column="email")

    def place(row: bytes) -> Place:
        return Place(table="users", column="email", row=(row,))

    return lambda value, row: cipher.seal(value, place(row)), lambda sealed, row: cipher.open(sealed, place(row)), ROW


def _sqlalchemy_utils(engine: type[Any]) -> Pair:
    kind = StringEncryptedType(sa.Unicode, "secretkey1234", engine)
    return lambda value, _: kind.process_bind_param(value, None), lambda stored, _: kind.process_result_value(stored, None), None


def _django() -> dict[str, Pair]:
    settings.configure(
        SECRET_KEY="s" * 50,
        SALT_KEY="salt",
        FIELD_ENCRYPTION_KEY=Fernet.generate_key().decode(),
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()
    from django.db import connection
    from encrypted_fields.fields import EncryptedTextField as FernetText
    from encrypted_model_fields.fields import EncryptedTextField as ModelText

    model, fernet = ModelText(), FernetText()
    return {
        "django-encrypted-model-fields": (
            lambda value, _: model.get_db_prep_save(value, connection),
            lambda stored, _: model.from_db_value(stored, None, connection),
            None,
        ),
        "django-fernet-encrypted-fields": (
            lambda value, _: fernet.get_prep_value(value),
            lambda stored, _: fernet.from_db_value(stored, None, connection),
            None,
        ),
    }


def _tink() -> Pair:
    import tink
    from tink import aead

    aead.register()
    cipher = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM_SIV).primitive(aead.Aead)
    return cipher.encrypt, cipher.decrypt, b"users|email|" + ROW


def pairs() -> dict[str, Pair]:
    """All of them, the measure first."""
    return {
        RAW: _raw(AESGCM),
        "raw AES-GCM-SIV": _raw(AESGCMSIV),
        "Tink, AES-GCM-SIV (BoringSSL)": _tink(),
        SEALED: _ours(),
        "ringwork, with a place for each value": _ours_with_place(),
        "ringwork, XAES-256-GCM": _ours(Suite.XAES_256_GCM),
        **{name: _sqlalchemy_utils(engine) for name, engine in INCUMBENTS.items()},
        **_django(),
    }


def _batch(pair: Pair, size: int) -> tuple[interleaved.Batch, int]:
    """In and out again and again; and how many bytes are stored beside those of the value."""
    put, get, bound = pair
    value = "x" * size if bound is None else b"x" * size
    stored = put(value, bound)
    if get(stored, bound) != value:
        raise SystemExit("a value did not come back; the comparison would be worthless")

    def batch(calls: int) -> None:
        for _ in range(calls):
            get(put(value, bound), bound)

    return batch, len(stored) - size


def measure(rounds: int) -> tuple[dict[int, interleaved.Figures], dict[str, list[int]]]:
    """Figures for each size, and the bytes that each library adds."""
    known = pairs()
    figures: dict[int, interleaved.Figures] = {}
    added: dict[str, list[int]] = {name: [] for name in known}
    for size in SIZES:
        batches = {}
        for name, pair in known.items():
            batches[name], more = _batch(pair, size)
            added[name].append(more)
        figures[size] = interleaved.run(batches, rounds=rounds, calls=400)
    return figures, added


def table(figures: dict[int, interleaved.Figures], added: dict[str, list[int]]) -> str:
    """A line for each library: time for 32 bytes, times raw AES-GCM at each size, stored bytes beside the value's."""
    lines = ["| one value in and out | CPU us, 32 B | times raw, 32 / 256 / 4096 B | stored beside it |", "| --- | ---: | ---: | ---: |"]
    for name, more in added.items():
        ratios = " / ".join(f"{figures[size].ratio(name, RAW):.2f}" for size in SIZES)
        lines.append(f"| {name} | {figures[SIZES[0]].median(name):.2f} | {ratios} | {' / '.join(f'+{each}' for each in more)} |")
    return "\n".join(lines) + "\n"
