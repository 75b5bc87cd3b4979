"""A19 of data-protection.md: what goes wrong with AES-GCM by hand, and does not with sealed values.

Two attacks, both of the mathematics of GCM and not of a library: a nonce used twice, and one ciphertext that opens under two keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as AnyCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.cmac import CMAC

from ringwork.crypto import sealing
from ringwork.crypto.places import Place, framed
from ringwork.crypto.sealing import Cipher, Suite
from ringwork.errors import KeyRefused, SealBroken
from ringwork.keys.keyring import memory_keyring
from ringwork.secret import Secret

PAID, FORGED = b"pay 0000100 to alice", b"pay 9999999 to mallo"
PLACE = Place(table="orders", column="text", row=(1,))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def learns_from_a_repeated_nonce(encrypt: Callable[[bytes], bytes]) -> bool:
    """A19a: two messages under one nonce; their ciphertexts differ where, and as, the plaintexts do."""
    one, other = encrypt(PAID)[: len(PAID)], encrypt(FORGED)[: len(FORGED)]
    return _xor(one, other) == _xor(PAID, FORGED)


def test_a19_a_repeated_nonce_tells_what_differs_in_raw_gcm() -> None:
    """Without the key, one known plaintext gives the other."""
    cipher, nonce = AESGCM(bytes(32)), bytes(12)
    assert learns_from_a_repeated_nonce(lambda message: cipher.encrypt(nonce, message, None))


def test_a19_a_repeated_nonce_tells_nothing_but_equality_in_suite_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a broken source of chance, which repeats itself for ever, leaves AES-GCM-SIV standing."""
    monkeypatch.setattr(sealing, "urandom", bytes)
    cipher = Cipher(Secret(bytes(32)), kid=1, table="orders", column="text")

    def encrypt(message: bytes) -> bytes:
        return cipher.seal(message, PLACE)[22:]

    assert encrypt(PAID) == encrypt(PAID), "the nonce was not repeated, so nothing was shown"
    assert not learns_from_a_repeated_nonce(encrypt)
    raw = AESGCMSIV(bytes(32))
    assert not learns_from_a_repeated_nonce(lambda message: raw.encrypt(bytes(12), message, None))


def _times(one: int, other: int) -> int:
    """A product in the field of GHASH, NIST SP 800-38D, 6.3."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
    return product


def _inverse(value: int) -> int:
    found, power = 1 << 127, (1 << 128) - 2
    while power:
        if power & 1:
            found = _times(found, value)
        value, power = _times(value, value), power >> 1
    return found


def _power(value: int, exponent: int) -> int:
    found = 1 << 127
    for _ in range(exponent):
        found = _times(found, value)
    return found


def _block(key: bytes, block: bytes) -> int:
    return int.from_bytes(AnyCipher(algorithms.AES(key), modes.ECB()).encryptor().update(block), "big")


def made_for_two_keys(keys: tuple[bytes, bytes], nonce: bytes, covered: bytes = b"") -> bytes:
    """A19b: a ciphertext of two blocks with a tag that both keys take for their own; the second block is solved for.

    covered: associated data, the same for both. Source: Dodis, Grubbs, Ristenpart, Woodage, "Fast Message Franking", 2018.
    """
    padded = covered + bytes(-len(covered) % 16)
    blocks = [int.from_bytes(padded[at : at + 16], "big") for at in range(0, len(padded), 16)]
    first, lengths = int.from_bytes(b"chosen freely...", "big"), (len(covered) * 8) << 64 | 256

    def known(key: bytes) -> int:
        """The tag without the share of the second block."""
        root, most = _block(key, bytes(16)), len(blocks) + 3
        parts = [*blocks, first, 0, lengths]
        tag = _block(key, nonce + b"\0\0\0\1")
        for at, part in enumerate(parts):
            tag ^= _times(part, _power(root, most - at))
        return tag

    squares = [_power(_block(key, bytes(16)), 2) for key in keys]
    second = _times(known(keys[0]) ^ known(keys[1]), _inverse(squares[0] ^ squares[1]))
    tag = known(keys[0]) ^ _times(second, squares[0])
    return b"".join(part.to_bytes(16, "big") for part in (first, second, tag))


def test_a19_one_ciphertext_opens_under_two_keys_in_raw_gcm() -> None:
    """Who knows two keys makes a value that each of their owners reads as another text, in milliseconds."""
    keys, nonce = (b"a" * 32, b"b" * 32), bytes(12)
    forged = made_for_two_keys(keys, nonce)
    opened = [AESGCM(key).decrypt(nonce, forged, None) for key in keys]
    assert opened[0] != opened[1]


def _column_key(key: bytes) -> bytes:
    """As `sealing` derives it: whoever knows a key knows this one too."""
    extracted = hmac.digest(b"ringwork sealed column 1", key, hashlib.sha256)
    return hmac.digest(extracted, framed(b"XAES_256_GCM", b"orders", b"text") + b"\x01", hashlib.sha256)


def test_a19_one_sealed_value_opens_under_one_key() -> None:
    """The same forgery, made with both keys for the header of the first: the second key never looks at it."""
    secrets = b"a" * 32, b"b" * 32
    ciphers = [Cipher(Secret(key), kid=kid, table="orders", column="text", suite=Suite.XAES_256_GCM) for kid, key in enumerate(secrets, 1)]
    nonce = bytes(range(24))
    inner = [_inner_key(_column_key(key), nonce) for key in secrets]
    bound = sealing.bind(PLACE.row)
    head = ciphers[0].seal(b"", PLACE)[:10]
    covered = head + (3).to_bytes(4, "big") + framed(b"orders", b"text")[4:] + bound
    forged = head + nonce + made_for_two_keys((inner[0], inner[1]), nonce[12:], covered)
    assert len(ciphers[0].open(forged, PLACE)) == 32, "the forgery is none, so nothing was shown"
    with pytest.raises(SealBroken, match="names key 1, and this is key 2"):
        ciphers[1].open(forged, PLACE)
    with pytest.raises(SealBroken, match="does not open"):
        ciphers[1].open(forged[:4] + (2).to_bytes(4, "big") + forged[8:], PLACE)


def _inner_key(key: bytes, nonce: bytes) -> bytes:
    """The key that XAES makes of the first half of a nonce, by the library's own CMAC."""
    halves = []
    for counter in (1, 2):
        made = CMAC(algorithms.AES(key))
        made.update(bytes((0, counter)) + b"X\0" + nonce[:12])
        halves.append(made.finalize())
    return b"".join(halves)


def test_a19_the_keyring_tries_no_key() -> None:
    """One number names one key: a value of an unknown key is refused without any being tried."""
    ring = memory_keyring()
    cipher = ring.to_seal("orders", "text")
    sealed = cipher.seal(b"text", PLACE)
    assert ring.to_open(sealing.kid_of(sealed), "orders", "text").open(sealed, PLACE) == b"text"
    with pytest.raises(KeyRefused):
        ring.to_open(cipher.kid + 1, "orders", "text")
