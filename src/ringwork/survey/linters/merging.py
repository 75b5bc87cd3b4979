"""One fault, one row: what several tools and our own engine say of one place is put together by its cause.

Against the same line four times in a report, and against a merge that hides one fault behind another: only one family of kinds at one
statement is one fault, and a tool that speaks twice is heard twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ringwork.survey.flows import Flow, Step
from ringwork.survey.linters import codes

OURS = "ringwork"

_BY_LINE = frozenset({"dependency"})
"""Kinds of which each is told at its own line: to know the statements of every file that imports something would tell no more."""

Spans = Callable[[str, int], tuple[int, int]]
"""The first and last line of the statement that a line of a file stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault. flow: ours where we saw it, else the first tool's. seen_by: "ringwork", "bandit B602", ...; ours first."""

    flow: Flow
    seen_by: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Group:
    flow: Flow
    seen_by: list[str] = field(default_factory=list)
    """As many entries as findings: one tool's rule twice is two findings, and not of one group."""


def alone(_: str, line: int) -> tuple[int, int]:
    """Where nothing is known of statements: the line itself."""
    return line, line


def merged(ours: Sequence[Flow], theirs: Sequence[Flow], *, spans: Spans = alone) -> tuple[Row, ...]:
    """All rows, by place. Findings of ours are never put together: each is a flow of its own already."""
    groups = [_Group(flow=flow, seen_by=[OURS]) for flow in ours]
    places = dict[tuple[str, str], list[_Group]]()
    for group in groups:
        for file in dict.fromkeys((group.flow.place.file, group.flow.steps[-1].file)):
            places.setdefault((codes.family(group.flow.kind), file), []).append(group)
    for flow in sorted(theirs, key=_order):
        near = places.setdefault(_cause(flow), [])
        best = min((group for group in near if flow.sink not in group.seen_by), key=lambda group: _far(group, flow, spans), default=None)
        if best is None or _far(best, flow, spans)[0] > 1:
            best = _Group(flow=flow)
            groups.append(best)
            near.append(best)
        best.seen_by.append(flow.sink)
    rows = [Row(flow=group.flow, seen_by=tuple(dict.fromkeys(group.seen_by))) for group in groups]
    return tuple(sorted(rows, key=lambda row: _order(row.flow)))


def _cause(flow: Flow) -> tuple[str, str]:
    return codes.family(flow.kind), flow.place.file


def _order(flow: Flow) -> tuple[str, int, int, str, str]:
    return flow.place.file, flow.place.line, flow.place.column, flow.kind, flow.sink


def _far(group: _Group, flow: Flow, spans: Spans) -> tuple[int, int]:
    """How far apart two findings stand: lines, then columns; lines of one statement are one line.

    What is told where a text is made stands also where it is used.
    """
    known = alone if flow.kind in _BY_LINE else spans
    return min(_between(one, flow.place, known) for one in (group.flow.place, group.flow.steps[-1]) if one.file == flow.place.file)


def _between(one: Step, other: Step, spans: Spans) -> tuple[int, int]:
    lines = abs(one.line - other.line)
    if lines:
        first, last = spans(one.file, one.line)
        lines = 0 if first <= other.line <= last else lines
    return lines, abs(one.line - other.line) * 1000 + abs(one.column - other.column)
