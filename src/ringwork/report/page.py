"""What the HTML report shows, in its order: the report's results sorted, grouped and joined with the catalogue's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ringwork.prove.evidence import CheckResult, Finding, Observation, Outcome, Report, Verdict
from ringwork.report import about, depth, matrix
from ringwork.report.signs import VERDICTS, Sign, exit_of, told_exit

_HELD_SHOWN = 50  # attacks of one check that held; a page of thousands helps nobody, and the JSON has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of the five. note: the sub-count of not verified."""

    verdict: str
    count: int
    sign: Sign
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A check with what it saw. hidden: how many attacks that held are left out. findings: their ids."""

    result: CheckResult
    name: str
    sign: Sign
    observations: tuple[Observation, ...]
    hidden: int
    findings: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The verdict, with the word for the sub-count."""
        return f"{self.result.verdict}{' (held)' if self.result.held else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlView:
    """A control with its checks."""

    about: about.About
    verdict: str
    sign: Sign
    checks: tuple[Judged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerView:
    """untried: controls none of whose checks has evidence; reasons: why, joined."""

    name: str
    tried: tuple[ControlView, ...]
    untried: tuple[ControlView, ...]
    reasons: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding with what the catalogue says of its control."""

    finding: Finding
    verdict: str
    sign: Sign
    about: about.About


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that is shown and does not stand in the report as it is.

    share: reached routes in percent, None without routes. is_short: whether they stay below the floor.
    """

    word: str
    ending: str
    sign: Sign
    started: str
    numbers: tuple[Number, ...]
    share: int | None
    is_short: bool
    skipped: tuple[tuple[str, tuple[str, ...]], ...]
    stands: tuple[depth.Stand, ...]
    thin: int
    findings: tuple[FindingView, ...]
    grid: matrix.Grid
    strange: int
    layers: tuple[LayerView, ...]
    proven: tuple[CheckResult, ...]
    held: tuple[CheckResult, ...]
    reasons: tuple[tuple[str, tuple[str, ...]], ...]
    inapplicable: tuple[CheckResult, ...]


def page(report: Report) -> Page:
    """The view of a report."""
    word, sign = exit_of(report.exit_code)
    ending = told_exit(report.exit_code, report.exit_reason)
    stands, grid = depth.stands(report.depth), matrix.grid(report.matrix)
    reached = report.coverage
    unverified = [result for result in report.results if result.verdict is Verdict.NOT_VERIFIED]
    return Page(
        word=word,
        ending=ending[:1].upper() + ending[1:],
        sign=sign,
        started=report.started_at.replace("T", " ").replace("+00:00", " UTC"),
        numbers=tuple(_number(report, verdict) for verdict in VERDICTS),
        share=int(100 * reached.reached / reached.found) if reached.found else None,
        is_short=reached.reached < reached.floor * reached.found,
        skipped=_grouped((reason, route) for route, reason in reached.skipped.items()),
        stands=tuple(stands),
        thin=sum(stand.is_thin for stand in stands),
        findings=tuple(_finding(finding) for finding in report.findings),
        grid=grid,
        strange=sum(len(row.surprises) for row in grid.rows),
        layers=tuple(_layers(report)),
        proven=tuple(result for result in report.results if result.verdict is Verdict.PROVEN),
        held=tuple(result for result in unverified if result.held),
        reasons=_grouped((result.reason, result.check) for result in unverified if not result.held),
        inapplicable=tuple(result for result in report.results if result.verdict is Verdict.NOT_APPLICABLE),
    )


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


def _finding(finding: Finding) -> FindingView:
    return FindingView(finding=finding, verdict=finding.verdict.value, sign=VERDICTS[finding.verdict], about=about.control(finding.control))


def _layers(report: Report) -> Iterable[LayerView]:
    by_control = dict[str, list[CheckResult]]()
    for result in report.results:
        by_control.setdefault(result.check.partition("/")[0], []).append(result)
    for name in about.layers(set(by_control)):
        inside = {id_: results for id_, results in by_control.items() if id_.partition(".")[0] == name}
        views = {id_: _control(id_, results, report) for id_, results in inside.items()}
        tried = [id_ for id_, results in inside.items() if any(_is_tried(result) for result in results)]
        untried = [id_ for id_ in inside if id_ not in tried]
        reasons = dict.fromkeys(result.reason for id_ in untried for result in inside[id_])
        yield LayerView(
            name=name.replace("-", " ").capitalize(),
            tried=tuple(views[id_] for id_ in _gravest_first(tried, report.controls)),
            untried=tuple(views[id_] for id_ in untried),
            reasons="; ".join(list(reasons)[:3]),
        )


def _is_tried(result: CheckResult) -> bool:
    return result.evidence is not None or result.verdict is not Verdict.NOT_VERIFIED


def _gravest_first(controls: Sequence[str], verdicts: Mapping[str, Verdict]) -> list[str]:
    order = (Verdict.VIOLATED, Verdict.ACCEPTED, Verdict.NOT_VERIFIED, Verdict.PROVEN, Verdict.NOT_APPLICABLE)
    return sorted(controls, key=lambda id_: order.index(verdicts.get(id_, Verdict.NOT_VERIFIED)))


def _control(id_: str, results: Sequence[CheckResult], report: Report) -> ControlView:
    verdict = report.controls.get(id_, Verdict.NOT_VERIFIED)
    return ControlView(
        about=about.control(id_),
        verdict=verdict.value,
        sign=VERDICTS[verdict],
        checks=tuple(_judged(result, report.findings) for result in results),
    )


def _judged(result: CheckResult, findings: Sequence[Finding]) -> Judged:
    seen = result.evidence.observations if result.evidence is not None else ()
    held = [one for one in seen if one.outcome is Outcome.HELD]
    others = [one for one in seen if one.outcome is not Outcome.HELD]
    return Judged(
        result=result,
        name=result.check.partition("/")[2],
        sign=VERDICTS[result.verdict],
        observations=(*others, *held[:_HELD_SHOWN]),
        hidden=len(held[_HELD_SHOWN:]),
        findings=tuple(finding.id for finding in findings if finding.check == result.check),
    )
