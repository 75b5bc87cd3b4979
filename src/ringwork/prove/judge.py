"""What evidence means: five verdicts, and why.

Against a pass that was never tested: a refusal without a control request, a look that counted nothing, and a check that was
never seen to fail all end as not verified, by name.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ringwork.names import CheckId
from ringwork.prove import owning
from ringwork.prove.evidence import CheckResult, Evidence, Finding, Observation, Outcome, Verdict, Waived, WaiverState
from ringwork.prove.grades import SEVERITIES
from ringwork.survey.facts import AppFacts, RouteFacts, WaiverFacts

# Gravest first: what a control is, when its checks differ.
_ORDER = (Verdict.VIOLATED, Verdict.ACCEPTED, Verdict.NOT_VERIFIED, Verdict.PROVEN, Verdict.NOT_APPLICABLE)
NO_PROOF = "no proof yet"


def broken(evidence: Evidence) -> list[Observation]:
    """The observations in which the attack succeeded."""
    return [o for o in evidence.observations if o.outcome is Outcome.BROKEN]


def unclear(evidence: Evidence) -> list[Observation]:
    """The observations in which the attack went through, and only a person knows whether that is meant."""
    return [o for o in evidence.observations if o.outcome is Outcome.UNCLEAR]


def held(evidence: Evidence) -> bool:
    """Whether attacks were made, with a control request or a count, and all failed."""
    made = [o for o in evidence.observations if o.outcome is Outcome.HELD and o.is_grounded]
    return bool(made) and not broken(evidence) and not unclear(evidence)


def reason(evidence: Evidence) -> str:
    """In one sentence, why the evidence means what it means."""
    if evidence.not_applicable or evidence.not_verified:
        return evidence.not_applicable or evidence.not_verified
    found = broken(evidence)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return f"{found[0].attack}: {found[0].detail}{more}"
    open_ = unclear(evidence)
    if open_:
        # Against a pass beside an attack that went through: what it means is for a person to say, and until then nothing is proven.
        first, more = open_[0], f" (and {len(open_) - 1} more)" if len(open_) > 1 else ""
        return f"an attack went through, and what that means is not known: {first.where}: {first.detail}{more}"
    made = [o for o in evidence.observations if o.outcome is Outcome.HELD]
    untried = [o for o in evidence.observations if o.outcome is Outcome.UNTRIED]
    if not made:
        return untried[0].detail if untried else "the check found nothing to look at"
    if not held(evidence):
        return "no control request succeeded, so the refusals say nothing"
    left = f"; {len(untried)} could not be made: {untried[0].detail}" if untried else ""
    return f"{_made(made)}{left}"


def _made(held: Sequence[Observation]) -> str:
    """In words, what was done and found nothing: an attack was made, and a look says what it looked at."""
    looks = [o for o in held if o.control is None and o.read]
    attacks = len(held) - len(looks)
    if not attacks:
        more = f" (and {len(looks) - 1} more)" if len(looks) > 1 else ""
        return f"looked, without an attack: {looks[0].where}: {looks[0].detail}{more}"
    beside = f", and {len(looks)} look{'s' if len(looks) != 1 else ''} found nothing wrong" if looks else ""
    return f"{attacks} attack{'s' if attacks != 1 else ''} made, none succeeded{beside}"


def first_verdict(evidence: Evidence) -> Verdict:
    """The verdict before sensitivity and waivers: PROVEN here only means that everything held."""
    if evidence.not_applicable:
        return Verdict.NOT_APPLICABLE
    if evidence.not_verified:
        return Verdict.NOT_VERIFIED
    if broken(evidence):
        return Verdict.VIOLATED
    return Verdict.PROVEN if held(evidence) else Verdict.NOT_VERIFIED


def of_control(results: Iterable[CheckResult]) -> Verdict:
    """The verdict of a control: its gravest check; checks of kinds that have no proof yet do not pull a proven one down.

    Against a pass by reading alone: where the catalogue names an attack and no attack was made, that nothing was found proves nothing.
    """
    found = list(results)
    tried = [r for r in found if r.reason != NO_PROOF] or found
    verdicts = {r.verdict for r in tried}
    is_only_read = all(r.kind == "static" for r in tried if r.verdict is Verdict.PROVEN) and any(r.kind == "live" for r in found)
    if Verdict.PROVEN in verdicts and is_only_read:
        verdicts = (verdicts - {Verdict.PROVEN}) | {Verdict.NOT_VERIFIED}
    if verdicts == {Verdict.NOT_APPLICABLE, Verdict.PROVEN}:
        return Verdict.PROVEN
    return next(verdict for verdict in _ORDER if verdict in verdicts)


def beside_attacks(results: Sequence[CheckResult]) -> list[CheckResult]:
    """The results, in which nothing is proven by reading beside an attack on the same control that went through.

    Against two lines of one report that say the opposite: nothing of the kind was read, and an attack showed that there is.
    """
    attacked = dict[str, CheckResult]()
    for result in results:
        if result.kind == "live" and result.verdict in {Verdict.VIOLATED, Verdict.ACCEPTED}:
            attacked.setdefault(result.check.partition("/")[0], result)
    return [_contradicted(one, attacked.get(one.check.partition("/")[0])) for one in results]


def _contradicted(result: CheckResult, attacked: CheckResult | None) -> CheckResult:
    if attacked is None or result.kind != "static" or not (result.verdict is Verdict.PROVEN or result.held):
        return result
    reason = f"reading found nothing, and {attacked.check} did; {result.reason}"
    return replace(result, verdict=Verdict.NOT_VERIFIED, held=False, reason=reason)


def waiver_for(observation: Observation, control: str, waivers: Sequence[WaiverFacts], today: datetime.date) -> WaiverFacts | None:
    """The waiver that covers a violation today; an expired one covers nothing."""
    for waiver in waivers:
        is_there = waiver.route in {"", observation.where} or _is_read_in(observation, waiver) or observation.routes == (waiver.route,)
        if waiver.control == control and is_there and today <= datetime.date.fromisoformat(waiver.until):
            return waiver
    return None


def _is_read_in(observation: Observation, waiver: WaiverFacts) -> bool:
    """Whether something was read in the lines that a comment means, or matters there; what was seen at a route is no such thing."""
    if not observation.file or not observation.where.startswith(observation.file):
        return False
    spots = ((observation.file, observation.line), *((step.file, step.line) for step in observation.steps[-1:]))
    return any(waiver.file == file and waiver.begins <= line <= waiver.ends for file, line in spots)


def finding_id(control: str, check: CheckId, where: str, handler: str) -> str:
    """12 hexadecimal characters, the same while control, check, route template and handler stay."""
    return hashlib.sha256("\0".join((control, check, where, handler)).encode()).hexdigest()[:12]


def waivers_of(facts: AppFacts) -> tuple[WaiverFacts, ...]:
    """The policy's, then those in comments of the source."""
    return (*(facts.guard.waivers if facts.guard is not None else ()), *facts.waivers)


def findings(
    check: CheckId,
    severity: str,
    evidence: Evidence,
    facts: AppFacts,
    *,
    fix: str,
    today: datetime.date,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> list[Finding]:
    """One for each place that a check found broken, instances folded, waived ones marked accepted.

    owners: as in the project's settings, by control, layer or beginning of a route.
    """
    control = check.partition("/")[0]
    by_name = {route.name: route for route in facts.routes}
    grouped = dict[str, list[Observation]]()
    for observation in broken(evidence):
        grouped.setdefault(observation.where, []).append(observation)
    found = [_finding(control, check, severity, seen, by_name, fix, waivers_of(facts), today) for seen in grouped.values()]
    return [replace(one, owner=one.owner or owning.owner_of(control, one.where, owners)) for one in found]


def _finding(
    control: str,
    check: CheckId,
    severity: str,
    seen: Sequence[Observation],
    routes: Mapping[str, RouteFacts],
    fix: str,
    waivers: Sequence[WaiverFacts],
    today: datetime.date,
) -> Finding:
    first = seen[0]
    route = routes.get(first.where)
    covering = [waiver_for(o, control, waivers, today) for o in seen]
    waiver = covering[0] if all(covering) else None
    return Finding(
        id=finding_id(control, check, first.where, route.handler if route else ""),
        control=control,
        check=check,
        severity=min((o.severity or severity for o in seen), key=lambda one: SEVERITIES.index(one) if one in SEVERITIES else -1),
        where=first.where,
        summary=f"{first.attack}: {first.detail}",
        fix=first.fix or fix,
        verdict=Verdict.ACCEPTED if waiver else Verdict.VIOLATED,
        observation=first,
        file=first.file or (route.shown_file if route else ""),
        line=first.line or (route.line if route else 0),
        instances=len(seen),
        owner=waiver.owner if waiver else "",
        waiver=as_met(waiver, WaiverState.USED) if waiver else None,
    )


def as_met(waiver: WaiverFacts, state: WaiverState) -> Waived:
    """A waiver and what became of it."""
    return Waived(
        control=waiver.control,
        route=waiver.route,
        reason=waiver.reason,
        owner=waiver.owner,
        until=waiver.until,
        source=waiver.source,
        state=state,
        file=waiver.file,
        line=waiver.line,
    )
