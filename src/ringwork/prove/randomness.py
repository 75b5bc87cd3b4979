"""How much chance a set of tokens holds: none twice, and enough that differs from one to the next.

Against tokens that count upward, carry the time or a hash of what everybody knows: many are compared, place by place, and then
likely ways to make them are tried. What the eye of a statistic cannot see stays unseen: the number of bits is an upper bound.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ringwork.prove import guessing, tokens
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.witness import saw

ENOUGH_BITS = 128
_ROUNDING = 1.0
"""A place of few letters is estimated, so that exactly 128 bits may look like a little less."""

_LEAST = 12
"""With fewer tokens nothing is said of their bits, for a place of 64 letters would show a handful of them."""

_ALPHABETS = (2, 4, 8, 10, 16, 26, 32, 36, 52, 62, 64)
_SHOWN = 0.85
"""How much of an alphabet has to be seen to be taken for the whole."""

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?([1-8])[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE)
_ALIKE = 4
_ORDER = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def judged(attack: str, where: str, found: Sequence[str], *, needed: int, began: float | None = None) -> Observation:
    """None came twice, each holds enough chance, and no known way makes them; untried with fewer than `needed`.

    began: when the first was made, in seconds since 1970, where it shall also be tried how they were made.
    """
    fault = fault_of(found, began=began)
    if fault:
        return saw(Outcome.BROKEN, attack, where, fault, read=len(found))
    if len(found) < needed:
        return saw(Outcome.UNTRIED, attack, where, f"only {len(found)} token{'' if len(found) == 1 else 's'} could be collected")
    bits = bits_of(found)
    detail = f"{len(found)} tokens, none twice, which differ in about {bits:.0f} bits" + ("" if bits < 512 else " and more")
    remark = "; their order tells which is older" if is_ordered(found) else ""
    return saw(Outcome.HELD, attack, where, detail + remark, read=len(found))


def fault_of(found: Sequence[str], *, began: float | None = None) -> str:
    """Why somebody could guess them, "" where nothing says so."""
    if len(set(found)) < len(found):
        return f"{len(found) - len(set(found))} of {len(found)} tokens came twice"
    if version_of(found) == 1:
        return f"{len(found)} tokens are UUIDs of version 1: a clock and the address of a network card"
    bits = bits_of(found)
    if len(found) >= _LEAST and bits < ENOUGH_BITS - _ROUNDING:
        said = "; a random UUID holds 122 (ASVS 11.5.1)" if version_of(found) == 4 else ""
        return f"{len(found)} tokens differ in about {bits:.0f} bits, less than {ENOUGH_BITS}{said}"
    way = guessing.made_by(found, began=began) if began is not None and len(found) > 1 else ""
    return f"the tokens were made again: {way}" if way else ""


def version_of(found: Sequence[str]) -> int:
    """The version of the UUIDs that all of them are, 0 for anything else.

    Against one hexadecimal token in 64 that has the marks of version 1 by chance: without dashes, some have to have them.
    """
    if len(found) < _ALIKE and not all("-" in token for token in found):
        return 0
    matches = [_UUID.fullmatch(token) for token in found]
    versions = {int(match.group(1)) if match else 0 for match in matches}
    return versions.pop() if len(versions) == 1 else 0


def is_ordered(found: Sequence[str]) -> bool:
    """Whether each is greater than the one before, as text."""
    return len(found) >= _LEAST and all(a < b for a, b in itertools.pairwise(found))


def bits_of(found: Sequence[str]) -> float:
    """How many bits of chance a token may hold at most; constant parts, copies of other places, counters and clocks add nothing."""
    columns = dict.fromkeys(column for field in tokens.fields_of(found) for column in _columns(field))
    return sum(_bits(column, letters) for column, letters in columns)


def _columns(field: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each place of a field that varies, with the number of letters that the varying places of the field know."""
    columns = ["".join(letters) for letters in zip(*field, strict=False)]
    varying = [column for column in columns if len(set(column)) > 1]
    seen = len(set().union(*varying))
    whole = next((size for size in _ALPHABETS if seen <= size), seen)
    letters = whole if seen >= _SHOWN * whole else seen
    yield from ((column, letters) for column in varying)


def _bits(column: str, letters: int) -> float:
    """What one place adds: all that its letters could carry where they come alike often, else the entropy that was seen."""
    counts = Counter(column)
    if _is_led(column, counts):
        return 0.0
    pairs = len(column) * (len(column) - 1) / 2
    if _collisions(counts) <= _most(pairs / letters):
        return math.log2(letters)
    seen = -sum(count / len(column) * math.log2(count / len(column)) for count in counts.values())
    # Source: Miller and Madow's correction, for a sample shows fewer letters than there are.
    return min(math.log2(letters), seen + (len(counts) - 1) / (2 * len(column) * math.log(2)))


def _is_led(column: str, counts: Counter[str]) -> bool:
    """Whether one letter leads to the next: the steps between neighbours are the same more often than chance makes them."""
    known = sorted(counts, key=lambda letter: (_ORDER.find(letter), letter))
    rank = {letter: i for i, letter in enumerate(known)}
    steps = Counter((rank[b] - rank[a]) % len(known) for a, b in itertools.pairwise(column))
    share = [counts[letter] / len(column) for letter in known]
    expected = sum(sum(map(operator.mul, share[-step:] + share[:-step], share)) ** 2 for step in range(len(known)))
    made = len(column) - 1
    return _collisions(steps) > _most(made * (made - 1) / 2 * expected)


def _collisions(counts: Counter[str] | Counter[int]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def _most(expected: float) -> float:
    """What chance does not pass in a life of runs: seven deviations, and some more where few are expected."""
    return expected + 7 * math.sqrt(expected) + 12
