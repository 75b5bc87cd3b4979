"""The search in raw bytes: whatever a program does with a text before it writes it, the canary is found; and nothing else is."""

from __future__ import annotations

import base64
import json
import secrets
import struct
import time
import urllib.parse

import pytest

from ringwork.prove import searching

MARK = "0f1e2d3c4b5a6978"
TEXT = f"rw{MARK}"

WRITTEN = {
    "as it is": TEXT.encode(),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 big": TEXT.encode("utf-16-be"),
    "base64": base64.b64encode(TEXT.encode()),
    "base64 after one byte": base64.b64encode(b"x" + TEXT.encode()),
    "base64 after two": base64.b64encode(b"xy" + TEXT.encode() + b"z"),
    "base64 of utf-16": base64.urlsafe_b64encode(TEXT.encode("utf-16-le")),
    "base32": base64.b32encode(MARK.encode()),
    "hexadecimal": TEXT.encode().hex().encode(),
    "HEXADECIMAL": TEXT.encode().hex().upper().encode(),
    "url": "".join(f"%{one:02X}" for one in TEXT.encode()).encode(),
    "JSON": json.dumps({"ssn": TEXT}).encode(),
    "JSON escapes": "".join(f"\\u{ord(one):04x}" for one in TEXT).encode(),
    "repr": repr({"ssn": TEXT}).encode(),
    "query": urllib.parse.urlencode({"ssn": TEXT}).encode(),
    "backwards": TEXT[::-1].encode(),
    "upper case": TEXT.upper().encode(),
    "packed": bytes.fromhex(MARK),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_finds_a_text_however_it_was_written(how: str) -> None:
    """A dump is read by somebody who knows encodings."""
    data = secrets.token_bytes(500) + WRITTEN[how] + secrets.token_bytes(500)
    assert searching.spelled_in(data, searching.forms("str", TEXT))


@pytest.mark.parametrize(
    ("holds", "text", "data"),
    [
        ("int", "104857612345678", b"x104857612345678x"),
        ("int", "104857612345678", (104857612345678).to_bytes(8, "big")),
        ("Decimal", "12345678.0000", b"12345678.00"),
        ("float", "12345678.0000", struct.pack(">d", 12345678.0)),
        ("date", "4804-05-05", b"born 4804-05-05."),
        ("datetime", "4804-05-05T03:07:07", b"4804-05-05 03:07:07"),
    ],
)
def test_finds_numbers_and_dates_as_a_database_packs_them(holds: str, text: str, data: bytes) -> None:
    """SQLite keeps whole numbers as bytes, and most drivers write dates as text."""
    assert searching.spelled_in(data, searching.forms(holds, text))


def test_finds_nothing_in_chance() -> None:
    """What was encrypted looks like chance."""
    assert searching.spelled_in(secrets.token_bytes(200_000), searching.forms("str", TEXT)) == ""


@pytest.mark.parametrize(("holds", "text"), [("bool", "True"), ("str", "ab"), ("int", "7")])
def test_says_that_what_is_too_short_cannot_be_looked_for(holds: str, text: str) -> None:
    """A bit, or a letter, stands in every file."""
    assert searching.forms(holds, text) == {}


def test_reads_what_was_written_meanwhile_and_no_source(tmp_path) -> None:
    """Journals and logs count as well as the database; the code of the application does not."""
    began = time.time_ns()
    (tmp_path / "data").mkdir()
    for name in ("shop.db-wal", "data/app.log", "models.py"):
        (tmp_path / name).write_bytes(WRITTEN["base64"])
    found = searching.search(tmp_path, {"ssn": searching.forms("str", TEXT)}, since_ns=began)
    assert sorted(hit.place for hit in found.hits["ssn"]) == ["data/app.log", "shop.db-wal"]
    assert found.size_bytes == 2 * len(WRITTEN["base64"])


def test_passes_over_what_was_there_long_before(tmp_path) -> None:
    """An old file cannot hold a canary of today."""
    (tmp_path / "old.db").write_bytes(TEXT.encode())
    found = searching.search(tmp_path, {"ssn": searching.forms("str", TEXT)}, since_ns=time.time_ns() + 10**10)
    assert not found.hits
