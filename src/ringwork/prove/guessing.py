"""Ways in which tokens are often made that look random and are not: tried until one makes the same tokens again.

Against a statistic that is content with a hash of a counter, or with Python's `random`, whose outputs are evenly spread: what comes
out is computed here from what anybody knows (small numbers, the clock) and compared; and from enough outputs of `random` the next
follow. A generator whose seed nobody could guess, and which was never seen long enough, stays unseen.
Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", 1998 (state of 624 words, tempering).
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import string
import uuid
from collections.abc import Callable, Iterator, Sequence

from ringwork.prove import tokens

_COUNTED = 5000
_HASHES = ("md5", "sha1", "sha256")
_SEEN_CHARACTERS = 16
_SEEDS = (*range(64), 666, 999, 1234, 1337, 4242, 12345, 123456, 31337, *range(2015, 2035))
_BEFORE_SECONDS = 60
_DRAWS, _COMPARED = 6, 3
_STATE_WORDS = 624
_ALPHABETS = tuple(
    dict.fromkeys(
        (
            string.ascii_letters + string.digits,
            string.ascii_lowercase + string.digits,
            string.ascii_uppercase + string.digits,
            string.digits,
            "0123456789abcdef",
            string.ascii_letters,
            string.ascii_letters + string.digits + "-_",
        )
    )
)

Recipe = Callable[[random.Random, int], str]


def made_by(found: Sequence[str], *, began: float) -> str:
    """How the tokens are made, in words, where a way was found that makes at least one of them again; else "".

    began: when the first was made, in seconds since 1970; the clock of the copy is taken to be about right.
    """
    shapes = [shape for field in tokens.fields_of(_bare(found)) for shape in _shapes(field)]
    for shape in shapes:
        way = _hashed(shape, began) or _drawn(shape, began) or _continued(shape)
        if way:
            return way
    return ""


def _bare(found: Sequence[str]) -> list[str]:
    """Without what all begin with, up to its last mark: "key_", "sess-"."""
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(min(found), max(found), strict=False))
    start = "".join(letter for letter, _ in alike)
    cut = max((start.rfind(mark) for mark in "_-"), default=-1) + 1
    return [token[cut:] for token in found]


def _shapes(field: Sequence[str]) -> Iterator[list[str]]:
    """A field as it is, and as the hexadecimal text of what its base64 hides."""
    if min(map(len, field)) < _SEEN_CHARACTERS:
        return
    plain = [value.replace("-", "").lower() if len(value) == 36 and value.count("-") == 4 else value for value in field]
    yield plain
    if not all(set(value) <= set("0123456789abcdefABCDEF") for value in plain):
        raw = [tokens.decoded(value).hex() for value in plain]
        if all(len(value) >= _SEEN_CHARACTERS for value in raw):
            yield raw


# -- hashes of what anybody knows ---------------------------------------------------------------------------


def _hashed(field: Sequence[str], began: float) -> str:
    """A hash, or a piece of one, over a small number or the time."""
    starts = {value.lower()[:_SEEN_CHARACTERS] for value in field}
    ends = {value.lower()[-_SEEN_CHARACTERS:] for value in field}
    moments = range(int(began) - 2, int(began) + 60)
    known = [*(("a small number", number) for number in range(_COUNTED)), *(("the time", moment) for moment in moments)]
    known += [("the time", moment) for moment in range(int(began * 1000) - 500, int(began * 1000) + 2500)]
    for name in _HASHES:
        for what, number in known:
            text = hashlib.new(name, b"%d" % number, usedforsecurity=False).hexdigest()
            if text[:_SEEN_CHARACTERS] in starts or text[-_SEEN_CHARACTERS:] in ends:
                return f"{name} of {what}"
    return ""


# -- Python's generator, seeded with what anybody knows -----------------------------------------------------


def _recipes(field: Sequence[str]) -> Iterator[Recipe]:
    """Ways in which people make such a text with `random`."""
    letters = set("".join(field))
    for alphabet in (known for known in _ALPHABETS if letters <= set(known)):
        yield from _out_of(alphabet)
    if letters <= set("0123456789abcdef"):
        yield from _HEXADECIMAL
    if letters <= set(string.digits):
        yield lambda source, length: str(source.randint(10 ** (length - 1), 10**length - 1))
    yield lambda source, length: base64.urlsafe_b64encode(source.randbytes(length * 3 // 4)).decode().rstrip("=")


def _out_of(alphabet: str) -> Iterator[Recipe]:
    yield lambda source, length: "".join(source.choice(alphabet) for _ in range(length))
    yield lambda source, length: "".join(source.choices(alphabet, k=length))
    yield lambda source, length: "".join(source.sample(alphabet, length)) if length <= len(alphabet) else ""


_HEXADECIMAL: tuple[Recipe, ...] = (
    lambda source, length: f"{source.getrandbits(4 * length):0{length}x}",
    lambda source, length: source.randbytes(length // 2).hex(),
    lambda source, length: hashlib.sha256(str(source.random()).encode()).hexdigest()[:length],
    lambda source, length: hashlib.md5(str(source.random()).encode(), usedforsecurity=False).hexdigest()[:length],
    lambda source, length: uuid.UUID(int=source.getrandbits(128), version=4).hex[:length],
)


def _drawn(field: Sequence[str], began: float) -> str:
    """`random` with a small seed, or with one of the last seconds; the first tokens after it are made again."""
    wanted = set(field)
    length = len(field[0])
    if length > 128:
        return ""
    seeds = [*_SEEDS, *range(int(began) - _BEFORE_SECONDS, int(began) + 5)]
    recipes = list(_recipes(field))
    for seed in seeds:
        for recipe in recipes:
            source = random.Random(seed)  # the very generator that must not be used
            if any(recipe(source, length) in wanted for _ in range(_DRAWS if seed < _SEEDS[-1] else _COMPARED)):
                return f"Python's random with the seed {'of the clock' if seed > _SEEDS[-1] else seed}"
    return ""


# -- Python's generator, whatever its seed ------------------------------------------------------------------


def _continued(field: Sequence[str]) -> str:
    """Whether the first tokens, taken for outputs of `random`, foretell the rest."""
    length = len(field[0])
    is_hexadecimal = all(len(value) == length and set(value) <= set("0123456789abcdef") for value in field)
    if not is_hexadecimal or length % 8 or len(field) * length // 8 < _STATE_WORDS + 8:
        return ""
    whole = [[int(value, 16) >> 32 * i & 0xFFFFFFFF for i in range(length // 8)] for value in field]  # getrandbits: lowest word first
    bytewise = [[int.from_bytes(bytes.fromhex(value)[i : i + 4], "little") for i in range(0, length // 2, 4)] for value in field]
    for words in ([word for token in way for word in token] for way in (whole, bytewise)):
        source = random.Random()  # the very generator that must not be used
        source.setstate((3, (*(_untempered(word) for word in words[:_STATE_WORDS]), _STATE_WORDS), None))
        if all(source.getrandbits(32) == word for word in words[_STATE_WORDS : _STATE_WORDS + 8]):
            return "Python's random: from the first tokens all later ones follow"
    return ""


def _untempered(word: int) -> int:
    """The word of the state behind an output."""
    word ^= word >> 18
    word ^= word << 15 & 0xEFC60000
    found = word
    for _ in range(5):
        found = word ^ (found << 7 & 0x9D2C5680)
    word = found
    for _ in range(3):
        found = word ^ found >> 11
    return found & 0xFFFFFFFF
