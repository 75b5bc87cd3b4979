"""A key out of a passphrase, slow and memory-hard on purpose, for a file that a person unlocks.

Against a stolen file: each guess costs what one start costs us. Source: RFC 9106, 4 (second recommended option: 64 MiB, three passes,
four lanes). Passwords of users are another matter: see `passwords`.
"""

from __future__ import annotations

from ringwork.errors import ExtraMissing
from ringwork.frozen import Frozen
from ringwork.secret import Secret

KEY_BYTES = 32
SALT_BYTES = 16


class Cost(Frozen):
    """What one guess costs. Bounded, since it is read from a file that somebody may have changed."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if not (19 * 1024 <= self.memory_kib <= 1 << 20 and 2 <= self.passes <= 64 and 1 <= self.lanes <= 16):
            raise ValueError("the cost is outside 19 MiB to 1 GiB of memory, 2 to 64 passes and 1 to 16 lanes")


def key_of(passphrase: Secret[str], *, salt: bytes, cost: Cost) -> Secret[bytes]:
    """32 bytes. passphrase: any text, taken as it is. salt: 16 random bytes, kept beside what the key protects.

    Raises ExtraMissing where `cryptography` stands on an OpenSSL before 3.2. Does not judge how guessable the passphrase is.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
    except ImportError as error:
        raise ExtraMissing(feature="a root key under a passphrase", package="cryptography", extra="sealing") from error
    try:
        kdf = Argon2id(salt=salt, length=KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    except UnsupportedAlgorithm as error:
        raise ExtraMissing(feature="a root key under a passphrase", package="cryptography with OpenSSL 3.2", extra="sealing") from error
    return Secret(kdf.derive(passphrase.reveal().encode("utf-8", "surrogatepass")))
