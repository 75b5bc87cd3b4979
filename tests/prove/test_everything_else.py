"""With one defence out, the others still hold: only what its catalogue row says it entails may fall with it.

All the others are taken out at once: what holds then holds with each of them out alone, for a guard more makes no attack easier.
What is not proven then is asked again with half of them out, and so on: only what falls with a single one out counts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

import pytest

from ringwork.controls import control as catalogue
from ringwork.prove import judge, register
from ringwork.prove.check import Check, Kind
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from ringwork.prove.witness import saw
from tests.prove import clinics

CONTROLS = sorted({register.control_of(check) for check in register.checks()})
Look = Callable[[Check, Sequence[str]], Evidence]


@functools.cache
def fallen_with(out: str) -> frozenset[str]:
    """A defence, what its breached clinic leaves out beside it, and what its row says falls too."""
    row = next(row for row in catalogue.load().controls if row.id == out)
    return frozenset({out, *clinics.breached(out).WITHOUT, *(entailed.control for entailed in row.entails)})


def others(judged: str) -> list[str]:
    """Every defence with which this one must not fall."""
    return [out for out in CONTROLS if judged not in fallen_with(out)]


def look(check: Check, outs: Sequence[str]) -> Evidence:
    """The evidence of the whole check, nothing left out for brevity, on a copy without these."""
    modules = [clinics.breached(out) for out in outs]
    without = [control for module in modules for control in module.WITHOUT]
    stage = clinics.clinic("fastapi").stage(without, [name for module in modules for name in clinics.replaced_in(module)])
    stage.brief = False
    try:
        return check.run(stage)
    finally:
        stage.close()


def falls(check: Check, outs: Sequence[str], look: Look = look) -> Iterator[str]:
    """With which of these out the check is violated, and how."""
    evidence = look(check, outs)
    verdict = judge.first_verdict(evidence)
    # What only reads the source finds the same in it, and what the clinic does not have (a form for files) it has with no guard out.
    is_elsewhere = check.kind is Kind.STATIC or verdict is Verdict.NOT_APPLICABLE
    if verdict is Verdict.PROVEN or (is_elsewhere and verdict is not Verdict.VIOLATED):
        return
    if len(outs) > 1:
        # Every other one, because those that take the same thing away together stand beside each other, in one layer.
        yield from falls(check, outs[::2], look)
        yield from falls(check, outs[1::2], look)
    elif verdict is Verdict.VIOLATED:
        yield f"{check.id} without {outs[0]}: {judge.reason(evidence)}"


@pytest.mark.slow
@pytest.mark.parametrize("judged", CONTROLS)
def test_holds_when_any_other_defence_is_out(judged: str) -> None:
    """Defences that lean on each other are one defence: taking one out must not take others down."""
    # Ruling 10: what the clock alone tells is asked on machines that do nothing else.
    checks = [check for check in clinics.checks_of(judged) if not check.deep]
    assert not [line for check in checks for line in falls(check, others(judged))]


def test_finds_the_one_with_which_a_check_falls() -> None:
    """A search that never comes to the one at fault would pass whatever falls."""
    check, culprit = clinics.checks_of("browser.csrf")[0], "network.host-validation"

    def seen(one: Check, outs: Sequence[str]) -> Evidence:
        held = saw(Outcome.HELD, "an attack", "everywhere", "refused", read=1)
        broken = saw(Outcome.BROKEN, "an attack", "everywhere", "let through")
        return Evidence(check=one.id, observations=(broken if culprit in outs else held,))

    assert list(falls(check, CONTROLS, seen)) == [f"{check.id} without {culprit}: an attack: let through"]
