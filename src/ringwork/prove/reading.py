"""The checks that only read: what the survey found in source, told as evidence.

Against a scanner that is silent because it read nothing: a check holds only where files were read, and tells how many; what could not
be read is named, and a way of which a step is not known counts neither as a hole nor as a pass.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ringwork.controls import control as catalogue
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.confirming import Confirmer
from ringwork.prove.evidence import Evidence, Observation, Outcome, Tier
from ringwork.prove.kinds import check_of, meaning
from ringwork.survey.flows import Flow, SourceFacts, Strength, Unread

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
_UNLOCK = "mend the file, or leave it out of the application's folder"
_PAGES = frozenset({
    ".html", ".htm", ".jinja", ".jinja2", ".j2", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".svelte",
})  # fmt: skip
_IN_PAGES = frozenset({
    "browser.content-security-policy/template-inline-and-integrity", "browser.security-headers/new-window-links",
    "browser.cors/message-listeners",
})  # fmt: skip
"""Checks whose faults stand in pages and scripts alone."""
_ANYWHERE = ("source.hardcoded-secrets/", "browser.client-side-data/", "output.xss/", "source.static-analysis/")
"""Controls whose faults stand in source of either kind."""
_TOGETHER = "text that is put together"
_GIVEN = re.compile(r"(\w+\(\)) is given (\w+)")
_TESTS = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|conftest\.py)$")


def check(id_: str, *, enforced: bool = False) -> Check:
    """A check that reads: all flows of the kinds that belong to it (prove/kinds.py).

    enforced: whether the guard of its control mends what is written, on every answer, so that it matters only where the guard is off.
    """
    name = CheckId(id_)

    def run(stage: Stage) -> Evidence:
        return evidence(name, stage, flows_of(stage, name), is_mended=lambda flow: enforced and _is_guarded(flow, stage))

    return Check(id=name, kind=Kind.STATIC, run=run, planted=ProbeRoute.BREACHED_SOURCE)


def flows_of(stage: Stage, check: CheckId) -> list[Flow]:
    """What reading found that belongs to a check."""
    return [flow for flow in stage.source.flows if check_of(flow) == check]


def rest(id_: str) -> Check:
    """A check of all flows that belong to no check that reads, so that none is lost and none is told twice."""
    name = CheckId(id_)

    def run(stage: Stage) -> Evidence:
        left = [flow for flow in stage.source.flows if check_of(flow) == name or (_is_strong(flow) and not _is_read(flow))]
        return evidence(name, stage, left, is_mended=lambda flow: _is_guarded(flow, stage))

    return Check(id=name, kind=Kind.STATIC, run=run, planted=ProbeRoute.BREACHED_SOURCE)


def _is_guarded(flow: Flow, stage: Stage) -> bool:
    """Whether the guard of the control that a flow is about stands before every answer of the target."""
    return witness.guards(stage.facts, check_of(flow).partition("/")[0])


@functools.cache
def _read() -> frozenset[str]:
    return frozenset(check.id for row in catalogue.load().controls for check in row.checks if check.kind == Kind.STATIC)


def _is_read(flow: Flow) -> bool:
    """Whether a flow belongs to a check that reads."""
    return check_of(flow) in _read()


def evidence(check: CheckId, stage: Stage, flows: Sequence[Flow], *, is_mended: Callable[[Flow], bool]) -> Evidence:
    """What was read for one check. is_mended: whether a guard makes a flow good. Raises TargetFailed where reading itself failed."""
    facts = stage.source
    if not facts.files:
        why = f": {_named(facts.unread)}" if facts.unread else ""
        return Evidence(check=check, not_verified=f"no source file was read{why}", unlock="run it on the project's folder")
    confirmer = Confirmer(stage)
    seen = [_mended(observed(flow), facts.files) if is_mended(flow) else _confirmed(flow, confirmer) for flow in flows]
    lost = [one for one in facts.unread if _may_hold(one.file, check)]
    if lost and not any(one.outcome is Outcome.BROKEN for one in seen):
        # Against a pass that nobody looked at: what is sought may stand in the very file that could not be read.
        told = f"{len(lost)} file{'s' if len(lost) > 1 else ''} in which it may stand could not be read: {_named(lost)}"
        return Evidence(check=check, observations=(*seen, *_unread(facts)), not_verified=told, unlock=_UNLOCK)
    if not seen:
        detail = f"nothing of the kind in {facts.files} files ({facts.lines} lines)"
        seen.append(Observation(attack=_LOOK, where="the project's source", outcome=Outcome.HELD, detail=detail, read=facts.files))
    return Evidence(check=check, observations=(*seen, *_unread(facts)))


def _confirmed(flow: Flow, confirmer: Confirmer) -> Observation:
    """The flow as it was read, and as it was attacked where that could be done."""
    read, found = observed(flow), confirmer.confirm(flow)
    if found is None:
        return read
    detail = f"{told(replace(flow, strength=Strength.STRONG))}; confirmed by attack on {found.route}: {found.said}"
    return replace(read, outcome=Outcome.BROKEN, detail=detail, tier=Tier.CONFIRMED, exchanged=(found.exchanged,), control=found.control)


def observed(flow: Flow) -> Observation:
    """One flow: broken where every step is known, untried where not."""
    is_strong, place = _is_strong(flow), flow.place
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
        routes=flow.routes,
        parameter=flow.entry.name if flow.entry.kind != "path" else "",  # a path carries values, and no names
    )


def _is_strong(flow: Flow) -> bool:
    return flow.strength == Strength.STRONG


def _mended(seen: Observation, files: int) -> Observation:
    """What the guard of the control makes good on every answer."""
    return replace(seen, outcome=Outcome.HELD, detail=f"{seen.detail}; the guard mends it on every answer", read=files)


def where_of(flow: Flow) -> str:
    """The place by file and function, so that a finding stays the same while lines move."""
    return f"{flow.place.file} in {flow.function}" if flow.function else flow.place.file


def told(flow: Flow) -> str:
    """A flow in one sentence."""
    said = flow.detail or (f"{_entry(flow)} reaches {flow.sink}" if flow.entry.kind else flow.sink or meaning(flow).said)
    steps = f", in {len(flow.steps)} steps" if len(flow.steps) > 1 else ""
    routes = f" on {', '.join(flow.routes[:3])}" if flow.routes else ""
    more = f" and {len(flow.routes) - 3} more" if len(flow.routes) > 3 else ""
    weak = "" if _is_strong(flow) else "; a step of it is not known"
    return f"{said.rstrip('.')} (line {flow.place.line}{steps}){routes}{more}{weak}"


def _entry(flow: Flow) -> str:
    # What nobody in the project gives has the kind of what a command line gives; its first step says what it is.
    begins = flow.steps[0].said if flow.entry.kind == "local" and flow.steps else ""
    if begins.startswith(_TOGETHER):
        return _TOGETHER
    if given := _GIVEN.fullmatch(begins):
        return f"what {given[1]} is given as {given[2]}"
    words = _ENTRIES.get(flow.entry.kind, flow.entry.kind)
    return f"{words} {flow.entry.name}".rstrip() if flow.entry.name else words.replace("the body's", "the body")


def _may_hold(file: str, check: CheckId) -> bool:
    """Whether what a check looks for may stand in a file, by its name: tests are not judged, and pages hold no Python."""
    if _TESTS.search(file):
        return False
    is_page = PurePosixPath(file).suffix.lower() in _PAGES
    return check.startswith(_ANYWHERE) or is_page == (check in _IN_PAGES)


def _unread(facts: SourceFacts) -> Iterator[Observation]:
    if facts.unread:
        detail = f"{len(facts.unread)} could not be read: {_named(facts.unread)}"
        yield Observation(attack="source that could not be read", where="unread files", outcome=Outcome.UNTRIED, detail=detail)


def _named(unread: Sequence[Unread]) -> str:
    shown = [f"{one.file}{f':{one.line}' if one.line else ''} ({one.why})" for one in unread[:_NAMED_UNREAD]]
    more = [f"and {len(unread) - _NAMED_UNREAD} more"] if len(unread) > _NAMED_UNREAD else []
    return ", ".join([*shown, *more])
