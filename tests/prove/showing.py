"""What every proof has to show: it holds on the guarded clinic, falls on the breached one, and says where."""

from __future__ import annotations

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Evidence, Observation, Outcome, Verdict
from tests.prove import clinics
from tests.recording import record


def holds(framework: str, check: Check) -> None:
    """The attack was made and failed, with a control request or a count to ground it; or it does not apply here."""
    evidence = clinics.run(framework, check)
    verdict = judge.first_verdict(evidence)
    assert verdict in {Verdict.PROVEN, Verdict.NOT_APPLICABLE}, _told(evidence)
    if verdict is Verdict.NOT_APPLICABLE:
        record(check.id, framework=framework, verdict=verdict)


def falls(framework: str, check: Check) -> list[Observation]:
    """The same check on the clinic with that one defence out; a planted fault where no guard can be taken out."""
    module = clinics.breached(check.id.partition("/")[0])
    replaced = clinics.replaced_in(module)
    # What a look reads was gathered before anything was replaced, so its fault is planted.
    is_planted = check.planted is not None and (not replaced or clinics.is_look(check))
    evidence = clinics.run_planted(framework, check) if is_planted else clinics.run(framework, check, module.WITHOUT, replaced)
    if evidence.not_applicable:
        return []
    broken = [o for o in evidence.observations if o.outcome is Outcome.BROKEN]
    assert broken, _told(evidence)
    planted = check.planted.value if check.planted is not None and is_planted else ""
    without = (module.CONTROL, *module.WITHOUT) if replaced else module.WITHOUT
    record(check.id, framework=framework, verdict=Verdict.VIOLATED, without=() if planted else without, planted=planted)
    return broken


def _told(evidence: Evidence) -> str:
    lines = [f"{o.outcome}: {o.attack} at {o.where}: {o.detail}" for o in evidence.observations]
    return "\n".join([evidence.check, evidence.not_verified, evidence.not_applicable, *lines])


def places(found: list[Observation]) -> set[str]:
    """Where the attacks succeeded."""
    return {o.where for o in found}
