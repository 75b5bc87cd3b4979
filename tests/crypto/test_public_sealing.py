"""Sealing to a public key, held to the published vector by way of the library."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.crypto.public_sealing import OVERHEAD_BYTES, Recipient, RecipientKey
from ringwork.errors import ExtraMissing, KeyUnusable, SealBroken
from ringwork.secret import Secret

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "hpke_rfc9180.json").read_text())["cases"][0]
KEY = RecipientKey(Secret(bytes.fromhex(VECTOR["secret"])))
PURPOSE, CONTEXT = "referral 1", b"patient 7"


def test_stands_on_a_library_that_opens_the_published_message() -> None:
    """RFC 9180, A.1.1: the library's own HPKE; it binds additional data there, which its public call leaves empty."""
    assert KEY.public.raw.hex() == VECTOR["public"]
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, getattr(hpke.AEAD, VECTOR["aead"]))
    key = X25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["secret"]))
    sealed = bytes.fromhex(VECTOR["encapsulated"] + VECTOR["ciphertext"])
    opened = openssl.hpke._decrypt_with_aad(suite, sealed, key, bytes.fromhex(VECTOR["info"]), bytes.fromhex(VECTOR["aad"]))
    assert opened.hex() == VECTOR["plaintext"]


@given(st.binary(max_size=200))
@settings(max_examples=30)
def test_opens_what_was_sealed(plaintext: bytes) -> None:
    """57 bytes more, and another text each time."""
    sealed = KEY.public.seal(plaintext, purpose=PURPOSE, context=CONTEXT)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert KEY.open(sealed, purpose=PURPOSE, context=CONTEXT) == plaintext
    assert KEY.public.seal(plaintext, purpose=PURPOSE, context=CONTEXT) != sealed


def test_refuses_another_purpose_and_another_context() -> None:
    """A sealed referral is put into another patient's record, or taken for an invoice."""
    sealed = KEY.public.seal(b"text", purpose=PURPOSE, context=CONTEXT)
    for purpose, context in ((PURPOSE, b"patient 8"), ("invoice 1", CONTEXT), (PURPOSE, b"")):
        with pytest.raises(SealBroken, match="another purpose or context"):
            KEY.open(sealed, purpose=purpose, context=context)


def test_refuses_every_single_bit_changed_and_every_truncation() -> None:
    """Version, key id, encapsulated key, ciphertext and tag."""
    sealed = KEY.public.seal(b"text", purpose=PURPOSE)
    wrong = [sealed[:n] for n in range(len(sealed))] + [sealed + b"\x00"]
    for bit in range(len(sealed) * 8):
        # The highest bit of a public key means nothing (RFC 7748, 5), but HPKE binds the bytes as they came.
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << (bit % 8)
        wrong.append(bytes(changed))
    for one in wrong:
        with pytest.raises(SealBroken):
            KEY.open(one, purpose=PURPOSE)
    assert KEY.open(sealed, purpose=PURPOSE) == b"text"


def test_says_which_key_opens_it() -> None:
    """Sealed to an older key: the operator reads which one is asked for."""
    sealed = RecipientKey.generate().public.seal(b"text", purpose=PURPOSE)
    with pytest.raises(SealBroken, match=f"not to {KEY.public.id.hex()}"):
        KEY.open(sealed, purpose=PURPOSE)


def test_keys_are_kept_as_bytes_and_checked() -> None:
    """A private key comes back as it was; what is no key is refused, and so is a public key of small order."""
    assert RecipientKey(KEY.to_bytes()).public.raw == KEY.public.raw
    assert Recipient(KEY.public.raw).id == KEY.public.id
    for raw in (b"", bytes(31)):
        with pytest.raises(KeyUnusable, match="32"):
            Recipient(raw)
        with pytest.raises(KeyUnusable, match="32"):
            RecipientKey(Secret(raw))
    with pytest.raises(KeyUnusable, match="small order"):
        Recipient(bytes(32)).seal(b"text", purpose=PURPOSE)


def test_says_so_where_the_library_has_no_hpke(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older cryptography: a clear error, and no home-made way round it."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.hpke", None)
    monkeypatch.delattr("cryptography.hazmat.primitives.hpke", raising=False)
    with pytest.raises(ExtraMissing, match="HPKE"):
        KEY.public.seal(b"text", purpose=PURPOSE)


def test_shows_its_id_and_is_never_pickled() -> None:
    """A private key in a log or a cache."""
    assert repr(KEY) == f"RecipientKey({KEY.public.id.hex()})"
    assert repr(KEY.public) == f"Recipient({KEY.public.id.hex()})"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(KEY)
