"""All that is found by reading a project's source: the ways of values, and what no way shows.

Against two reports of one fault: where both see the same kind of thing in one line, it is told once, as the stronger of the two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

from ringwork.survey.flows import Flow, SourceFacts, Strength
from ringwork.survey.looks import register
from ringwork.survey.taint import analysis, routes
from ringwork.survey.taint.project import Project


def read(root: Path, *, jobs: int = 1, progress: Callable[[int, int], None] | None = None) -> SourceFacts:
    """Read the source below `root`, once. progress: told how many of how many modules are done."""
    project = Project(root)
    facts = analysis.analyse(root, jobs=jobs, progress=progress, project=project)
    seen = register.found(project, routes.handlers(project))
    return dataclasses.replace(facts, flows=joined(facts.flows, seen))


def joined(followed: Iterable[Flow], seen: Iterable[Flow]) -> tuple[Flow, ...]:
    """Flows and what was looked for, by place; of one kind in one line the flows stay, unless what was seen is stronger."""
    flows = list(followed)
    told = {(flow.kind, flow.place.file, flow.place.line): flow.strength for flow in flows}
    stronger = list[Flow]()
    for flow in seen:
        known = told.get((flow.kind, flow.place.file, flow.place.line))
        if known is None or (known is Strength.WEAK and flow.strength is Strength.STRONG):
            stronger.append(flow)
    replaced = {(flow.kind, flow.place.file, flow.place.line) for flow in stronger}
    kept = [flow for flow in flows if (flow.kind, flow.place.file, flow.place.line) not in replaced]
    return tuple(sorted((*kept, *stronger), key=_order))


def _order(flow: Flow) -> tuple[str, int, int, str, str, tuple[tuple[str, int, int], ...]]:
    steps = tuple((step.file, step.line, step.column) for step in flow.steps)
    return flow.place.file, flow.place.line, flow.place.column, flow.kind, flow.sink, steps
