"""Whether secrets stand in the source, or a file with secrets is kept with it, now or in an earlier commit: read in source and history.

Against everybody who ever had the repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ringwork.names import CheckId
from ringwork.prove import reading
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.survey.flows import Flow, Past, Strength, secret_id

CONTROL = "source.hardcoded-secrets"
_IGNORED = reading.check(f"{CONTROL}/ignore-rules")
_DEEP = "ringwork prove --deep, or ringwork check --history"


def history(stage: Stage) -> Evidence:
    """Read what every reachable commit added: no secret of known form, or each with a record that it was rotated."""
    check = CheckId(f"{CONTROL}/history")
    past = stage.source.past
    if past is None:
        return Evidence(check=check, not_verified="earlier commits were not read", unlock=_DEEP)
    if past.why:
        return Evidence(check=check, not_verified=past.why, unlock="run it in a clone of the whole repository")
    seen = list(_seen(past))
    if past.missing:
        seen.append(Observation(attack="the history", where="commits that were not read", outcome=Outcome.UNTRIED, detail=past.missing))
    elif not any(one.outcome is not Outcome.HELD for one in seen):
        detail = f"no secret of known form that is still of use, in {past.commits} commits"
        seen.append(Observation(attack="the history", where="every commit", outcome=Outcome.HELD, detail=detail, read=past.commits))
    return Evidence(check=check, observations=tuple(seen))


def _seen(past: Past) -> Iterator[Observation]:
    for flow in past.flows:
        record = past.record(flow)
        told = f"secret {secret_id(flow)}: {flow.detail}"
        if record is not None and not past.missing:
            detail = f"{told}; rotated on {record.day}, says {record.by}"
            yield Observation(attack="the history", where=_where(flow), outcome=Outcome.HELD, detail=detail, read=past.commits)
        elif record is None:
            yield _found(flow, told)


def _found(flow: Flow, told: str) -> Observation:
    seen = reading.observed(flow)
    is_strong = flow.strength is Strength.STRONG
    return Observation(
        attack=seen.attack, where=_where(flow), outcome=seen.outcome, detail=told if is_strong else f"{told}; of a test or an example",
        file=seen.file, line=seen.line, fix=seen.fix, tier=seen.tier, steps=seen.steps,
    )  # fmt: skip


def _where(flow: Flow) -> str:
    """File and commit, so that it is the same place for ever."""
    return f"{flow.place.file}, {flow.place.said}"


def ignore_rules(stage: Stage) -> Evidence:
    """Read which files with secrets the repository or an image keeps; without a repository nothing says what one would keep."""
    evidence, root = _IGNORED.run(stage), Path(stage.facts.root)
    is_broken = any(one.outcome is Outcome.BROKEN for one in evidence.observations)
    if is_broken or any((folder / ".git").exists() for folder in (root, *root.parents)):
        return evidence
    told = "the project stands in no repository, so nothing tells what one would keep"
    return replace(evidence, not_verified=evidence.not_verified or told, unlock="run it on a working copy of the repository")


CHECKS: tuple[Check, ...] = (
    reading.check(f"{CONTROL}/working-tree"),
    Check(id=CheckId(f"{CONTROL}/history"), kind=Kind.STATIC, run=history, deep=True, planted=ProbeRoute.BREACHED_SOURCE),
    replace(_IGNORED, run=ignore_rules),
)
