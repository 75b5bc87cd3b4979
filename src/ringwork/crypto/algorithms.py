"""Which algorithms may be used for what, what to take instead of the others, and which a quantum computer would break.

Against old and home-made cryptography that looks secure: a name that is asked for is answered with leave or with the way out, never
with the weak thing itself; and whatever leaves through here carries the name of its algorithm, so that it can be replaced.
Source: NIST SP 800-131A Rev. 2 and SP 800-57 Part 1; ASVS 5.0, 11.3 to 11.6 and appendix C; NIST IR 8547 (quantum).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from enum import StrEnum

from ringwork.errors import TagWrong
from ringwork.frozen import Frozen

_DIGESTS: Mapping[str, str] = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512", "SHA3-256": "sha3_256", "BLAKE2b": "blake2b"}
_MOST_CHARACTERS = 200


class Quantum(StrEnum):
    """What becomes of it once large quantum computers exist."""

    HOLDS = "holds"  # symmetric, 256 bits: half of them are left
    BROKEN = "broken"  # recorded today, read then: replace it where secrets live long
    RESISTS = "resists"  # made against it


class Algorithm(Frozen):
    """One algorithm. use: what it is for. approved: whether new code may take it; instead: what it takes otherwise. why: in words."""

    name: str
    use: str
    approved: bool
    quantum: Quantum = Quantum.HOLDS
    instead: str = ""
    why: str = ""


def _weak(name: str, use: str, instead: str, why: str) -> Algorithm:
    return Algorithm(name=name, use=use, approved=False, instead=instead, why=why, quantum=Quantum.BROKEN)


TABLE: tuple[Algorithm, ...] = (
    *(Algorithm(name=name, use="hash", approved=True) for name in _DIGESTS),
    Algorithm(name="HMAC-SHA-256", use="tag", approved=True),
    Algorithm(name="HKDF-SHA-256", use="key derivation from a key", approved=True),
    Algorithm(name="Argon2id", use="password storage", approved=True),
    Algorithm(name="AES-256-GCM-SIV", use="encryption", approved=True),
    Algorithm(name="XAES-256-GCM", use="encryption", approved=True),
    Algorithm(name="AES-256-GCM", use="encryption", approved=True),
    Algorithm(name="ChaCha20-Poly1305", use="encryption", approved=True),
    Algorithm(name="Ed25519", use="signature", approved=True, quantum=Quantum.BROKEN),
    Algorithm(name="ECDSA-P256", use="signature", approved=True, quantum=Quantum.BROKEN),
    Algorithm(name="RSA-3072-PSS", use="signature", approved=True, quantum=Quantum.BROKEN),
    Algorithm(name="X25519", use="key agreement", approved=True, quantum=Quantum.BROKEN),
    Algorithm(name="ML-KEM-768", use="key agreement", approved=True, quantum=Quantum.RESISTS),
    Algorithm(name="ML-DSA-65", use="signature", approved=True, quantum=Quantum.RESISTS),
    _weak("MD5", "hash", "SHA-256", "two texts with one hash are made in seconds"),
    _weak("SHA-1", "hash", "SHA-256", "two texts with one hash were made in 2017"),
    _weak("MD4", "hash", "SHA-256", "it was broken in 1995"),
    _weak("RIPEMD-160", "hash", "SHA-256", "160 bits are too few"),
    _weak("DES", "encryption", "AES-256-GCM-SIV", "56 bits are searched in a day"),
    _weak("3DES", "encryption", "AES-256-GCM-SIV", "its blocks of 64 bits repeat (Sweet32)"),
    _weak("RC4", "encryption", "AES-256-GCM-SIV", "its first bytes lean"),
    _weak("RC2", "encryption", "AES-256-GCM-SIV", "its blocks of 64 bits repeat"),
    _weak("Blowfish", "encryption", "AES-256-GCM-SIV", "its blocks of 64 bits repeat (Sweet32)"),
    _weak("CAST5", "encryption", "AES-256-GCM-SIV", "its blocks of 64 bits repeat"),
    _weak("IDEA", "encryption", "AES-256-GCM-SIV", "its blocks of 64 bits repeat"),
    _weak("SEED", "encryption", "AES-256-GCM-SIV", "hardly anybody looks at it any more"),
    _weak("AES-ECB", "encryption", "AES-256-GCM-SIV", "equal blocks stay equal"),
    _weak("AES-CBC", "encryption", "AES-256-GCM-SIV", "without a tag it is opened by its padding errors"),
    _weak("AES-CTR", "encryption", "AES-256-GCM-SIV", "without a tag each bit can be flipped"),
    _weak("RSA-PKCS1v15-encryption", "encryption", "X25519 with HKDF, or RSA-OAEP", "it is opened by its padding errors (Bleichenbacher)"),
    _weak("RSA-1024", "signature", "Ed25519", "keys of this length are factored by those who can pay"),
    _weak("RSA-2048", "signature", "Ed25519, or RSA-3072-PSS", "new keys are to last beyond 2030"),
    _weak("DSA", "signature", "Ed25519", "one bad nonce gives the key away; FIPS 186-5 dropped it"),
    _weak("PBKDF1", "key derivation from a password", "Argon2id", "it is cheap to try"),
)
"""Every name that is known, those that may be taken first."""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_OTHER_NAMES = {"tripledes": "3des", "desede3": "3des", "des3": "3des", "arc4": "rc4", "arcfour": "rc4", "sha": "sha1", "bf": "blowfish"}
_KNOWN: Mapping[str, Algorithm] = {_plain(one.name): one for one in TABLE}


def find(name: str) -> Algorithm | None:
    """The algorithm of this name, however it is written ("sha1", "SHA-1", "TripleDES"); None for one that is not known."""
    wanted = _plain(name)
    return _KNOWN.get(_OTHER_NAMES.get(wanted, wanted))


def require_approved(name: str, *, use: str = "") -> Algorithm:
    """The algorithm, where new code may take it (for `use`, when given). Raises ValueError with what to write instead."""
    found = find(name)
    if found is None:
        raise ValueError(f"{name[:40]!r} is not known here; write one of {', '.join(one.name for one in TABLE if one.approved)}")
    if not found.approved:
        raise ValueError(f"{found.name} is refused: {found.why}; write {found.instead} instead")
    if use and found.use != use:
        raise ValueError(f"{found.name} is for {found.use}, not for {use}")
    return found


def digest(data: bytes, algorithm: str = "SHA-256") -> str:
    """The hash of `data` with the name of its algorithm before it, "sha256:" and hexadecimal, so that another can follow.

    For content. Not for passwords (`crypto.passwords`), and no proof of who made it: that takes a key (`crypto.mac`, `crypto.signatures`).
    """
    name = _DIGESTS[require_approved(algorithm, use="hash").name]
    return f"{name}:{hashlib.new(name, data).hexdigest()}"


def require_digest(data: bytes, claimed_digest: str) -> None:
    """Return when `claimed_digest` (untrusted, as `digest` writes it, of any approved algorithm) is the hash of `data`. Raises TagWrong."""
    name, _, _ = claimed_digest[:_MOST_CHARACTERS].partition(":")
    known = next((one for one, called in _DIGESTS.items() if called == name), "")
    # Against a hash of the attacker's choice: only approved names are computed, and each is compared whole.
    if not known or not hmac.compare_digest(digest(data, known).encode(), claimed_digest.encode("utf-8", "surrogatepass")):
        raise TagWrong("the content does not have this hash")
