"""The checks that only read: what the survey found in source, told as evidence.

Against a scanner that is silent because it read nothing: a check holds only where files were read, and tells how many; what could not
be read is named, and a way of which a step is not known counts neither as a hole nor as a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome, Tier
from ringwork.prove.kinds import check_of, meaning
from ringwork.survey.flows import Flow, SourceFacts, Strength

_ENTRIES = {
    "query": "the query parameter",
    "form": "the form field",
    "body": "the body's",
    "path": "the path parameter",
    "header": "the header",
    "cookie": "the cookie",
    "file": "the uploaded file",
    "host": "the request's host",
    "url": "the request's address",
    "message": "a message of a WebSocket",
    "local": "an argument of the command line",
    "stored": "what a store gave",
    "model": "a language model's answer",
}
_NAMED_UNREAD = 10
_LOOK = "source read for it"


def check(id_: str, *, also: Callable[[Stage], Sequence[Observation]] | None = None) -> Check:
    """A check that reads: all flows of the kinds that belong to it (prove/kinds.py).

    also: what else it looks at, where the check had a look of its own before; that it held there adds nothing.
    """
    name = CheckId(id_)

    def run(stage: Stage) -> Evidence:
        return evidence(name, stage, also(stage) if also is not None else ())

    return Check(id=name, kind=Kind.STATIC, run=run, planted=ProbeRoute.BREACHED_SOURCE)


def evidence(check: CheckId, stage: Stage, also: Sequence[Observation] = ()) -> Evidence:
    """What was read for one check. Raises TargetFailed where reading itself failed."""
    facts = stage.source
    if not facts.files:
        why = f": {_named(facts)}" if facts.unread else ""
        return Evidence(check=check, not_verified=f"no source file was read{why}", unlock="run it on the project's folder")
    seen = [observed(flow) for flow in facts.flows if check_of(flow) == check]
    told = {(one.file, one.line) for one in seen}
    seen += [one for one in also if one.outcome is not Outcome.HELD and (one.file, one.line) not in told]
    if not seen:
        detail = f"nothing of the kind in {facts.files} files ({facts.lines} lines)"
        seen.append(Observation(attack=_LOOK, where="the project's source", outcome=Outcome.HELD, detail=detail, read=facts.files))
    return Evidence(check=check, observations=(*seen, *_unread(facts)))


def observed(flow: Flow) -> Observation:
    """One flow: broken where every step is known, untried where not."""
    is_strong = flow.strength == Strength.STRONG
    place = flow.place
    return Observation(
        attack=meaning(flow).said,
        where=where_of(flow),
        outcome=Outcome.BROKEN if is_strong else Outcome.UNTRIED,
        detail=told(flow),
        file=place.file,
        line=place.line,
        fix=meaning(flow).fix,
        tier=Tier.UNCONFIRMED if is_strong else Tier.WEAK,
        steps=flow.steps,
    )


def where_of(flow: Flow) -> str:
    """The place by file and function, so that a finding stays the same while lines move."""
    return f"{flow.place.file} in {flow.function}" if flow.function else flow.place.file


def told(flow: Flow) -> str:
    """A flow in one sentence."""
    said = flow.detail or (f"{_entry(flow)} reaches {flow.sink}" if flow.entry.kind else flow.sink or meaning(flow).said)
    steps = f", in {len(flow.steps)} steps" if len(flow.steps) > 1 else ""
    routes = f" on {', '.join(flow.routes[:3])}" if flow.routes else ""
    more = f" and {len(flow.routes) - 3} more" if len(flow.routes) > 3 else ""
    weak = "" if flow.strength == Strength.STRONG else "; a step of it is not known"
    return f"{said.rstrip('.')} (line {flow.place.line}{steps}){routes}{more}{weak}"


def _entry(flow: Flow) -> str:
    words = _ENTRIES.get(flow.entry.kind, flow.entry.kind)
    return f"{words} {flow.entry.name}".rstrip() if flow.entry.name else words.replace("the body's", "the body")


def _unread(facts: SourceFacts) -> Iterator[Observation]:
    if facts.unread:
        detail = f"{len(facts.unread)} could not be read: {_named(facts)}"
        yield Observation(attack="source that could not be read", where="unread files", outcome=Outcome.UNTRIED, detail=detail)


def _named(facts: SourceFacts) -> str:
    shown = [f"{one.file}{f':{one.line}' if one.line else ''} ({one.why})" for one in facts.unread[:_NAMED_UNREAD]]
    more = [f"and {len(facts.unread) - _NAMED_UNREAD} more"] if len(facts.unread) > _NAMED_UNREAD else []
    return ", ".join([*shown, *more])
