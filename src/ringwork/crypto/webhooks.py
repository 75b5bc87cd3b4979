"""What senders of webhooks sign, and how: each form read into one shape, and verified over the raw bytes of the body.

Against a webhook that is parsed before it is verified, compared letter by letter, or verified over something else than what came: a form
says which bytes are signed, and nothing of the body is looked at before they fit.

    ringwork            RFC 9421 (message_signatures): method, host, path, query, body, time, nonce, purpose
    github              X-Hub-Signature-256: the body alone; neither time nor path, so a kept message is refused only while it is remembered
    stripe              Stripe-Signature: t=time, v1=HMAC of "time.body"
    standard-webhooks   webhook-id, webhook-timestamp, webhook-signature: "id.time.body"; v1 (HMAC) and v1a (Ed25519)
    slack               X-Slack-Signature, X-Slack-Request-Timestamp: "v0:time:body"
    hmac-hex:NAME       the header NAME: HMAC of the body alone, in hexadecimal, as github
    hmac-base64:NAME    the same in base64

Source: GitHub, "Validating webhook deliveries"; Stripe, "Verify webhook signatures manually"; Standard Webhooks 1.0, "Signature scheme";
Slack, "Verifying requests from Slack"; RFC 2104; RFC 9421.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

from ringwork.crypto import message_signatures
from ringwork.crypto.mac import KEY_BYTES, hmac_sha256, require_equal
from ringwork.crypto.message_signatures import ED25519, HMAC, Message
from ringwork.crypto.signatures import VerifyKey
from ringwork.crypto.texts import from_base64url
from ringwork.errors import KeyUnusable, TagWrong
from ringwork.frozen import Frozen
from ringwork.secret import Secret

Find = Callable[[bytes], bytes | None]
"""From a header's name, lower case, to its value."""

_MOST_TAGS = 8
_HEX = re.compile(rb"[0-9a-f]{64}")
_TIME = re.compile(rb"[0-9]{1,12}")
_ID = re.compile(rb"[!-\-/-~]{1,200}")  # without ".", which divides it from the time
_VENDOR_KEY_FROM = 16


class Claim(Frozen):
    """What a message says of its signature; nothing of it is true yet.

    at: when it was signed, seconds since 1970, None where the form has no time. key: the id of its key, "" where the form names none.
    algorithm: "hmac-sha256" or "ed25519", "" where any of the sender's keys may have made the tag. purpose: None where the form has none.
    unique: what no second message of the sender repeats, b"" for what is signed itself. signed: from the body to what is signed.
    """

    at: int | None
    tags: tuple[tuple[str, bytes], ...]
    signed: Callable[[bytes], bytes]
    key: str = ""
    purpose: str | None = None
    unique: bytes = b""


class Form(Frozen):
    """One way to sign. covers: what its signature covers beside the body. read: from the headers to the claim, None for no signature."""

    name: str
    covers: frozenset[str]
    read: Callable[[Message, Find], Claim | None]
    secret: Callable[[bytes], bytes]


class SenderKeys:
    """The keys of one sender: those that it signs with now, and older ones. Immutable; threads may share it."""

    __slots__ = ("_secrets", "_public")

    def __init__(self, form: Form, secrets: Sequence[Secret[bytes]], public: Sequence[VerifyKey] = ()) -> None:
        """secrets: as the sender's pages show them, in UTF-8. Raises KeyUnusable for one that the form cannot have, or a short one."""
        made = [form.secret(secret.reveal()) for secret in secrets]
        self._secrets = [(message_signatures.hmac_key_id(key), key) for key in made]
        self._public = [(key.id.hex(), key) for key in public]

    def __bool__(self) -> bool:
        return bool(self._secrets or self._public)

    def require(self, claim: Claim, body: bytes) -> bytes:
        """32 bytes that are the message's own, for a store in which it is claimed once. body: raw. Raises TagWrong unless a key fits."""
        signed = claim.signed(body)
        for algorithm, tag in claim.tags:
            for named, fits in self._that_may(algorithm):
                if claim.key in ("", named) and fits(tag, signed):
                    # Against a second use under the sender's other key, while it signs with two: the key is no part of it.
                    return hashlib.sha256(claim.unique or signed).digest()
        raise TagWrong("the signature does not belong to this message, or to none of this sender's keys")

    def _that_may(self, algorithm: str) -> list[tuple[str, Callable[[bytes, bytes], bool]]]:
        # Against a public key that is taken for a secret: each key has one algorithm, whatever the message says.
        if algorithm == HMAC:
            return [(named, _hmac_fits(key)) for named, key in self._secrets]
        return [(named, _signature_fits(key)) for named, key in self._public] if algorithm == ED25519 else []


def _hmac_fits(key: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda tag, signed: _is_quiet(lambda: require_equal(tag, hmac_sha256(key, signed)))


def _signature_fits(key: VerifyKey) -> Callable[[bytes, bytes], bool]:
    return lambda tag, signed: _is_quiet(lambda: key.require_raw(tag, signed))


def _is_quiet(check: Callable[[], None]) -> bool:
    try:
        check()
    except TagWrong:
        return False
    return True


# -- the forms ----------------------------------------------------------------------------------------------


def _read_own(message: Message, find: Find) -> Claim | None:
    said, signature = find(b"signature-input"), find(b"signature")
    if said is None or signature is None:
        return None
    claimed = message_signatures.read(said, signature)
    digest = find(b"content-digest") or b""

    def signed(body: bytes) -> bytes:
        # Against a digest that is signed and is another body's (RFC 9530, 2): it is made anew from what came.
        if digest.decode("latin-1") != message_signatures.content_digest(body):
            raise TagWrong("Content-Digest is not that of the body")
        return message_signatures.signed_bytes(message, claimed.covered, claimed.params, body)

    return Claim(
        at=claimed.created,
        tags=((claimed.algorithm, claimed.signature),),
        signed=signed,
        key=claimed.key,
        purpose=claimed.tag,
        unique=claimed.nonce.encode(),
    )


def _read_github(message: Message, find: Find) -> Claim | None:
    value = find(b"x-hub-signature-256")
    if value is None:
        return None
    return Claim(at=None, tags=((HMAC, _hex(value, b"sha256=")),), signed=lambda body: body)


def _read_stripe(message: Message, find: Find) -> Claim | None:
    value = find(b"stripe-signature")
    if value is None:
        return None
    pairs = [piece.strip().partition(b"=") for piece in value.split(b",")] if len(value) <= 1024 else []
    times = [text for name, _, text in pairs if name == b"t"]
    tags = [text for name, _, text in pairs if name == b"v1"]  # v0 is for tests, and counts for nothing
    if len(times) != 1 or not 0 < len(tags) <= _MOST_TAGS:
        raise TagWrong("Stripe-Signature has no single t and no v1")
    at = _time(times[0])
    return Claim(at=at, tags=tuple((HMAC, _hex(tag)) for tag in tags), signed=lambda body: times[0] + b"." + body)


def _read_standard(message: Message, find: Find) -> Claim | None:
    named, at, value = find(b"webhook-id"), find(b"webhook-timestamp"), find(b"webhook-signature")
    if named is None or at is None or value is None:
        return None
    pairs = [piece.partition(b",") for piece in value.split(b" ")] if len(value) <= 4096 else []
    algorithms = {b"v1": HMAC, b"v1a": ED25519}
    tags = tuple((algorithms[version], _base64(text)) for version, _, text in pairs if version in algorithms)
    # Against an id with a dot in it, which moves the border between id, time and body.
    if not _ID.fullmatch(named) or not 0 < len(tags) <= _MOST_TAGS:
        raise TagWrong("webhook-id or webhook-signature is not of the Standard Webhooks form")
    seconds = _time(at)
    return Claim(at=seconds, tags=tags, signed=lambda body: named + b"." + at + b"." + body)


def _read_slack(message: Message, find: Find) -> Claim | None:
    value, at = find(b"x-slack-signature"), find(b"x-slack-request-timestamp")
    if value is None or at is None:
        return None
    seconds = _time(at)
    return Claim(at=seconds, tags=((HMAC, _hex(value, b"v0=")),), signed=lambda body: b"v0:" + at + b":" + body)


def _read_plain(header: bytes, decode: Callable[[bytes], bytes]) -> Callable[[Message, Find], Claim | None]:
    def read(message: Message, find: Find) -> Claim | None:
        value = find(header)
        return None if value is None else Claim(at=None, tags=((HMAC, decode(value)),), signed=lambda body: body)

    return read


def _hex(value: bytes, prefix: bytes = b"") -> bytes:
    if not value.startswith(prefix) or not _HEX.fullmatch(value[len(prefix) :]):
        raise TagWrong("the signature is not 64 hexadecimal digits, lower case, behind its version")
    return bytes.fromhex(value[len(prefix) :].decode("ascii"))


def _time(value: bytes) -> int:
    if not _TIME.fullmatch(value):
        raise TagWrong("the time is no whole number of seconds")
    return int(value)


def _base64(text: bytes) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise TagWrong("the signature is no base64") from error
    if base64.b64encode(raw) != text:
        raise TagWrong("the signature is base64 with spare bits")
    return raw


def _random_secret(text: bytes) -> bytes:
    """A key of 32 random bytes or more, in base64, as `openssl rand -base64 32` makes it."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise KeyUnusable("the key is no base64; make one with: openssl rand -base64 32") from error
    if len(key) < KEY_BYTES:
        raise KeyUnusable(f"a key of {len(key)} bytes is too short; make one with: openssl rand -base64 32")
    return key


def _vendor_secret(text: bytes) -> bytes:
    if len(text) < _VENDOR_KEY_FROM:
        raise KeyUnusable(f"a secret of {len(text)} bytes can be guessed; set one of {_VENDOR_KEY_FROM} or more at the sender")
    return text


def _standard_secret(text: bytes) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(b"whsec_"), validate=True)
    except ValueError as error:
        raise KeyUnusable('the secret is not of the form "whsec_" and base64, as the sender shows it') from error
    return _vendor_secret(key)


_FORMS: tuple[Form, ...] = (
    Form(
        name="ringwork",
        covers=frozenset({"method", "host", "path", "query", "time", "nonce", "purpose"}),
        read=_read_own,
        secret=_random_secret,
    ),
    Form(name="github", covers=frozenset(), read=_read_github, secret=_vendor_secret),
    Form(name="stripe", covers=frozenset({"time"}), read=_read_stripe, secret=_vendor_secret),
    Form(name="standard-webhooks", covers=frozenset({"time"}), read=_read_standard, secret=_standard_secret),
    Form(name="slack", covers=frozenset({"time"}), read=_read_slack, secret=_vendor_secret),
)
FORMS: Mapping[str, Form] = {form.name: form for form in _FORMS}
"""Those with headers of their own."""

NAMES = (*FORMS, "hmac-hex:Header-Name", "hmac-base64:Header-Name")
"""As they are written."""

_PLAIN: Mapping[str, Callable[[bytes], bytes]] = {"hmac-hex": _hex, "hmac-base64": _base64}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]{1,80}")  # RFC 9110, 5.6.2, without "_", which servers take for "-"


def form_of(named: str) -> Form | None:
    """The form of that name, None for an unknown one. named: as in NAMES."""
    kind, _, header = named.partition(":")
    if kind in _PLAIN and _HEADER.fullmatch(header):
        read = _read_plain(header.lower().encode("ascii"), _PLAIN[kind])
        return Form(name=named, covers=frozenset(), read=read, secret=_vendor_secret)
    return FORMS.get(named)


def public_key(text: str) -> VerifyKey:
    """From "ed25519:" and the 32 bytes in base64url, or "whpk_" and base64 (Standard Webhooks). Raises KeyUnusable."""
    try:
        if text.startswith("whpk_"):
            return VerifyKey(base64.b64decode(text.removeprefix("whpk_"), validate=True))
        return VerifyKey(from_base64url(text.removeprefix("ed25519:")))
    except ValueError as error:
        raise KeyUnusable('a public key is written "ed25519:" and its 32 bytes in base64url') from error
