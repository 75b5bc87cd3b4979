"""What the HTML report shows, in its order: the report's results sorted, grouped and joined with the catalogue's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ringwork.prove.evidence import CheckResult, Report, Verdict
from ringwork.report import about, depth, matrix, order
from ringwork.report.causes import Cause, Step, causes, steps, told_first
from ringwork.report.diff import Difference, compare, doubts
from ringwork.report.layers import LayerView, layers
from ringwork.report.requirements import Standard, tables
from ringwork.report.rings import Ring, rings
from ringwork.report.signs import SEVERITIES, VERDICTS, Sign, exit_of, told_exit

_ROWS = 40  # routes of one table; where there are more, those that surprise come first and the rest is folded away
_STANDS = 12  # the same for rows of the depth table


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of the five. note: the sub-count of not verified."""

    verdict: str
    count: int
    sign: Sign
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Against an earlier run. started, commit: its own. doubts: what makes the two less alike than a reader would think."""

    difference: Difference
    started: str
    commit: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a reader can filter by: only what is there. owners: named by the project; actors: as the catalogue says."""

    severities: tuple[str, ...]
    layers: tuple[Ring, ...]
    owners: tuple[str, ...]
    actors: tuple[str, ...]
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that is shown and does not stand in the report as it is.

    graves: how many new findings of each severity.
    share: reached routes in percent, None without routes. is_short: whether they stay below the floor.
    listed: every check and control that has a place in the page, to be linked to.
    steps, later: what to do, that with which the page begins and the rest.
    first, more: rows of the matrix that are seen at once, and those that are folded away; stands, deeper: the same for depth.
    """

    word: str
    ending: str
    graves: str
    sign: Sign
    started: str
    listed: frozenset[str]
    numbers: tuple[Number, ...]
    share: int | None
    is_short: bool
    skipped: tuple[tuple[str, tuple[str, ...]], ...]
    steps: tuple[Step, ...]
    later: tuple[Step, ...]
    changes: Changes | None
    rings: tuple[Ring, ...]
    choices: Choices
    stands: tuple[depth.Stand, ...]
    deeper: tuple[depth.Stand, ...]
    thin: int
    causes: tuple[Cause, ...]
    grid: matrix.Grid
    first: tuple[matrix.Row, ...]
    more: tuple[matrix.Row, ...]
    strange: int
    layers: tuple[LayerView, ...]
    standards: tuple[Standard, ...]
    proven: tuple[CheckResult, ...]
    held: tuple[CheckResult, ...]
    reasons: tuple[tuple[str, tuple[str, ...]], ...]
    inapplicable: tuple[CheckResult, ...]


def page(report: Report, before: Report | None = None) -> Page:
    """The view of a report. before: the run to compare it with."""
    word, sign = exit_of(report.exit_code)
    ending = told_exit(report.exit_code, report.exit_reason)
    stands, grid = depth.stands(report.depth), matrix.grid(report.matrix)
    first, more = _folded(grid)
    reached = report.coverage
    unverified = [result for result in report.results if result.verdict is Verdict.NOT_VERIFIED]
    changes = None if before is None else _changes(before, report)
    found = causes(report, None if changes is None else [finding.id for finding in changes.difference.new])
    around, due = rings(report), steps(found)
    return Page(
        word=word,
        ending=ending[:1].upper() + ending[1:],
        graves=order.how_grave(order.new(report)),
        sign=sign,
        started=moment(report.started_at),
        listed=frozenset(name for result in report.results for name in (result.check, result.check.partition("/")[0])),
        numbers=tuple(_number(report, verdict) for verdict in VERDICTS),
        share=int(100 * reached.reached / reached.found) if reached.found else None,
        is_short=reached.reached < reached.floor * reached.found,
        skipped=_grouped((reason, route) for route, reason in reached.skipped.items()),
        steps=due[: told_first(due)],
        later=due[told_first(due) :],
        changes=changes,
        rings=around,
        choices=_choices(report, around, found),
        stands=tuple(stands[:_STANDS]),
        deeper=tuple(stands[_STANDS:]),
        thin=sum(stand.is_thin for stand in stands),
        causes=found,
        grid=grid,
        first=first,
        more=more,
        strange=sum(len(row.surprises) for row in grid.rows),
        layers=tuple(layers(report)),
        standards=tables(report),
        proven=tuple(result for result in report.results if result.verdict is Verdict.PROVEN),
        held=tuple(result for result in unverified if result.held),
        reasons=_grouped((result.reason, result.check) for result in unverified if not result.held),
        inapplicable=tuple(result for result in report.results if result.verdict is Verdict.NOT_APPLICABLE),
    )


def moment(text: str) -> str:
    """An ISO time in UTC as people read it."""
    return text.replace("T", " ").replace("+00:00", " UTC")


def _number(report: Report, verdict: Verdict) -> Number:
    held = sum(result.held for result in report.results if result.verdict is verdict)
    note = f"held {held}" if verdict is Verdict.NOT_VERIFIED else ""
    return Number(verdict=verdict.value, count=report.count(verdict), sign=VERDICTS[verdict], note=note)


def _grouped(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """First words to all second words with them, in the order in which they come."""
    found = dict[str, list[str]]()
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return tuple((key, tuple(items)) for key, items in found.items())


def _folded(grid: matrix.Grid) -> tuple[tuple[matrix.Row, ...], tuple[matrix.Row, ...]]:
    """The rows to see at once, and the rest."""
    if len(grid.rows) <= _ROWS:
        return grid.rows, ()
    surprising = {row.route for row in grid.surprising}
    return tuple(grid.surprising), tuple(row for row in grid.rows if row.route not in surprising)


def _changes(before: Report, after: Report) -> Changes:
    return Changes(
        difference=compare(before, after), started=moment(before.started_at), commit=before.commit[:12], doubts=tuple(doubts(before, after))
    )


def _choices(report: Report, around: tuple[Ring, ...], found: Sequence[Cause]) -> Choices:
    rows = [about.control(control) for control in {result.check.partition("/")[0] for result in report.results}]
    severities = {finding.severity for finding in report.findings} | {row.severity for row in rows}
    views = [view for cause in found for view in cause.findings]
    return Choices(
        severities=tuple(severity for severity in SEVERITIES if severity in severities),
        layers=around,
        owners=tuple(sorted({finding.owner for finding in report.findings if finding.owner})),
        actors=tuple(sorted({row.owner for row in rows if row.owner})),
        states=tuple(sorted({view.state for view in views if view.state}, reverse=True)),
    )
