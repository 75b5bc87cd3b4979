"""Files and streams of any length, encrypted in pieces, in constant memory: STREAM with ChaCha20-Poly1305, as age has it.

Against a file that was cut, mixed from two, put in another order, given a tail, or swapped for another good one: each piece is sealed
under its number, the last one is marked as the last, and the key is made for this one file and what it belongs to.

Format 1: "rwS" 0x01, salt (32 random bytes), commitment (32), then pieces of 65,536 bytes, each with a tag of 16; the last one is
shorter, or marked. key = HKDF-SHA-256(secret, salt, "ringwork stream key 1" and context); commitment the same with its own word, so that
no file opens under two keys. Nonce of a piece: its number (11 bytes, big-endian) and 1 for the last, 0 for all others.
Promises: what comes out is what went in, in order, up to the piece that was just given out, and to the very end once it ends without an
error; each piece is verified before it is given out. Does not promise, while it runs, that the rest will be there: who acts on
pieces must be able to undo it (`open_file` writes nothing until all of it was verified). Shows the length. No access in the middle.
Source: Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015, 7; C2SP
age, "Payload"; RFC 8439; RFC 5869; Albertini and others, "How to Abuse and Fix Authenticated Encryption Without Key Commitment", 2022, 5.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ringwork.crypto.chance import random_bytes
from ringwork.crypto.mac import KEY_BYTES, derive_key
from ringwork.errors import ExtraMissing, SealBroken
from ringwork.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

__all__ = ["open_file", "open_stream", "seal_file", "seal_stream"]

PIECE_BYTES = 65_536
TAG_BYTES, SALT_BYTES = 16, 32
_MAGIC = b"rwS\x01"
HEADER_BYTES = len(_MAGIC) + SALT_BYTES + KEY_BYTES


class Reads(Protocol):
    """What can be read from: a file opened with "rb", a socket's file, an upload."""

    def read(self, n: int, /) -> bytes:
        """Up to `n` bytes; b"" at the end."""


def seal_stream(source: Reads, key: Secret[bytes], *, context: str) -> Iterator[bytes]:
    """The sealed stream of what `source` gives, piece by piece; begin with the first piece and miss none.

    key: 32 random bytes or more. context: what it belongs to, such as "document 7"; the same text opens it.
    """
    salt = random_bytes(SALT_BYTES)
    sealer, commitment = _prepared(key, salt, context)
    yield _MAGIC + salt + commitment
    for number, piece, is_last in _pieces(source, PIECE_BYTES):
        yield sealer.encrypt(_nonce(number, is_last=is_last), piece, None)


def open_stream(source: Reads, key: Secret[bytes], *, context: str) -> Iterator[bytes]:
    """The plaintext, piece by piece, each verified before it is given out.

    source: untrusted. Raises SealBroken as soon as something is not as it was sealed; what was given out before is genuine, and it
    may be that it is not all.
    """
    header = _read(source, HEADER_BYTES)
    if len(header) != HEADER_BYTES or not header.startswith(_MAGIC):
        raise SealBroken("this is no sealed stream, or its beginning is missing")
    salt, commitment = header[len(_MAGIC) : -KEY_BYTES], header[-KEY_BYTES:]
    opener, own = _prepared(key, salt, context)
    # Against a file made to open under two keys, and for a clear word: before the first piece it is known whether the key fits.
    if not hmac.compare_digest(own, commitment):
        raise SealBroken("sealed with another key, or for another context")
    yield from _opened(source, opener)


def seal_file(source: Path | str, target: Path | str, key: Secret[bytes], *, context: str) -> None:
    """Seal the file `source` into `target`, which appears whole or not at all, readable by its owner alone."""
    with Path(source).open("rb") as plain:
        _write(Path(target), seal_stream(plain, key, context=context))


def open_file(source: Path | str, target: Path | str, key: Secret[bytes], *, context: str) -> None:
    """Open the sealed file `source` into `target`, which appears once all of it was verified, readable by its owner alone.

    Raises SealBroken for anything that is not as it was sealed; then there is no new `target`, and an old one stays as it is.
    """
    with Path(source).open("rb") as sealed:
        _write(Path(target), open_stream(sealed, key, context=context))


def _opened(source: Reads, opener: ChaCha20Poly1305) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag

    for number, piece, is_last in _pieces(source, PIECE_BYTES + TAG_BYTES):
        try:
            plain = opener.decrypt(_nonce(number, is_last=is_last), piece, None)
        except (InvalidTag, ValueError) as error:
            # Against cutting, reordering and adding: a piece fits at its own number alone, and the end only where it was.
            where = "its end is missing, altered, or followed by something" if is_last else "it was altered or put in another order"
            raise SealBroken(f"piece {number} of the stream does not open: {where}") from error
        # Against an end that can be moved: an empty last piece is there for an empty stream alone, so that each has one form.
        if is_last and not plain and number:
            raise SealBroken(f"piece {number} of the stream is empty")
        yield plain


def _pieces(source: Reads, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, and whether it is the last; one is read ahead, since only the end of the source tells."""
    piece, number = _read(source, size), 0
    while True:
        following = _read(source, size) if len(piece) == size else b""
        yield number, piece, not following
        if not following:
            return
        piece, number = following, number + 1


def _read(source: Reads, size: int) -> bytes:
    """`size` bytes, less at the end alone; sockets and pipes give what they have."""
    parts, missing = list[bytes](), size
    while missing:
        part = source.read(missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


def _prepared(key: Secret[bytes], salt: bytes, context: str) -> tuple[ChaCha20Poly1305, bytes]:
    if len(key) < KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes is too short; give at least {KEY_BYTES} random bytes")
    if not context:
        raise ValueError('name what the stream belongs to, for example context="document 7"')
    try:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    except ImportError as error:
        raise ExtraMissing(feature="sealing files", package="cryptography", extra="sealing") from error
    bound = context.encode()
    made = derive_key(key.reveal(), salt=salt, purpose=b"ringwork stream key 1\x00" + bound)
    return ChaCha20Poly1305(made), derive_key(key.reveal(), salt=salt, purpose=b"ringwork stream commitment 1\x00" + bound)


def _write(target: Path, pieces: Iterator[bytes]) -> None:
    """All pieces into a file beside `target`, which then takes its place at once."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as written:
            for piece in pieces:
                written.write(piece)
            written.flush()
            os.fsync(written.fileno())
        Path(name).replace(target)
    except BaseException:
        # Against plaintext that stays behind when the end does not fit.
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
