"""What a stored statement and its report are worth today: each step held, broken, or not tried, and what none of them proves.

Against evidence that is believed because it is there: altered, of other code, of another year, of a run that failed, or signed by
somebody else. A step that could not be tried is told, and is no pass.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ringwork.errors import ReportUnreadable
from ringwork.prove.evidence import Outcome, Report, Verdict
from ringwork.report import envelope, intoto, plain
from ringwork.report.visible import one_line

MAX_AGE = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question. says: the answer in a sentence."""

    name: str
    outcome: Outcome
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All steps in their order, and what remains unproven even when each of them held."""

    steps: tuple[Step, ...]
    beyond: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """Broken where one is; untried where one could not be tried; else held."""
        found = {step.outcome for step in self.steps}
        return next((one for one in (Outcome.BROKEN, Outcome.UNTRIED) if one in found), Outcome.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is verified, and against what. commit: the one that the evidence should be of, "" when none is known. now: with a zone."""

    statement: str
    report: str
    key: envelope.Verifier | None
    commit: str
    now: datetime.datetime
    max_age: datetime.timedelta = MAX_AGE


def verify(case: Case) -> Verification:
    """Every step that can be taken; the first two decide whether there are more."""
    try:
        opened = envelope.open_unverified(case.statement)
        told = json.loads(opened.payload)
    except (ValueError, RecursionError):
        return Verification(steps=(_step("statement", held=False, says="it cannot be read as a statement"),), beyond=())
    fault = _fault(told)
    if fault:
        return Verification(steps=(_step("statement", held=False, says=fault),), beyond=())
    try:
        report = plain.from_json(case.report)
    except ReportUnreadable as error:
        return Verification(steps=(_signature(case, opened), _step("report", held=False, says=str(error))), beyond=())
    steps = (
        _signature(case, opened),
        _report(case, told),
        _same(told, report),
        _commit(case, told, report),
        _ending(report),
        _age(case, report),
    )
    return Verification(steps=steps, beyond=tuple(_beyond(report)))


def _step(name: str, *, held: bool, says: str) -> Step:
    return Step(name=name, outcome=Outcome.HELD if held else Outcome.BROKEN, says=says)


def _fault(told: Any) -> str:
    """Why this is no statement of ours, "" when it is one."""
    if not isinstance(told, dict) or told.get("_type") != intoto.STATEMENT:
        wanted = "give the statement.json that `ringwork prove --format in-toto` writes"
        return f"it is no in-toto statement of version 1 ({intoto.STATEMENT}); {wanted}"
    if told.get("predicateType") != intoto.PREDICATE:
        return f"it states something else than a test result ({intoto.PREDICATE})"
    subjects = told.get("subject")
    whole = isinstance(subjects, list) and all(isinstance(one, dict) and isinstance(one.get("digest"), dict) for one in subjects)
    return "" if whole and isinstance(told.get("predicate"), dict) else "its subjects or its predicate are missing"


def _subject(told: Mapping[str, Any], algorithm: str) -> str:
    """The digest of the first subject that has one of this kind, "" without one."""
    found = (one["digest"].get(algorithm) for one in told["subject"])
    return str(next((digest for digest in found if digest), ""))


def _signature(case: Case, opened: envelope.Opened) -> Step:
    if not opened.signatures:
        says = "there is none: whoever can write the file can write another"
        return Step(name="signature", outcome=Outcome.UNTRIED if case.key is None else Outcome.BROKEN, says=says)
    if case.key is None:
        says = "there is one, but no key to check it with; give --key PUB.pem"
        return Step(name="signature", outcome=Outcome.UNTRIED, says=says)
    if opened.payload_type != envelope.PAYLOAD_TYPE or not opened.is_signed_by(case.key):
        return _step("signature", held=False, says=f"it is not one of the key {case.key.key_id[:16]}")
    return _step("signature", held=True, says=f"by the key {case.key.key_id[:16]}")


def _report(case: Case, told: Mapping[str, Any]) -> Step:
    stated, found = _subject(told, "sha256"), intoto.digest(case.report)
    if stated == found:
        return _step("report", held=True, says=f"it is the one of the statement, sha256 {found[:16]}...")
    return _step(
        "report", held=False, says=f"it is another than that of the statement: sha256 {found[:16]}..., not {one_line(stated)[:16]}..."
    )


def _same(told: Mapping[str, Any], report: Report) -> Step:
    """Against a statement that says more than its report: it is made again, and compared."""
    again, stated = intoto.statement(report)["predicate"], told["predicate"]
    differing = [name for name in ("result", "passedTests", "warnedTests", "failedTests") if stated.get(name) != again[name]]
    if differing:
        return _step("content", held=False, says=f"the statement says something else than the report: {', '.join(differing)}")
    return _step("content", held=True, says=f"the statement says what the report says: {again['result']}")


def _commit(case: Case, told: Mapping[str, Any], report: Report) -> Step:
    stated = _subject(told, "gitCommit")
    if not stated:
        why = "its tree had changes that are in no commit" if report.tree == "changed" else "git could not say whether the tree was clean"
        return Step(name="commit", outcome=Outcome.UNTRIED, says=f"the run is bound to none: {why}")
    if not intoto.is_of_its_commit(report) or stated != report.commit:
        return _step("commit", held=False, says="the statement names a commit that the report does not")
    if not case.commit:
        says = f"it is of {stated[:12]}, and there is none to compare it with; give --commit"
        return Step(name="commit", outcome=Outcome.UNTRIED, says=says)
    if stated != case.commit:
        return _step("commit", held=False, says=f"it is of {stated[:12]}, and this is {one_line(case.commit)[:12]}")
    return _step("commit", held=True, says=f"it is of {stated[:12]}")


def _ending(report: Report) -> Step:
    says = f"exit {report.exit_code}, {one_line(report.exit_reason, limit=300)}"
    if report.exit_code != 0 or report.partial:
        return _step("outcome", held=False, says=says)
    if not intoto.proves_something(report):
        why = f"it asked only what changed since {one_line(report.since, limit=80)}" if report.left_out else "no check is proven"
        return Step(name="outcome", outcome=Outcome.UNTRIED, says=f"{says}; {why}")
    return _step("outcome", held=True, says=says)


def _age(case: Case, report: Report) -> Step:
    try:
        begun = datetime.datetime.fromisoformat(report.started_at)
    except ValueError:
        return _step("age", held=False, says="it says no time")
    if begun.tzinfo is None:
        return _step("age", held=False, says="its time has no zone")
    age, day = case.now - begun, datetime.timedelta(days=1)
    if age < -day:
        return _step("age", held=False, says=f"it is dated in the future: {begun.isoformat()}")
    says = f"{max(age // day, 0)} days, of {case.max_age // day} allowed; it began {begun.isoformat()}"
    return _step("age", held=age <= case.max_age, says=says)


def _beyond(report: Report) -> Iterator[str]:
    held = sum(result.held for result in report.results)
    counts: Callable[[Verdict], int] = report.count
    yield "that the machine of the run was honest: whoever holds the key, or the pipeline, can sign another report"
    yield "that what is deployed is this commit, with these packages, these settings and this configuration of its servers"
    yield f"the {counts(Verdict.NOT_VERIFIED)} checks that were not verified (held {held}), by name in the report"
    if counts(Verdict.ACCEPTED) or counts(Verdict.VIOLATED):
        yield f"that nothing is wrong: {counts(Verdict.VIOLATED)} checks are violated and {counts(Verdict.ACCEPTED)} accepted"
    if report.left_out:
        yield f"anything about the {len(report.left_out)} routes that did not change since {one_line(report.since, limit=80)}"
