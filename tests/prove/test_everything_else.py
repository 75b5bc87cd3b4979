"""With one defence out, the others still hold: only what its catalogue row says it entails may fall with it."""

from __future__ import annotations

import pytest

from ringwork.controls import control as catalogue
from ringwork.prove import judge, register
from ringwork.prove.check import Check
from ringwork.prove.evidence import Verdict
from tests.prove import clinics

CONTROLS = sorted({register.control_of(check) for check in register.checks()})


def others(out: str) -> list[Check]:
    """The checks of all other controls, those apart that the row says fall too, or that the breached clinic leaves out as well."""
    row = next(row for row in catalogue.load().controls if row.id == out)
    fallen = {out, *clinics.breached(out).WITHOUT, *(entailed.control for entailed in row.entails)}
    return [check for check in register.checks() if register.control_of(check) not in fallen]


@pytest.mark.slow
@pytest.mark.parametrize("out", CONTROLS)
def test_everything_else_holds_when_one_defence_is_out(out: str) -> None:
    """Defences that lean on each other are one defence: taking one out must not take others down."""
    module = clinics.breached(out)
    fallen = []
    for check in others(out):
        evidence = clinics.run("fastapi", check, module.WITHOUT)
        if judge.first_verdict(evidence) is Verdict.VIOLATED:
            fallen.append(f"{check.id}: {judge.reason(evidence)}")
    assert not fallen, "\n".join(fallen)
