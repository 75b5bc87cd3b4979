"""Signed HTTP messages: a strict profile of RFC 9421, under HMAC-SHA-256 or Ed25519.

Against a message that is forged, altered, sent to another path, by another method, to another host, for another purpose, or sent twice:
all of it is signed, with a time and a nonce. Everything that the profile does not fix is refused: other components, two signatures.

    Content-Digest: sha-256=:...:                                                                              RFC 9530
    Signature-Input: sig=("@method" "@authority" "@path" "@query" "content-digest");created=...;nonce="...";keyid="...";alg="...";tag="..."
    Signature: sig=:...:

tag is the purpose. keyid: 8 bytes in hexadecimal, of HMAC-SHA-256(key, "ringwork message key 1") or of SHA-256 of the public key. The path
is decoded and encoded again, so that both sides spell it alike (RFC 9421, 2.2.6).
Promises: the holder of the key sent exactly this message here, for this purpose, at the time that it says. Does not promise that this time
is now, nor that it comes once: the receiver holds both to its own clock and store. Other headers are not signed. No secrecy.
Source: RFC 9421, 2.2, 2.3, 2.5, 3.3.3, 3.3.6 and 7; RFC 9530, 2.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.crypto.chance import token_urlsafe
from ringwork.crypto.mac import KEY_BYTES, hmac_sha256
from ringwork.crypto.signatures import SigningKey
from ringwork.crypto.texts import require_purpose
from ringwork.errors import TagWrong
from ringwork.frozen import Frozen
from ringwork.secret import Secret

__all__ = ["MessageSigner"]

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
HMAC, ED25519 = "hmac-sha256", "ed25519"
NONCE_FROM, NONCE_TO = 16, 64
LIMIT_BYTES = 2048
_INPUT = re.compile(r'([a-z][a-z0-9_-]{0,31})=(\(("[a-z@-]+"(?: "[a-z@-]+")*)\)((?:;[a-z]+=(?:"[ !#-\[\]-~]*"|[0-9]{1,12}))+))')
_PARAMETER = re.compile(r';([a-z]+)=(?:"([ !#-\[\]-~]*)"|([0-9]{1,12}))')
_SIGNATURE = re.compile(r"([a-z][a-z0-9_-]{0,31})=:([A-Za-z0-9+/]{4,200}={0,2}):")
_PATH = "/!$&'()*+,;=:@-._~"
_PORTS = {"https": ":443", "http": ":80"}


class Message(Frozen):
    """What is signed of a message. path: decoded, as routers read it. query: raw, without "?". authority: as in Host."""

    method: str
    scheme: str
    authority: str
    path: bytes
    query: bytes = b""


class Claimed(Frozen):
    """What a message says of its signature; nothing of it is true yet.

    params: as signed. covered: in its order. key: the id of a key. tag: the purpose.
    """

    params: str
    covered: tuple[str, ...]
    created: int
    nonce: str
    key: str
    algorithm: str
    tag: str
    signature: bytes


def content_digest(body: bytes) -> str:
    """The value of Content-Digest (RFC 9530, 2)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def signature_base(components: Sequence[tuple[str, str]], params: str) -> bytes:
    """What is signed (RFC 9421, 2.5). components: name and value, in the order of `params`."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def hmac_key_id(key: bytes) -> str:
    """By what a shared key is named; tells nothing of it."""
    return hmac_sha256(key, b"ringwork message key 1")[:8].hex()


def signed_bytes(message: Message, covered: Sequence[str], params: str, body: bytes) -> bytes:
    """What the signature of this message stands on, in the order of `covered`."""
    values = {
        "@method": message.method,
        "@authority": message.authority.lower().removesuffix(_PORTS.get(message.scheme, " ")),
        "@path": quote_from_bytes(message.path, safe=_PATH) or "/",
        "@query": "?" + message.query.decode("latin-1"),
        "content-digest": content_digest(body),
    }
    return signature_base([(name, values[name]) for name in covered], params)


def read(signature_input: bytes, signature: bytes) -> Claimed:
    """What the two headers claim (untrusted, any bytes). Raises TagWrong for anything outside the profile."""
    # Against work that a stranger chooses, and against two readers of one header: length and shape first, all of it or nothing.
    if len(signature_input) > LIMIT_BYTES or len(signature) > LIMIT_BYTES:
        raise TagWrong("the signature's headers are too long")
    found, signed = _INPUT.fullmatch(signature_input.decode("latin-1")), _SIGNATURE.fullmatch(signature.decode("latin-1"))
    if found is None or signed is None or found[1] != signed[1]:
        raise TagWrong("the signature's headers are not of this profile")
    covered = tuple(found[3].replace('"', "").split(" "))
    written = _PARAMETER.findall(found[4])
    given = {name: text or number for name, text, number in written}
    # Against a time of a thousand digits in quotes: the time alone is a number (RFC 9421, 2.3), and of twelve digits at most.
    is_typed = all(bool(number) is (name == "created") for name, _, number in written)
    if sorted(covered) != sorted(COVERED) or len(given) != len(written) or given.keys() != _PARAMETERS or not is_typed:
        raise TagWrong("the signature does not cover method, authority, path, query and digest with created, nonce, keyid, alg and tag")
    if not NONCE_FROM <= len(given["nonce"]) <= NONCE_TO:
        raise TagWrong(f"a nonce has {NONCE_FROM} to {NONCE_TO} characters")
    return Claimed(
        params=found[2],
        covered=covered,
        created=int(given["created"]),
        nonce=given["nonce"],
        key=given["keyid"],
        algorithm=given["alg"],
        tag=given["tag"],
        signature=_base64(signed[2]),
    )


_PARAMETERS = {"created", "nonce", "keyid", "alg", "tag"}


class MessageSigner:
    """Signs the messages of one sender for one purpose. Immutable; threads may share it."""

    __slots__ = ("_key", "_purpose", "_clock")

    def __init__(self, key: Secret[bytes] | SigningKey, *, purpose: str, clock: Clock = SYSTEM_CLOCK) -> None:
        """key: a Secret of 32 random bytes or more that the receiver has too, or a SigningKey. purpose: as the receiver's route has it."""
        if isinstance(key, Secret) and len(key) < KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes is too short; give at least {KEY_BYTES} random bytes")
        if not require_purpose(purpose).isascii() or '"' in purpose or "\\" in purpose:
            raise ValueError('a purpose that stands in a header is ASCII without quotes, for example "laboratory result 1"')
        self._key, self._purpose, self._clock = key, purpose, clock

    def sign(self, method: str, url: str, body: bytes = b"") -> dict[str, str]:
        """The three headers that go with the message; sent as it is, once. url: the whole address. Raises ValueError for another one."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.netloc or "@" in parts.netloc:
            raise ValueError('give the whole address, for example "https://clinic.example/laboratory/results"')
        if isinstance(self._key, SigningKey):
            named, algorithm = self._key.verify_key.id.hex(), ED25519
        else:
            named, algorithm = hmac_key_id(self._key.reveal()), HMAC
        components = " ".join(f'"{name}"' for name in COVERED)
        about = f'created={int(self._clock.now())};nonce="{token_urlsafe(16)}";keyid="{named}";alg="{algorithm}";tag="{self._purpose}"'
        params = f"({components});{about}"
        message = Message(
            method=method, scheme=parts.scheme, authority=parts.netloc, path=unquote_to_bytes(parts.path or "/"), query=parts.query.encode()
        )
        signed = signed_bytes(message, COVERED, params, body)
        made = self._key.sign_raw(signed) if isinstance(self._key, SigningKey) else hmac_sha256(self._key.reveal(), signed)
        signature = base64.b64encode(made).decode("ascii")
        return {"Content-Digest": content_digest(body), "Signature-Input": f"sig={params}", "Signature": f"sig=:{signature}:"}


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise TagWrong("the signature is no base64") from error
    if base64.b64encode(raw).decode("ascii") != text:
        raise TagWrong("the signature is base64 with spare bits")
    return raw
