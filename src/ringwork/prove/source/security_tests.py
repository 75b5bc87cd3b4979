"""Whether the project's own tests go through the files that it marks sensitive, branch by branch.

Against a check that no test has ever seen refuse: code that no test reaches can vanish unnoticed.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.survey.flows import Covered

CONTROL = "source.security-tests"
_UNLOCK = "coverage run --branch -m pytest && coverage json"


def sensitive_coverage(stage: Stage) -> Evidence:
    """Read the coverage data of each sensitive file: lines and branches together, at or above the floor."""
    check = CheckId(f"{CONTROL}/sensitive-coverage")
    marked = stage.source.sensitive
    if marked is None:
        told = 'the project marks no file as sensitive; prove.sensitive = ["shop/accounts/*"] names them'
        return Evidence(check=check, not_applicable=told)
    lost = [f"no file fits {pattern}" for pattern in marked.unmatched] + [f"{one.file}: {one.why}" for one in marked.covered if one.why]
    known = [one for one in marked.covered if not one.why]
    if not known:
        return Evidence(check=check, not_verified="; ".join(lost[:10]), unlock=_UNLOCK)
    seen = [_seen(one, marked.floor, marked.data) for one in known]
    seen += [Observation(attack="coverage data", where="prove.sensitive", outcome=Outcome.UNTRIED, detail=text) for text in lost]
    return Evidence(check=check, observations=tuple(seen))


def _seen(one: Covered, floor: float, data: str) -> Observation:
    """One file. Without branches half of what decides was not measured, so it can fall, and not hold."""
    share = one.hit / one.parts if one.parts else 1.0
    is_low = share < floor
    parts = "lines and branches" if one.has_branches else "lines; branches were not recorded, coverage run --branch does"
    return Observation(
        attack="tests of a sensitive file",
        where=one.file,
        outcome=Outcome.BROKEN if is_low else Outcome.HELD if one.has_branches else Outcome.UNTRIED,
        detail=f"{data}: {share:.0%} of {one.parts} {parts}; the floor is {floor:.0%}",
        file=one.file,
        line=1,
        read=one.parts,
        fix="test what it refuses as well as what it lets through",
    )


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/sensitive-coverage"), kind=Kind.STATIC, run=sensitive_coverage, planted=ProbeRoute.BREACHED_SOURCE),
)
