"""Comparing what somebody shows with what is kept, in the same time wherever the two differ.

Against an early exit: `==` ends at the first wrong letter, and by its time a key is found letter by letter. Against a stolen table:
keys of machines are kept as hashes, which suffices because they are random and long; never keep a password so.
Source: CWE-208; ASVS 5.0, 11.2.4. The comparison itself is `hmac.compare_digest`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from ringwork.crypto import chance
from ringwork.errors import Refused
from ringwork.names import ControlId
from ringwork.secret import Secret

CONTROL = ControlId("data.constant-time-comparison")
KEY_LIMIT = 512
"""Characters of a key that is shown; longer ones are nobody's."""

_DIGEST = "sha256:"
_LABEL = r"[a-z][a-z0-9]{0,15}"


def require_same(claimed: str | bytes, secret: Secret[str] | Secret[bytes]) -> None:
    """Return when `claimed` (untrusted, any text or bytes) is the secret. Raises Refused otherwise.

    Text counts as its UTF-8 bytes. The time depends on the lengths, which are no secret, and on nothing else.
    """
    if not hmac.compare_digest(_bytes(claimed), _bytes(secret.reveal())):
        raise Refused(control=CONTROL, status=401, reason="secret-differs")


def issue_api_key(label: str = "key") -> Secret[str]:
    """A new key for a machine: the label, "_" and 43 random characters. Show it once, and keep `key_digest` of it.

    label: 1 to 16 lower-case letters and digits, by which scanners and people know the key's kind when it lies about.
    """
    if not re.fullmatch(_LABEL, label):
        raise ValueError(f'{label[:20]!r} is no label; write lower-case letters and digits, for example "clinic"')
    return Secret(f"{label}_{chance.issue_token()}")


def key_digest(key: Secret[str]) -> str:
    """What is kept of a key: "sha256:" and 64 hexadecimal characters. Only for random keys; a password is guessed from it."""
    return _DIGEST + hashlib.sha256(_bytes(key.reveal())).hexdigest()


class ApiKeys:
    """The keys of machines, by owner, as hashes."""

    __slots__ = ("_digests",)

    def __init__(self, digests: Mapping[str, str]) -> None:
        """digests: owner to `key_digest` of the owner's key. Raises ValueError for anything else, which may be a key in clear."""
        for owner, digest in digests.items():
            if not re.fullmatch(_DIGEST + "[0-9a-f]{64}", digest):
                raise ValueError(f"the key of {owner!r} is no digest; write what key_digest(key) returns, never the key itself")
        self._digests = {owner: digest.encode("ascii") for owner, digest in digests.items()}

    def owner_of(self, raw_key: str) -> str | None:
        """Whose key `raw_key` (untrusted) is; None for nobody's. Fits `ringwork.identify.bearer`."""
        if len(raw_key) > KEY_LIMIT:
            return None
        claimed = key_digest(Secret(raw_key)).encode("ascii")
        owner = None
        # Against a list that ends at its match: all are compared, so the time tells neither which one it was nor whether there was one.
        for name, digest in self._digests.items():
            if hmac.compare_digest(claimed, digest):
                owner = name
        return owner


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
