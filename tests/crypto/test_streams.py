"""Sealed streams and files, held to the published vectors of the construction."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.crypto import streams
from ringwork.crypto.mac import derive_key
from ringwork.crypto.streams import HEADER_BYTES, PIECE_BYTES, TAG_BYTES, open_file, open_stream, seal_file, seal_stream
from ringwork.errors import SealBroken
from ringwork.secret import Secret

KEY, CONTEXT = Secret(b"k" * 32), "document 7"
SEALED = PIECE_BYTES + TAG_BYTES
VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "stream_c2sp_age.json").read_text())["cases"]


def _sealed(plain: bytes, *, key: Secret[bytes] = KEY, context: str = CONTEXT) -> bytes:
    return b"".join(seal_stream(io.BytesIO(plain), key, context=context))


def _opened(sealed: bytes, *, key: Secret[bytes] = KEY, context: str = CONTEXT) -> bytes:
    return b"".join(open_stream(io.BytesIO(sealed), key, context=context))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"]) for case in VECTORS])
def test_opens_pieces_as_published(case: dict[str, str]) -> None:
    """C2SP age's vectors of STREAM: the same pieces, numbers and marks; what they call broken is broken, no later than they say."""
    payload = zlib.decompress(base64.b64decode(case["payload_zlib_base64"]))
    nonce, body = payload[:16], io.BytesIO(payload[16:])
    made = derive_key(bytes.fromhex(case["file_key"]), salt=nonce, purpose=b"payload")
    given_out = bytearray()
    broken = len(nonce) < 16
    try:
        for piece in streams._opened(body, ChaCha20Poly1305(made)):  # the pieces alone; the header is our own
            given_out += piece
    except SealBroken:
        broken = True
    assert broken == (case["expect"] != "success")
    if case["plaintext_sha256"]:
        # age gives the last piece out before it looks behind it; we look first, and then give out nothing of it.
        assert hashlib.sha256(given_out).hexdigest() == case["plaintext_sha256"] or (broken and not given_out)


@given(st.sampled_from([0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES - 1]))
@settings(max_examples=12, deadline=None)
def test_gives_back_streams_of_every_length(length: int) -> None:
    """Empty, one byte, and around each edge of a piece."""
    plain = bytes(i % 251 for i in range(length))
    sealed = _sealed(plain)
    assert len(sealed) == HEADER_BYTES + length + TAG_BYTES * max(1, -(-length // PIECE_BYTES))
    assert _opened(sealed) == plain
    assert _sealed(plain) != sealed


def _pieces_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    body = sealed[HEADER_BYTES:]
    return sealed[:HEADER_BYTES], [body[i : i + SEALED] for i in range(0, len(body), SEALED)]


def _rearranged() -> dict[str, bytes]:
    plain = b"a" * PIECE_BYTES + b"b" * PIECE_BYTES + b"c" * 100
    sealed, other = _sealed(plain), _sealed(plain)
    head, (first, second, last) = _pieces_of(sealed)
    other_head, (foreign, _, _) = _pieces_of(other)
    return {
        "cut after a piece": head + first + second,
        "cut within a piece": sealed[:-1],
        "the middle is missing": head + first + last,
        "two pieces in another order": head + second + first + last,
        "a piece twice": head + first + first + second + last,
        "only the last piece": head + last,
        "a piece of another file": head + foreign + second + last,
        "the header of another file": other_head + first + second + last,
        "a tail": sealed + b"x",
        "another whole file behind it": sealed + other,
        "its last piece twice": sealed + last,
        "only the header": head,
        "nothing": b"",
        "half a header": head[:20],
        "plain text": plain,
    }


@pytest.mark.parametrize("attack", sorted(_rearranged()))
def test_refuses_what_is_not_as_it_was_sealed(attack: str) -> None:
    """Cut, reordered, added to, mixed, empty, or never sealed."""
    with pytest.raises(SealBroken):
        _opened(_rearranged()[attack])


def test_refuses_every_single_bit_changed_and_every_cut() -> None:
    """Of header, ciphertext and tag."""
    sealed = _sealed(b"short")
    wrong = [sealed[:n] for n in range(len(sealed))]
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << (bit % 8)
        wrong.append(bytes(changed))
    for one in wrong:
        with pytest.raises(SealBroken):
            _opened(one)
    assert _opened(sealed) == b"short"


def test_refuses_another_key_and_a_file_of_another_place() -> None:
    """One good file is put in the place of another; the error comes before the first piece."""
    sealed = _sealed(b"x" * 10)
    for key, context in ((KEY, "document 8"), (Secret(b"o" * 32), CONTEXT)):
        with pytest.raises(SealBroken, match="another key, or for another context"):
            next(iter(open_stream(io.BytesIO(sealed), key, context=context)))
    assert _opened(sealed) == b"x" * 10


def test_no_stream_opens_under_two_keys() -> None:
    """ChaCha20-Poly1305 alone does not commit to its key, so the header does: it is an HKDF of the key itself."""
    sealed = _sealed(b"x")
    salt, commitment = sealed[4:36], sealed[36:HEADER_BYTES]
    extracted = hmac.digest(salt, KEY.reveal(), "sha256")
    assert hmac.digest(extracted, b"ringwork stream commitment 1\x00document 7\x01", "sha256") == commitment


def test_gives_out_nothing_that_was_not_verified() -> None:
    """The first piece is genuine and the second is not: one comes, then the error."""
    sealed = bytearray(_sealed(b"a" * PIECE_BYTES + b"b" * 10))
    sealed[-1] ^= 1
    pieces = open_stream(io.BytesIO(bytes(sealed)), KEY, context=CONTEXT)
    assert next(pieces) == b"a" * PIECE_BYTES
    with pytest.raises(SealBroken, match="piece 1"):
        next(pieces)


class _Endless:
    """A source of so many bytes that are never all there at once, handed out in odd amounts, as a socket does."""

    def __init__(self, length: int) -> None:
        self.left = length

    def read(self, n: int, /) -> bytes:
        given = min(n, self.left, 40_000)
        self.left -= given
        return b"z" * given


def test_needs_the_memory_of_a_few_pieces_however_long_the_stream() -> None:
    """Thirty-two megabytes go through in less than one."""
    length = 32 * 1024 * 1024

    class Pipe:
        def __init__(self, pieces: Iterator[bytes]) -> None:
            self.pieces, self.rest = pieces, b""

        def read(self, n: int, /) -> bytes:
            if not self.rest:
                self.rest = next(self.pieces, b"")
            given, self.rest = self.rest[:n], self.rest[n:]
            return given

    tracemalloc.start()
    try:
        sealed = Pipe(seal_stream(_Endless(length), KEY, context=CONTEXT))
        assert sum(map(len, open_stream(sealed, KEY, context=CONTEXT))) == length
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


def test_files_go_in_and_come_out(tmp_path: Path) -> None:
    """Whole, readable by their owner alone, and nothing else is left in the folder."""
    plain, sealed, back = tmp_path / "plain", tmp_path / "sealed", tmp_path / "back"
    plain.write_bytes(b"scan" * 50_000)
    seal_file(plain, sealed, KEY, context=CONTEXT)
    open_file(str(sealed), str(back), KEY, context=CONTEXT)
    assert back.read_bytes() == plain.read_bytes()
    assert {file.stat().st_mode & 0o777 for file in (sealed, back)} == {0o600}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["back", "plain", "sealed"]


def test_a_broken_file_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """No half of it, no temporary file, and an older target stays."""
    plain, sealed, back = tmp_path / "plain", tmp_path / "sealed", tmp_path / "back"
    plain.write_bytes(b"scan" * 50_000)
    back.write_bytes(b"the version of yesterday")
    seal_file(plain, sealed, KEY, context=CONTEXT)
    sealed.write_bytes(sealed.read_bytes()[:-1])
    with pytest.raises(SealBroken):
        open_file(sealed, back, KEY, context=CONTEXT)
    assert back.read_bytes() == b"the version of yesterday"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["back", "plain", "sealed"]


@pytest.mark.parametrize(
    ("key", "context", "word"), [(Secret(b"short"), CONTEXT, "too short"), (KEY, "", "name what the stream belongs to")]
)
def test_refuses_a_short_key_and_no_context(key: Any, context: str, word: str) -> None:
    """The error says what to give; the honest pair works."""
    with pytest.raises(ValueError, match=word):
        _sealed(b"x", key=key, context=context)
    assert _opened(_sealed(b"x")) == b"x"
