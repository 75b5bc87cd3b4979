"""XAES-256-GCM: AES-256-GCM with nonces of 24 bytes, so that random ones serve for as long as a key lives.

Against nonces that meet: 12 random bytes last for 2^32 values of a key, 24 for more than anybody will write. A composition over AES
and AES-GCM of `cryptography`, both FIPS algorithms: the first half of the nonce makes a key of its own, the second half goes with it.
Source: C2SP XAES-256-GCM (https://c2sp.org/XAES-256-GCM), after NIST SP 800-108r1, 4.1 (counter mode, CMAC).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ringwork.errors import ExtraMissing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 24

_MASK = (1 << 128) - 1


class _Blocks(threading.local):
    """Single blocks of AES under one key. A context of the library costs more than the block, and serves one thread at a time."""

    def __init__(self, cipher: Cipher[modes.ECB]) -> None:
        self.encrypt = cipher.encryptor().update


class Xaes:
    """One key. Encrypts and decrypts as `cryptography`'s AEADs do; threads may share it."""

    __slots__ = ("_blocks", "_first", "_second", "_gcm")

    def __init__(self, key: bytes) -> None:
        """key: 32 random bytes. Raises ValueError for another length, ExtraMissing without cryptography."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"XAES-256-GCM takes a key of {KEY_BYTES} bytes, not {len(key)}")
        try:
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise ExtraMissing(feature="sealing values", package="cryptography", extra="sealing") from error
        self._gcm = AESGCM
        # Single blocks, as the composition asks: no message is ever encrypted in this mode.
        self._blocks = _Blocks(Cipher(algorithms.AES(key), modes.ECB()))  # noqa: S305
        # Step 1 and 2: K1 of CMAC, once for all messages.
        left = int.from_bytes(self._blocks.encrypt(bytes(16)), "big")
        subkey = (left << 1 & _MASK) ^ (0x87 if left >> 127 else 0)
        # Step 3 and 4: M1 and M2 without the nonce, which stands in their last 12 bytes.
        self._first, self._second = subkey ^ 0x00015800 << 96, subkey ^ 0x00025800 << 96

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Ciphertext and tag (16 bytes more than `data`). nonce: 24 random bytes, never used before with this key."""
        return self._keyed(nonce).encrypt(nonce[12:], data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The plaintext of `data`. Raises cryptography's InvalidTag for anything that was not encrypted so."""
        return self._keyed(nonce).decrypt(nonce[12:], data, associated_data)

    def _keyed(self, nonce: bytes) -> AESGCM:
        """Step 5: the key that belongs to the first half of the nonce."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"XAES-256-GCM takes a nonce of {NONCE_BYTES} bytes, not {len(nonce)}")
        half = int.from_bytes(nonce[:12], "big")
        blocks = (self._first ^ half).to_bytes(16, "big") + (self._second ^ half).to_bytes(16, "big")
        return self._gcm(self._blocks.encrypt(blocks))
