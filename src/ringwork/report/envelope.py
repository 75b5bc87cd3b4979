"""A DSSE envelope: a text signed with an Ed25519 key, and the check of one.

Against a statement that somebody else wrote: what is signed is the text with its type and both lengths, so that no part of one
message can pass for another. Source: DSSE 1.0.2, protocol and envelope; RFC 8032 for the signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ringwork.errors import KeyUnusable

PAYLOAD_TYPE = "application/vnd.in-toto+json"

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key in use. key_id: SHA-256 of its public key (DER, SubjectPublicKeyInfo), hexadecimal. The key itself is not kept."""

    key_id: str
    sign: Sign

    @staticmethod
    def of_pem(pem: bytes, *, passphrase: bytes | None = None) -> Signer:
        """The key of a PEM file (PKCS #8). Raises KeyUnusable for any other, and never quotes it."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, password=passphrase)
        except TypeError as error:
            told = "it needs no passphrase" if passphrase else "it is protected by a passphrase: set RINGWORK_SIGN_PASSPHRASE"
            raise KeyUnusable(told) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            told = "it is no private key in PEM, or its passphrase is another: openssl genpkey -algorithm ed25519 -out KEY.pem"
            raise KeyUnusable(told) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyUnusable("it is of another kind than Ed25519: openssl genpkey -algorithm ed25519 -out KEY.pem")
        return Signer(key_id=_key_id(key.public_key()), sign=key.sign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A public key. key_id: as of Signer."""

    key_id: str
    holds: Callable[[bytes, bytes], bool]

    @staticmethod
    def of_pem(pem: bytes) -> Verifier:
        """The key of a PEM file (SubjectPublicKeyInfo). Raises KeyUnusable for any other."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyUnusable("it is no public key in PEM: openssl pkey -in KEY.pem -pubout -out PUB.pem") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyUnusable("it is of another kind than Ed25519")
        public = key

        def holds(signature: bytes, message: bytes) -> bool:
            try:
                public.verify(signature, message)
            except InvalidSignature:
                return False
            return True

        return Verifier(key_id=_key_id(key), holds=holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What stood in an envelope, or beside none. payload: the text, unverified. signatures: none where nothing was signed."""

    payload: bytes
    payload_type: str = PAYLOAD_TYPE
    signatures: tuple[bytes, ...] = ()

    def is_signed_by(self, key: Verifier) -> bool:
        """Whether one of the signatures is this key's, over this very payload and type. A key id in the envelope decides nothing."""
        message = encoded(self.payload_type, self.payload)
        return any(key.holds(signature, message) for signature in self.signatures)


def _key_id(public: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def encoded(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding, which is what gets signed: each part after its length."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: str, signer: Signer) -> str:
    """The envelope of a statement; JSON, ending in a line feed."""
    body = payload.encode("utf-8")
    signature = base64.b64encode(signer.sign(encoded(PAYLOAD_TYPE, body))).decode("ascii")
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(body).decode("ascii"),
        "signatures": [{"keyid": signer.key_id, "sig": signature}],
    }
    return json.dumps(envelope, indent=1) + "\n"


def open_unverified(text: str) -> Opened:
    """What an envelope holds; a text that is none is its own payload, without a signature. Raises ValueError for a broken envelope."""
    found = json.loads(text)
    if not isinstance(found, dict) or "payload" not in found:
        return Opened(payload=text.encode("utf-8"))
    try:
        signatures = tuple(_bytes(entry["sig"]) for entry in found["signatures"])
        return Opened(payload=_bytes(found["payload"]), payload_type=str(found["payloadType"]), signatures=signatures)
    except (KeyError, TypeError, binascii.Error, AttributeError) as error:
        raise ValueError("the envelope is broken") from error


def _bytes(text: str) -> bytes:
    """Base64 of either alphabet, as the specification asks a reader to take."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/").encode("ascii"), validate=True)
