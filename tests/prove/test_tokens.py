"""What a token says by itself is told from what only chance protects."""

from __future__ import annotations

import base64
import json
import secrets
import zlib

import pytest

from ringwork.prove import tokens


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


PAYLOAD = json.dumps({"user_id": 7, "cart": ["tea"] * 20}).encode()
SIGNATURE = _text(secrets.token_bytes(20))
STATEMENTS = {
    "Flask": f"{_text(PAYLOAD)}.Z0Xo3A.{SIGNATURE}",
    "Flask, compressed": f".{_text(zlib.compress(PAYLOAD))}.Z0Xo3A.{SIGNATURE}",
    "Starlette": f"{base64.b64encode(PAYLOAD).decode()}.Z0Xo3A.{SIGNATURE}",
    "Django": f"{_text(zlib.compress(PAYLOAD))}:1tFq2Z:{_text(secrets.token_bytes(32))}",
    "a signed name": f"anna.{SIGNATURE}",
    "a signed number": f"7:1tFq2Z:{SIGNATURE}",
    "a JSON Web Token": ".".join([_text(b'{"alg":"HS256","typ":"JWT"}'), _text(PAYLOAD), _text(secrets.token_bytes(32))]),
    "Fernet": base64.urlsafe_b64encode(b"\x80" + (1_764_000_000).to_bytes(8, "big") + secrets.token_bytes(64)).decode(),
}
READABLE = {
    "JSON": json.dumps({"theme": "dark", "of": 3}),
    "JSON as cookies quote it": '"{\\"created\\": 1764183000\\054 \\"session\\": {\\"reader\\": 1}}"',
    "JSON in base64": _text(b'{"user": 7}'),
    "JSON in an address": "%7B%22user%22%3A%207%7D",
}
RANDOM = {
    "base64": secrets.token_urlsafe(32),
    "hexadecimal": secrets.token_hex(16),
    "ringwork's own form token": ".".join(["1", "1764183000", *(_text(secrets.token_bytes(n)) for n in (16, 20, 32))]),
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_knows_a_statement(kind: str) -> None:
    """Two of the same person are equal in the same second, and that is no fault."""
    assert tokens.statement_of(STATEMENTS[kind]) not in {"", tokens.READABLE}


@pytest.mark.parametrize("kind", READABLE)
def test_knows_what_anybody_reads_and_nobody_signs(kind: str) -> None:
    """However it is quoted on its way."""
    assert tokens.statement_of(READABLE[kind]) == tokens.READABLE


@pytest.mark.parametrize("kind", RANDOM)
def test_takes_no_random_value_for_a_statement(kind: str) -> None:
    """What nobody can read is judged by its chance."""
    for _ in range(50):
        assert tokens.statement_of(secrets.token_urlsafe(32)) == ""
    assert tokens.statement_of(RANDOM[kind]) == ""


def test_takes_tokens_apart_where_all_of_them_are_alike() -> None:
    """A field is compared with the same field of the others, however long the one before it is."""
    assert tokens.fields_of(["9.aa:b", "10.ab:c"]) == [["9", "10"], ["aa", "ab"], ["b", "c"]]
    assert tokens.fields_of(["a.b", "ab"]) == [["a.b", "ab"]]


def test_tells_a_key_behind_a_name_from_a_signature() -> None:
    """A signature over the same name is the same; what is new each time is a key, and is judged as one."""
    assert tokens.statements_in([f"live.{secrets.token_urlsafe(32)}" for _ in range(12)]) == ""
    assert tokens.statements_in([f"anna.{SIGNATURE}"] * 12) == "a signed value"
    assert tokens.statements_in([]) == ""
