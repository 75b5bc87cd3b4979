"""Whether the source has an open finding: of our own rules, of other tools, and behind warnings that somebody switched off.

Against the weakness that falls between all chairs, the tool that everybody believes to run, and the comment that hides a hole for years:
what belongs to a control of its own is told there; here stands who looked, what else they saw, and what nobody may see.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.names import CheckId
from ringwork.prove import reading
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome, Tier
from ringwork.survey.flows import Flow, Heard, Silenced, SourceFacts, Strength

CONTROL = "source.static-analysis"
_INSTALL = "pip install 'ringwork[tools]'"
_SOURCE = "the project's source"
_TOLD = 10


# -- imported-findings --------------------------------------------------------------------------------------


def imported_findings(stage: Stage) -> Evidence:
    """Read what bandit and ruff saw. A fault that our own reading saw as well is a hole; what they alone say is listed, and no pass."""
    check = CheckId(f"{CONTROL}/imported-findings")
    facts = stage.source
    absent = [one for one in facts.heard if not one.ran]
    if not facts.heard or len(absent) == len(facts.heard):
        why = "; ".join(one.why for one in absent) or "no other tool was asked"
        return Evidence(check=check, not_verified=why, unlock=next((one.unlock for one in absent if one.unlock), _INSTALL))
    seen = [_imported(flow) for flow in facts.imported]
    lost = [*(_absent(one) for one in absent), *_lost(facts)]
    if not seen and not lost:
        names = " and ".join(f"{one.tool} {one.version}".strip() for one in facts.heard)
        read = min(one.read for one in facts.heard)
        detail = f"{names} read {read} files and saw nothing of the kind"
        seen.append(Observation(attack="what other tools see", where=_SOURCE, outcome=Outcome.HELD, detail=detail, read=read))
    return Evidence(check=check, observations=(*seen, *lost))


def _imported(flow: Flow) -> Observation:
    is_hole = flow.strength is Strength.STRONG
    place = flow.place
    detail = f"line {place.line}: {flow.detail or flow.kind}"
    return Observation(
        attack=f"seen by {flow.sink}",
        where=reading.where_of(flow),
        outcome=Outcome.BROKEN if is_hole else Outcome.UNTRIED,
        detail=detail if is_hole else f"{detail} (no way from a request was seen)",
        file=place.file,
        line=place.line,
        tier=Tier.UNCONFIRMED if is_hole else Tier.WEAK,
    )


def _absent(one: Heard) -> Observation:
    return Observation(attack=f"what {one.tool} sees", where=_SOURCE, outcome=Outcome.UNTRIED, detail=one.why or "it did not run")


def _lost(facts: SourceFacts) -> Iterator[Observation]:
    """Files that every tool lost; what one of them read has been looked at."""
    lost = [{one.file: one.why for one in heard.unread} for heard in facts.heard if heard.ran]
    both = sorted(set.intersection(*(set(one) for one in lost))) if lost else []
    if both:
        detail = ", ".join(f"{file} ({lost[0][file]})" for file in both[:_TOLD])
        more = f" and {len(both) - _TOLD} more" if len(both) > _TOLD else ""
        yield Observation(
            attack="files that no other tool could read", where="unread files", outcome=Outcome.UNTRIED, detail=f"{detail}{more}"
        )


# -- suppressions -------------------------------------------------------------------------------------------


def suppressions(stage: Stage) -> Evidence:
    """Read comments and settings that switch warnings of security off: each has to name its rules and its reason; git knows its day."""
    check = CheckId(f"{CONTROL}/suppressions")
    facts = stage.source
    if not facts.files:
        return Evidence(check=check, not_verified="no source file was read", unlock="run it on the project's folder")
    seen = [_silenced(one) for one in facts.silenced if one.fault]
    if not any(one.outcome is Outcome.BROKEN for one in seen):
        days = sorted(one.day for one in facts.silenced if one.day)
        since = f", the oldest of {days[0]}" if days else ""
        detail = f"{len(facts.silenced)} in {facts.files} files{since}; each that may hide a hole names its rule and its reason"
        seen.append(
            Observation(attack="warnings that are switched off", where=_SOURCE, outcome=Outcome.HELD, detail=detail, read=facts.files)
        )
    return Evidence(check=check, observations=tuple(seen))


def _silenced(one: Silenced) -> Observation:
    rules = f" {', '.join(one.rules)}" if one.rules else ""
    since = f", since {one.day}" if one.day else ""
    return Observation(
        attack=f"{one.form}{rules} without {'a reason' if one.rules else 'a rule'}",
        where=one.file,
        outcome=Outcome.BROKEN if one.is_grave else Outcome.UNTRIED,
        detail=f"line {one.line}: it {one.fault}{since}",
        file=one.file,
        line=one.line,
        fix="name the rule and, behind it, the reason",
    )


CHECKS: tuple[Check, ...] = (
    reading.rest(f"{CONTROL}/own-rules"),
    Check(id=CheckId(f"{CONTROL}/imported-findings"), kind=Kind.STATIC, run=imported_findings, planted=ProbeRoute.BREACHED_SOURCE),
    Check(id=CheckId(f"{CONTROL}/suppressions"), kind=Kind.STATIC, run=suppressions, planted=ProbeRoute.BREACHED_SOURCE),
)
