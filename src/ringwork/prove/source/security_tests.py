"""Whether the project's own tests pass, go through the files that it marks sensitive, and would miss each line that refuses somebody.

Against a check that no test has ever seen refuse: code that no test reaches can vanish unnoticed, and so can code that a test goes through
without looking. What tests came to is read from a record (`ringwork mutants`); none is run here.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.survey.flows import Covered, Fate, Mutant, Suite

CONTROL = "source.security-tests"
_RECORD = "ringwork mutants"
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


def suite_runs(stage: Stage) -> Evidence:
    """Read the record of the project's tests on this very code: all passed, and each that is skipped says why."""
    check = CheckId(f"{CONTROL}/suite-runs")
    suite = stage.source.suite
    if suite is None or suite.why:
        return _unrecorded(check, suite)
    seen = [_test(name, "a test that fails", "mend the test, or what it found") for name in suite.failed]
    seen += [_test(name, "a test that is skipped without a reason", 'say why: skip(reason="...")') for name in suite.unreasoned]
    if suite.some:
        seen.append(_some(suite, "tests that were not asked for"))
    elif not seen:
        detail = f"{suite.passed} tests passed on {suite.day}, {suite.skipped} were skipped with their reason"
        seen.append(Observation(attack="the project's tests", where="its tests", outcome=Outcome.HELD, detail=detail, read=suite.passed))
    return Evidence(check=check, observations=tuple(seen))


def _unrecorded(check: CheckId, suite: Suite | None) -> Evidence:
    why = suite.why if suite is not None else "the record of the project's tests was not read"
    return Evidence(check=check, not_verified=why, unlock=_RECORD)


def _some(suite: Suite, attack: str) -> Observation:
    detail = f"the record is of `{_RECORD} {suite.some}` alone; run `{_RECORD}`"
    return Observation(attack=attack, where="the record", outcome=Outcome.UNTRIED, detail=detail)


def _test(name: str, attack: str, fix: str) -> Observation:
    file = name.partition("::")[0]
    return Observation(attack=attack, where=name, outcome=Outcome.BROKEN, detail="by the record of this code", file=file, line=1, fix=fix)


def mutation_of_controls(stage: Stage) -> Evidence:
    """Read what became of each line that refuses somebody once it was taken out of a copy: a test has to miss it."""
    check = CheckId(f"{CONTROL}/mutation-of-controls")
    suite = stage.source.suite
    if suite is None or suite.why:
        return _unrecorded(check, suite)
    if suite.failed and not suite.mutants:
        return Evidence(check=check, not_verified="tests fail as they are, so that one more failure says nothing", unlock=_RECORD)
    if not suite.places and not suite.some:
        return Evidence(check=check, not_applicable="no line was found that refuses somebody by itself")
    seen = [_mutant(one) for one in suite.mutants if one.fate is not Fate.MISSED]
    missed = sum(one.fate is Fate.MISSED for one in suite.mutants)
    if suite.some:
        seen.append(_some(suite, "lines that were not asked for"))
    left = suite.places - len(suite.mutants)
    if suite.cut or left > 0:  # the record is written line by line, and who ends the run by force leaves it without a word
        detail = f"{left} of {suite.places} lines were not tried: {suite.cut or 'the run was ended'}"
        seen.append(Observation(attack="lines left in", where="the record", outcome=Outcome.UNTRIED, detail=detail))
    elif not seen:
        detail = f"each of {missed} lines that refuse somebody was missed by a test once it was out"
        seen.append(Observation(attack="a line taken out", where="the project's tests", outcome=Outcome.HELD, detail=detail, read=missed))
    return Evidence(check=check, observations=tuple(seen))


def _mutant(one: Mutant) -> Observation:
    told = {
        Fate.SURVIVED: f"{one.tests} tests go through it, and all passed without it",
        Fate.UNREACHED: "no test goes through it",
    }.get(one.fate, one.why or "the tests could not be run without it")
    return Observation(
        attack=f"{one.said} taken out",
        where=one.file,
        outcome=Outcome.UNTRIED if one.fate is Fate.UNKNOWN else Outcome.BROKEN,
        detail=f"line {one.line}: {told}",
        file=one.file,
        line=one.line,
        fix="test what it refuses: a request of somebody who is not permitted, and that nothing changed",
    )


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/suite-runs"), kind=Kind.PROCESS, run=suite_runs, planted=ProbeRoute.BREACHED_SOURCE),
    Check(id=CheckId(f"{CONTROL}/mutation-of-controls"), kind=Kind.PROCESS, run=mutation_of_controls, planted=ProbeRoute.BREACHED_SOURCE),
    Check(id=CheckId(f"{CONTROL}/sensitive-coverage"), kind=Kind.STATIC, run=sensitive_coverage, planted=ProbeRoute.BREACHED_SOURCE),
)
