"""How much chance a set of tokens holds: none twice, and enough that differs from one to the next.

Against tokens that count upward, carry the time or a hash of what everybody knows: many are compared, place by place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.witness import saw

ENOUGH_BITS = 128


def judged(attack: str, where: str, tokens: Sequence[str], *, needed: int) -> Observation:
    """None came twice, and each holds enough chance; untried with fewer than `needed`."""
    if len(set(tokens)) < len(tokens):
        detail = f"{len(tokens) - len(set(tokens))} of {len(tokens)} tokens came twice"
        return saw(Outcome.BROKEN, attack, where, detail, read=len(tokens))
    bits = bits_of(tokens)
    if len(tokens) >= needed // 4 and bits < ENOUGH_BITS:
        detail = f"{len(tokens)} tokens differ in about {bits:.0f} bits, less than {ENOUGH_BITS}"
        return saw(Outcome.BROKEN, attack, where, detail, read=len(tokens))
    if len(tokens) < needed:
        return saw(Outcome.UNTRIED, attack, where, f"only {len(tokens)} tokens could be collected")
    detail = f"{len(tokens)} tokens, none twice, which differ in about {bits:.0f} bits" + ("" if bits < 512 else " and more")
    return saw(Outcome.HELD, attack, where, detail, read=len(tokens))


def bits_of(tokens: Sequence[str]) -> float:
    """The entropy of each place summed up: an upper bound that constant and counting parts do not raise."""
    total = 0.0
    for place in zip(*tokens, strict=False):
        counts = [place.count(letter) for letter in set(place)]
        total += -sum(count / len(place) * math.log2(count / len(place)) for count in counts)
    return total
