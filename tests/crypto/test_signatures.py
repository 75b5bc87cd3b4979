"""Ed25519 signatures with a purpose, held to the published vectors."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.crypto.signatures import SIGNATURE_BYTES, SigningKey, VerifyKey, require_signed
from ringwork.crypto.texts import pae
from ringwork.errors import KeyUnusable, TagWrong
from ringwork.secret import Secret

VECTORS = Path(__file__).parent.parent / "vectors"
KEY, OTHER = SigningKey(Secret(b"\x01" * 32)), SigningKey(Secret(b"\x02" * 32))
MESSAGE, PURPOSE = b"pay 100 to bob", "payment order 1"
PHRASE = Secret(b"a long passphrase")


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["case"]) for case in json.loads((VECTORS / name).read_text())["cases"]]


@pytest.mark.parametrize("case", _cases("ed25519_rfc8032.json"))
def test_computes_the_published_signatures(case: dict[str, str]) -> None:
    """RFC 8032, 7.1: key, public key and signature."""
    key = SigningKey(Secret(bytes.fromhex(case["secret"])))
    assert key.verify_key.to_bytes().hex() == case["public"]
    assert key.sign_raw(bytes.fromhex(case["message"])).hex() == case["signature"]


def test_a_signature_verifies_for_its_message_and_purpose() -> None:
    """The honest way: version, key id and signature in 73 bytes."""
    signature = KEY.sign(MESSAGE, purpose=PURPOSE)
    assert len(signature) == SIGNATURE_BYTES
    KEY.verify_key.require_signature(signature, MESSAGE, purpose=PURPOSE)


def test_signs_the_published_encoding() -> None:
    """Anybody can check a signature with a bare library and DSSE's encoding."""
    signature = KEY.sign(MESSAGE, purpose=PURPOSE)
    bare = ed25519.Ed25519PublicKey.from_public_bytes(KEY.verify_key.to_bytes())
    bare.verify(signature[9:], pae(PURPOSE, MESSAGE))


@given(
    st.binary(max_size=50),
    st.text(min_size=1, max_size=20).filter(str.isprintable),
    st.text(min_size=1, max_size=20).filter(str.isprintable),
)
@settings(max_examples=50)
def test_never_verifies_for_another_purpose(message: bytes, purpose: str, other: str) -> None:
    """A signature is carried from one use to another."""
    signature = KEY.sign(message, purpose=purpose)
    if purpose == other:
        KEY.verify_key.require_signature(signature, message, purpose=other)
    else:
        with pytest.raises(TagWrong):
            KEY.verify_key.require_signature(signature, message, purpose=other)


def test_refuses_every_single_bit_changed() -> None:
    """Each bit of signature and message counts."""
    signature = KEY.sign(MESSAGE, purpose=PURPOSE)
    for bit in range(SIGNATURE_BYTES * 8):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(TagWrong):
            KEY.verify_key.require_signature(bytes(changed), MESSAGE, purpose=PURPOSE)
    for bit in range(len(MESSAGE) * 8):
        altered = bytearray(MESSAGE)
        altered[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(TagWrong):
            KEY.verify_key.require_signature(signature, bytes(altered), purpose=PURPOSE)


def test_refuses_every_truncation_and_a_tail() -> None:
    """73 bytes, not one less and not one more."""
    signature = KEY.sign(MESSAGE, purpose=PURPOSE)
    for wrong in [signature[:n] for n in range(SIGNATURE_BYTES)] + [signature + b"\x00"]:
        with pytest.raises(TagWrong):
            KEY.verify_key.require_signature(wrong, MESSAGE, purpose=PURPOSE)


def test_the_key_that_a_signature_names_is_asked_and_no_other() -> None:
    """An old key stands beside the new one; a stranger's signature names none of them."""
    keys = [KEY.verify_key, OTHER.verify_key]
    assert require_signed(OTHER.sign(MESSAGE, purpose=PURPOSE), MESSAGE, purpose=PURPOSE, keys=keys) == OTHER.verify_key
    with pytest.raises(TagWrong, match="none of these keys"):
        require_signed(SigningKey.generate().sign(MESSAGE, purpose=PURPOSE), MESSAGE, purpose=PURPOSE, keys=keys)
    # A stranger who writes a known id into his own signature is still a stranger.
    stranger = SigningKey.generate().sign(MESSAGE, purpose=PURPOSE)
    with pytest.raises(TagWrong):
        require_signed(stranger[:1] + KEY.verify_key.id + stranger[9:], MESSAGE, purpose=PURPOSE, keys=keys)


def test_public_keys_go_out_and_come_in() -> None:
    """As 32 bytes and as PEM."""
    assert VerifyKey(KEY.verify_key.to_bytes()) == KEY.verify_key
    assert VerifyKey.from_pem(KEY.verify_key.to_pem()) == KEY.verify_key
    assert len({KEY.verify_key, VerifyKey(KEY.verify_key.to_bytes()), OTHER.verify_key}) == 2


def test_a_private_key_comes_back_with_its_passphrase_alone() -> None:
    """Locked PKCS #8; the error of a wrong passphrase quotes nothing."""
    pem = KEY.to_pem(PHRASE)
    assert SigningKey.from_pem(pem, PHRASE).verify_key == KEY.verify_key
    with pytest.raises(KeyUnusable, match="passphrase is another"):
        SigningKey.from_pem(pem, Secret(b"another passphrase"))
    with pytest.raises(ValueError, match="can be guessed"):
        KEY.to_pem(Secret(b"short"))


@pytest.mark.parametrize("raw", [bytes(31), bytes(33), b""])
def test_refuses_keys_of_another_length(raw: bytes) -> None:
    """The error names the length that is asked for."""
    with pytest.raises(KeyUnusable, match="32"):
        VerifyKey(raw)
    with pytest.raises(KeyUnusable, match="32"):
        SigningKey(Secret(raw))


def test_refuses_a_public_key_under_which_anything_verifies() -> None:
    """With the identity as the key, a made-up signature fits every message in the bare library."""
    identity = b"\x01" + bytes(31)
    bare = ed25519.Ed25519PublicKey.from_public_bytes(identity)
    bare.verify(identity + bytes(32), b"nobody signed this")
    with pytest.raises(KeyUnusable, match="small order"):
        VerifyKey(identity)


def test_refuses_keys_of_another_kind() -> None:
    """An EC key is no Ed25519 key, public or private, and text is no key."""
    foreign = ec.generate_private_key(ec.SECP256R1())
    public = foreign.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    lock = serialization.BestAvailableEncryption(PHRASE.reveal())
    private = foreign.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    for wrong in (public, b"no key"):
        with pytest.raises(KeyUnusable):
            VerifyKey.from_pem(wrong)
    for wrong in (private, b"no key"):
        with pytest.raises(KeyUnusable):
            SigningKey.from_pem(Secret(wrong), PHRASE)


def test_shows_its_id_and_is_never_pickled() -> None:
    """A private key in a log or a cache."""
    assert repr(KEY) == f"SigningKey({KEY.verify_key.id.hex()})"
    assert repr(KEY.verify_key) == f"VerifyKey({KEY.verify_key.id.hex()})"
    assert KEY.verify_key != "a text"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(KEY)
