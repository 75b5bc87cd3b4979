"""Traps that are about the whole house and no single guard."""

from __future__ import annotations

import pytest

from ringwork.pipeline import ORDER
from ringwork.prove import register, sensitivity
from ringwork.prove.check import Kind

CONTROLS = sorted(guard.control for guard in ORDER)


@pytest.mark.parametrize("control", CONTROLS)
def test_trap_04_every_control_has_a_live_probe(control: str) -> None:
    """Rule 4: a rule that is stored and never evaluated shows only where a request is sent and refused."""
    live = [check.id for check in register.checks() if register.control_of(check) == control and check.kind is Kind.LIVE]
    assert live, f"{control} has no live check, so nobody would notice that its guard never runs"


@pytest.mark.parametrize("control", CONTROLS)
def test_trap_04_a_live_probe_of_every_control_was_seen_to_fail_without_it(control: str) -> None:
    """Rule 4: the probe must fail when the control is removed, or when its fault is planted; the shipped table says on which clinic."""
    live = {check.id for check in register.checks() if register.control_of(check) == control and check.kind is Kind.LIVE}
    fallen = [
        entry.check
        for entry in sensitivity.read().values()
        if entry.check in live and entry.verdict == "violated" and (entry.planted or control in entry.without)
    ]
    assert fallen, f"no live check of {control} was seen to fail; write the table again with ./run sensitivity"
