"""Signed HTTP messages, held to the published vectors."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringwork.clock import FixedClock
from ringwork.crypto.mac import hmac_sha256
from ringwork.crypto.message_signatures import (
    COVERED,
    Message,
    MessageSigner,
    content_digest,
    hmac_key_id,
    read,
    signature_base,
    signed_bytes,
)
from ringwork.crypto.signatures import SigningKey, VerifyKey
from ringwork.errors import TagWrong
from ringwork.secret import Secret

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "message_signatures_rfc9421.json").read_text())["cases"]
KEY, PURPOSE = Secret(b"k" * 32), "laboratory result 1"
URL, BODY = "https://Clinic.example:443/api/results?of=7", b'{"value": 1}'
MESSAGE = Message(method="POST", scheme="https", authority="clinic.example", path=b"/api/results", query=b"of=7")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"]) for case in VECTORS])
def test_signs_the_published_base(case: dict[str, Any]) -> None:
    """RFC 9421, B.2.5 and B.2.6."""
    base = signature_base([(name, value) for name, value in case["components"]], case["params"])
    signature, key = base64.b64decode(case["signature"]), base64.b64decode(case["key"])
    if case["algorithm"] == "hmac-sha256":
        assert hmac_sha256(key, base) == signature
    else:
        loaded: Any = load_der_public_key(key)
        VerifyKey(loaded.public_bytes_raw()).require_raw(signature, base)


def _signed(**changed: Any) -> dict[str, str]:
    return MessageSigner(changed.get("key", KEY), purpose=PURPOSE, clock=FixedClock()).sign(
        changed.get("method", "POST"), changed.get("url", URL), changed.get("body", BODY)
    )


def _fits(headers: dict[str, str], message: Message = MESSAGE, body: bytes = BODY) -> bool:
    claimed = read(headers["Signature-Input"].encode(), headers["Signature"].encode())
    signed = signed_bytes(message, claimed.covered, claimed.params, body)
    return hmac_sha256(KEY.reveal(), signed) == claimed.signature and headers["Content-Digest"] == content_digest(body)


def test_both_sides_sign_the_same_bytes() -> None:
    """The sender knows an address, the receiver a host, a decoded path and a query."""
    assert _fits(_signed())
    claimed = read(*_pair(_signed()))
    assert (claimed.created, claimed.tag, claimed.key) == (1_800_000_000, PURPOSE, hmac_key_id(KEY.reveal()))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://clinic.example", b"/"),
        ("https://clinic.example/a%20b", b"/a b"),
        ("https://clinic.example/gr%C3%BC%C3%9Fe", "/grüße".encode()),
        ("https://clinic.example/a%2Fb", b"/a/b"),
        ("https://clinic.example/a;b=c,d", b"/a;b=c,d"),
    ],
)
def test_spells_every_path_alike(url: str, path: bytes) -> None:
    """Percent-encoding is undone and done again, as the router sees it."""
    assert _fits(_signed(url=url, body=b""), Message(method="POST", scheme="https", authority="clinic.example", path=path), b"")


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"authority": "evil.example"},
        {"authority": "clinic.example:8443"},
        {"path": b"/api/other"},
        {"query": b"of=8"},
        {"query": b""},
    ],
    ids=str,
)
def test_a_changed_message_is_another(changed: dict[str, Any]) -> None:
    """Another method, host, port, path or query under the same signature."""
    whole = {"method": "POST", "scheme": "https", "authority": "clinic.example", "path": b"/api/results", "query": b"of=7"}
    assert _fits(_signed(), Message(**whole))
    assert not _fits(_signed(), Message(**{**whole, **changed}))
    assert not _fits(_signed(), body=BODY + b" ")


def test_an_ed25519_key_signs_too() -> None:
    """Who verifies holds no secret; the key is named by its id."""
    key = SigningKey(Secret(b"\x03" * 32))
    claimed = read(*_pair(_signed(key=key)))
    assert (claimed.algorithm, claimed.key) == ("ed25519", key.verify_key.id.hex())
    key.verify_key.require_raw(claimed.signature, signed_bytes(MESSAGE, claimed.covered, claimed.params, BODY))


def test_never_uses_a_nonce_twice() -> None:
    """Two messages of the same second differ."""
    assert read(*_pair(_signed())).nonce != read(*_pair(_signed())).nonce


def _pair(headers: dict[str, str]) -> tuple[bytes, bytes]:
    return headers["Signature-Input"].encode(), headers["Signature"].encode()


COMPONENTS = " ".join(f'"{name}"' for name in COVERED)
GOOD = 'created=1;nonce="nnnnnnnnnnnnnnnn";keyid="k";alg="hmac-sha256";tag="t"'
SIGNATURE = "sig=:AAAA:"


@pytest.mark.parametrize(
    ("said", "signature"),
    [
        ("", SIGNATURE),
        (f'sig=("@method" "@path");{GOOD}', SIGNATURE),
        (f'sig=({COMPONENTS} "date");{GOOD}', SIGNATURE),
        (f'sig=({COMPONENTS} "@path");{GOOD}', SIGNATURE),
        (f'sig=("@method" "@method" "@path" "@query" "content-digest");{GOOD}', SIGNATURE),
        (f"sig=({COMPONENTS})", SIGNATURE),
        (f"sig=({COMPONENTS});created=1", SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD};created=2", SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD};expires=2", SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}".replace("created=1", 'created="x"'), SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}".replace("created=1", 'created="1"'), SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}".replace("created=1", f'created="{"9" * 400}"'), SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}".replace('keyid="k"', "keyid=7"), SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}".replace("n" * 16, "n" * 15), SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}".replace("n" * 16, "n" * 65), SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}, other=({COMPONENTS});{GOOD}", SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}" + " " * 3000, SIGNATURE),
        (f"sig=({COMPONENTS});{GOOD}", "other=:AAAA:"),
        (f"sig=({COMPONENTS});{GOOD}", "sig=AAAA"),
        (f"sig=({COMPONENTS});{GOOD}", "sig=:AAB=:"),
        (f"sig=({COMPONENTS});{GOOD}", "sig=:AAAAA:"),
        (f"sig=({COMPONENTS});{GOOD}", "sig=:AAAA:, sig=:BBBB:"),
    ],
)
def test_refuses_what_is_not_of_the_profile(said: str, signature: str) -> None:
    """Fewer components, more, repeated ones, two signatures, other spellings: two readers might see two things."""
    with pytest.raises(TagWrong):
        read(said.encode(), signature.encode())
    assert read(f"sig=({COMPONENTS});{GOOD}".encode(), SIGNATURE.encode()).tag == "t"


def test_refuses_a_short_key_a_strange_purpose_and_half_an_address() -> None:
    """The error says what to write."""
    with pytest.raises(ValueError, match="too short"):
        MessageSigner(Secret(b"short"), purpose=PURPOSE)
    for purpose in ("größe", 'a"b', ""):
        with pytest.raises(ValueError, match="purpose"):
            MessageSigner(KEY, purpose=purpose)
    for url in ("/api/results", "ftp://clinic.example/", "https://user@clinic.example/"):
        with pytest.raises(ValueError, match="whole address"):
            _signed(url=url)
