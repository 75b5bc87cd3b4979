"""Two keys, one for each direction, that two parties agree on over a line which others read: X25519, then HKDF.

Against a bare Diffie-Hellman value used as a key: it is no uniform key, and it says nothing of who spoke. Here both public keys and
all that both sides have said are part of the derivation, so that two parties who saw different words get different keys.

Promises: only who holds one of the two private keys knows the keys; both sides heard the same; each direction has a key of its own.
Does not promise who the other side is: a public key has to come signed (signatures), or be known; else somebody in the middle agrees
with both. Nothing is forward secret unless both keys are made for one conversation and forgotten. No protection against a quantum
computer. Source: RFC 7748, 5 and 6.1; RFC 5869; NIST SP 800-56C rev. 2, 5 (both identities in FixedInfo); RFC 9180, 4.1 (kem_context).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ringwork.crypto.mac import derive_key
from ringwork.crypto.texts import require_purpose
from ringwork.errors import ExtraMissing, KeyUnusable
from ringwork.frozen import Frozen
from ringwork.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

__all__ = ["AgreementKey"]

KEY_BYTES = 32
_SALT = b"ringwork key agreement 1"


class Agreed(Frozen):
    """What both sides hold: `sending` of one is `receiving` of the other; 32 bytes each, uniform, for an AEAD or a MAC."""

    sending: Secret[bytes]
    receiving: Secret[bytes]


class AgreementKey:
    """One side's private key. Shows nothing of itself, and is never pickled. Make one for each conversation."""

    __slots__ = ("public", "_key")

    def __init__(self, raw: Secret[bytes]) -> None:
        """raw: 32 random bytes (RFC 7748, 5). Raises KeyUnusable for another length."""
        if len(raw) != KEY_BYTES:
            raise KeyUnusable(f"an X25519 key is made of {KEY_BYTES} random bytes, not {len(raw)}; write AgreementKey.generate()")
        self._key: X25519PrivateKey = _x25519().X25519PrivateKey.from_private_bytes(raw.reveal())
        self.public: bytes = self._key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> AgreementKey:
        """A fresh key."""
        return cls(Secret(_x25519().X25519PrivateKey.generate().private_bytes_raw()))

    def agree(self, peer: bytes, *, purpose: str, began: bool, said: bytes = b"", heard: bytes = b"") -> Agreed:
        """The two keys of this conversation.

        peer: the other side's 32 public bytes; untrusted until something vouches for them. purpose: what the keys are for, with a
        version. began: whether this side spoke first; one side says True, the other False. said, heard: everything that this side has
        sent and received so far, in order, any length. Raises KeyUnusable for a peer of another length, for this side's own key
        sent back, and for one with which nothing is agreed on.
        """
        secret = self._shared(peer)
        first = (self.public, said) if began else (peer, heard)
        second = (peer, heard) if began else (self.public, said)
        # Against a reader of another conversation, a swapped role or a changed word: all of it makes the keys.
        context = b"".join(len(part).to_bytes(8, "big") + part for part in (require_purpose(purpose).encode(), *first, *second))
        forth = Secret(derive_key(secret, salt=_SALT, purpose=b"first to second" + context))
        back = Secret(derive_key(secret, salt=_SALT, purpose=b"second to first" + context))
        return Agreed(sending=forth if began else back, receiving=back if began else forth)

    def _shared(self, peer: bytes) -> bytes:
        if len(peer) != KEY_BYTES:
            raise KeyUnusable(f"an X25519 public key has {KEY_BYTES} bytes, not {len(peer)}; send AgreementKey.public as it is")
        # Against a mirror: whoever sends our own key back would have us talk to ourselves.
        if peer == self.public:
            raise KeyUnusable("the other side sent our own public key back")
        try:
            secret = self._key.exchange(_x25519().X25519PublicKey.from_public_bytes(peer))
        except ValueError as error:
            raise KeyUnusable("nothing is agreed on with this public key; it is a point of small order") from error
        # Against a peer who forces a value that everybody knows (RFC 7748, 6.1); the library looks for it as well.
        if not any(secret):
            raise KeyUnusable("nothing is agreed on with this public key; it is a point of small order")
        return secret

    def __reduce__(self) -> NoReturn:
        raise TypeError("an AgreementKey is never pickled; make one for each conversation")

    def __repr__(self) -> str:
        return "AgreementKey(****)"


def _x25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import x25519
    except ImportError as error:
        raise ExtraMissing(feature="key agreement", package="cryptography", extra="sealing") from error
    return x25519
