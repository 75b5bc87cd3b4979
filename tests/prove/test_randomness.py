"""How the judgement of tokens errs: never against good ones, whatever the draw; and it finds what is made of nothing."""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import string
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from ringwork.prove import randomness
from ringwork.prove.evidence import Outcome

BEGAN = time.time()
LETTERS = string.ascii_letters + string.digits


class Drawn:
    """A good source that a seed repeats: SHAKE-256 of the seed, byte by byte."""

    def __init__(self, seed: int) -> None:
        self._stream = iter(hashlib.shake_256(b"ringwork %d" % seed).digest(200_000))

    def bytes(self, count: int) -> bytes:
        """The next bytes."""
        return bytes(itertools.islice(self._stream, count))

    def letters(self, alphabet: str, count: int) -> str:
        """The next letters, evenly: bytes that would lean are passed over."""
        fair = (byte for byte in self._stream if byte < 256 - 256 % len(alphabet))
        return "".join(alphabet[byte % len(alphabet)] for byte in itertools.islice(fair, count))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


GOOD: dict[str, Callable[[Drawn, int], str]] = {
    "16 bytes in base64": lambda drawn, i: _base64(drawn.bytes(16)),
    "32 bytes in base64": lambda drawn, i: _base64(drawn.bytes(32)),
    "16 bytes in hexadecimal": lambda drawn, i: drawn.bytes(16).hex(),
    "22 letters and digits": lambda drawn, i: drawn.letters(LETTERS, 22),
    "32 small letters and digits": lambda drawn, i: drawn.letters(string.ascii_lowercase + string.digits, 32),
    "39 digits": lambda drawn, i: drawn.letters(string.digits, 39),
    "a prefix before 16 bytes": lambda drawn, i: f"key_live_{drawn.bytes(16).hex()}",
    "a clock before 16 bytes": lambda drawn, i: f"{1_700_000_000 + i * 3}.{_base64(drawn.bytes(16))}",
    "a counter behind 16 bytes": lambda drawn, i: f"{_base64(drawn.bytes(16))}-{i:06d}",
    "two fields of 8 bytes": lambda drawn, i: f"{drawn.bytes(8).hex()}.{drawn.bytes(8).hex()}",
}


@pytest.mark.parametrize("count", [12, 60])
@pytest.mark.parametrize("kind", GOOD)
def test_never_accuses_a_good_generator(kind: str, count: int) -> None:
    """Forty draws of each kind: a verdict that depends on luck would be found by whoever runs often enough."""
    for seed in range(40):
        drawn = Drawn(seed)
        found = [GOOD[kind](drawn, i) for i in range(count)]
        assert not randomness.fault_of(found), (seed, found[:3])


def test_never_accuses_many_tokens_of_a_good_generator() -> None:
    """A thousand are looked at as closely as a dozen, and made again in every known way without success."""
    drawn = Drawn(4711)
    seen = randomness.judged("guess", "tokens", [_base64(drawn.bytes(16)) for _ in range(1000)], needed=100, began=BEGAN)
    assert seen.outcome is Outcome.HELD
    assert "1000 tokens, none twice, which differ in about 128 bits" in seen.detail


def _chosen(seed: object) -> Iterator[str]:
    source = random.Random(seed)  # type: ignore[arg-type]  # any seed
    while True:
        yield "".join(source.choice(LETTERS) for _ in range(32))


def _hashed(name: str, length: int) -> Iterator[str]:
    return (hashlib.new(name, str(i).encode()).hexdigest()[:length] for i in itertools.count(40))


BAD: dict[str, tuple[Iterator[str], int, str]] = {
    "random seeded by the clock": (_chosen(int(BEGAN) - 20), 12, "random with the seed of the clock"),
    "random with a small seed": (_chosen(42), 12, "random with the seed 42"),
    "a hash of random": (
        (hashlib.md5(str(source.random()).encode()).hexdigest() for source in [random.Random(7)] for _ in itertools.count()),
        12,
        "random with the seed 7",
    ),
    "random with any seed, long enough": (
        (f"{source.getrandbits(128):032x}" for source in [random.Random()] for _ in itertools.count()),
        170,
        "all later ones follow",
    ),
    "bytes of random with any seed, long enough": (
        (source.randbytes(16).hex() for source in [random.Random()] for _ in itertools.count()),
        170,
        "all later ones follow",
    ),
    "a counter": ((f"{i:032x}" for i in itertools.count(99)), 12, "differ in about"),
    "a counter in base64": ((_base64(i.to_bytes(20, "big")) for i in itertools.count(1 << 40)), 12, "differ in about"),
    "a truncated hash of a counter": (_hashed("sha256", 32), 12, "sha256 of a small number"),
    "the end of a hash of a counter": ((text[-32:] for text in _hashed("sha1", 40)), 12, "sha1 of a small number"),
    "a hash of the clock in base64": (
        (_base64(hashlib.sha256(str(int(BEGAN) + i).encode()).digest()) for i in itertools.count()),
        12,
        "sha256 of the time",
    ),
    "uuid1": ((str(uuid.uuid1()) for _ in itertools.count()), 12, "version 1"),
    "uuid4": ((str(uuid.uuid4()) for _ in itertools.count()), 12, "ASVS 11.5.1"),
    "a short code": ((f"{code:06d}" for code in random.Random(1).sample(range(10**6), 90)), 90, "less than 128"),
    "a clock before 10 bytes": (
        (f"{1_700_000_000_000 + i * 7:012x}{Drawn(i).bytes(10).hex()}" for i in itertools.count()),
        60,
        "less than",
    ),
    "one piece four times": ((Drawn(i).bytes(4).hex() * 4 for i in itertools.count()), 60, "less than 128"),
    "one that comes again": (itertools.cycle([_base64(Drawn(i).bytes(16)) for i in range(50)]), 60, "10 of 60 tokens came twice"),
}


@pytest.mark.parametrize("kind", BAD)
def test_finds_what_can_be_guessed(kind: str) -> None:
    """Each way in which tokens are made of nothing, with its name."""
    source, count, told = BAD[kind]
    seen = randomness.judged("guess", "tokens", list(itertools.islice(source, count)), needed=10, began=BEGAN)
    assert seen.outcome is Outcome.BROKEN, seen.detail
    assert told in seen.detail


def test_says_of_too_few_that_they_are_too_few() -> None:
    """Five good tokens prove nothing."""
    seen = randomness.judged("guess", "tokens", [Drawn(i).bytes(16).hex() for i in range(5)], needed=20, began=BEGAN)
    assert seen.outcome is Outcome.UNTRIED
    assert "only 5" in seen.detail


def test_remarks_that_an_order_tells_the_age() -> None:
    """A clock before enough chance opens nothing, and tells when each was made."""
    found = [f"{1_700_000_000 + i}.{Drawn(i).bytes(16).hex()}" for i in range(30)]
    assert "their order tells which is older" in randomness.judged("guess", "tokens", found, needed=20).detail


def test_a_single_hexadecimal_token_is_no_uuid_by_chance() -> None:
    """Against an accusation of one good token in 64; with dashes, or where several look so, it is a UUID of a clock."""
    marked = "0123456789ab1def8123456789abcdef"
    assert randomness.fault_of([marked]) == ""
    assert "version 1" in randomness.fault_of([str(uuid.UUID(marked))])
    assert "version 1" in randomness.fault_of([f"{number:08x}{marked[8:]}" for number in range(4)])
