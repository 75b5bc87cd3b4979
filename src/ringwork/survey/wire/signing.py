"""Messages and links signed with a key that the project names for its copies, right ones and wrong ones; made with the standard library.

Written from the published formats (RFC 9421, RFC 9530, the vendors' pages), and sharing no line with what they are to be refused by.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from urllib.parse import quote

LINK = "link"
TIMED = frozenset({"ringwork", "stripe", "standard-webhooks", "slack"})
"""Forms whose signature covers a time."""

PLACED = frozenset({"ringwork"})
"""Forms whose signature covers method and path."""

_SIGNED = ("@method", "@authority", "@path", "@query", "content-digest")
_PLAIN = {"hmac-hex": bytes.hex, "hmac-base64": lambda tag: base64.b64encode(tag).decode()}
"""Forms that sign the body alone, in a header of the sender's choice: "hmac-hex:X-Signature"."""

_SALT = b"ringwork key derivation 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a signature is made for; the message that is sent may differ. key: as the sender has it, text. at: seconds since 1970 UTC."""

    form: str
    key: str
    method: str
    authority: str
    path: str
    at: float
    body: bytes = b""
    purpose: str = ""


def signed(what: Written) -> list[tuple[str, str]]:
    """The headers that sign a message. Raises ValueError for a form that is unknown, and a key that the form cannot have."""
    kind, _, header = what.form.partition(":")
    if kind in _PLAIN and header:
        return [(header.lower(), _PLAIN[kind](hmac.digest(what.key.encode(), what.body, hashlib.sha256)))]
    forms = {"ringwork": _own, "github": _github, "stripe": _stripe, "standard-webhooks": _standard, "slack": _slack}
    if what.form not in forms:
        raise ValueError(f"no form is called {what.form!r}")
    return forms[what.form](what)


def other_key(what: Written) -> Written:
    """The same under a key that nobody else knows, of the same kind."""
    made = secrets.token_bytes(32)
    text = base64.b64encode(made).decode()
    return replace(what, key=f"whsec_{text}" if what.form == "standard-webhooks" else text)


def cut(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same headers with the signature cut short by a few letters, wherever it stands in the last of them."""
    name, value = headers[-1]
    end = ":" if value.endswith(":") else ""
    return [*headers[:-1], (name, value.removesuffix(":")[:-4] + end)]


def linked(key: str, path: str, purpose: str, *, until: int) -> str:
    """A signed link as ringwork makes them: HKDF and HMAC over length-prefixed parts, under the site's key (base64)."""
    derived = _hkdf(base64.b64decode(key), b"data.message-integrity link 1")
    parts = (purpose.encode(), path.encode(), b"", str(until).encode())
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    tag = base64.urlsafe_b64encode(hmac.digest(derived, framed, hashlib.sha256)).rstrip(b"=").decode()
    return f"{path}?until={until}&signature={tag}"


def _hkdf(secret: bytes, info: bytes) -> bytes:
    extracted = hmac.digest(_SALT, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def _own(what: Written) -> list[tuple[str, str]]:
    key = base64.b64decode(what.key)
    named = hmac.digest(key, b"ringwork message key 1", hashlib.sha256)[:8].hex()
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(what.body).digest()).decode()}:"
    covered = " ".join(f'"{name}"' for name in _SIGNED)
    nonce = secrets.token_urlsafe(16)
    params = f'({covered});created={int(what.at)};nonce="{nonce}";keyid="{named}";alg="hmac-sha256";tag="{what.purpose}"'
    path, _, query = what.path.partition("?")
    values = (what.method, what.authority.lower().removesuffix(":443"), quote(path, safe="/%"), f"?{query}", digest)
    lines = [f'"{name}": {value}' for name, value in zip(_SIGNED, values, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
    tag = base64.b64encode(hmac.digest(key, base, hashlib.sha256)).decode()
    return [("content-digest", digest), ("signature-input", f"sig={params}"), ("signature", f"sig=:{tag}:")]


def _github(what: Written) -> list[tuple[str, str]]:
    return [("x-hub-signature-256", f"sha256={_hex(what.key.encode(), what.body)}")]


def _stripe(what: Written) -> list[tuple[str, str]]:
    at = str(int(what.at))
    return [("stripe-signature", f"t={at},v1={_hex(what.key.encode(), at.encode() + b'.' + what.body)}")]


def _standard(what: Written) -> list[tuple[str, str]]:
    named, at = f"msg_{secrets.token_hex(8)}", str(int(what.at))
    key = base64.b64decode(what.key.removeprefix("whsec_"))
    tag = hmac.digest(key, f"{named}.{at}.".encode() + what.body, hashlib.sha256)
    return [("webhook-id", named), ("webhook-timestamp", at), ("webhook-signature", f"v1,{base64.b64encode(tag).decode()}")]


def _slack(what: Written) -> list[tuple[str, str]]:
    at = str(int(what.at))
    tag = _hex(what.key.encode(), f"v0:{at}:".encode() + what.body)
    return [("x-slack-request-timestamp", at), ("x-slack-signature", f"v0={tag}")]


def _hex(key: bytes, signed: bytes) -> str:
    return hmac.digest(key, signed, hashlib.sha256).hex()
