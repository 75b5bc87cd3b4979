"""Controls by layer, each with its checks and what they saw; those of which nothing was tried apart, because nothing is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ringwork.prove.evidence import CheckResult, Finding, Observation, Outcome, Report, Verdict
from ringwork.report import about
from ringwork.report.rings import is_tried, layer_of, name_of
from ringwork.report.signs import VERDICTS, Sign
from ringwork.report.tally import ENDS, end_of

_HELD_SHOWN = 50  # attacks of one check that held; a page of thousands helps nobody, and the JSON has them all
_HELD_QUOTED = 8  # of those, with requests and answers: enough to see what was sent, and not megabytes of the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An observation. finding: the id of the one that quotes it, "" for none. quoted: whether requests are shown here."""

    observation: Observation
    finding: str
    quoted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A check with what it saw. hidden: how many attacks that held are left out. findings: their ids."""

    result: CheckResult
    name: str
    sign: Sign
    seen: tuple[Seen, ...]
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
    """untried: controls none of whose checks found anything out; reasons: why, joined."""

    layer: str
    name: str
    tried: tuple[ControlView, ...]
    untried: tuple[ControlView, ...]
    reasons: str


def layers(report: Report) -> Iterable[LayerView]:
    """Every layer of which the report holds a check, in the catalogue's order."""
    by_control = dict[str, list[CheckResult]]()
    for result in report.results:
        by_control.setdefault(result.check.partition("/")[0], []).append(result)
    by_check = dict[str, list[Finding]]()
    for finding in report.findings:
        for check in sorted(finding.checks):
            by_check.setdefault(check, []).append(finding)
    for name in about.layers(set(by_control)):
        inside = {id_: results for id_, results in by_control.items() if layer_of(id_) == name}
        views = {id_: _control(id_, results, report, by_check) for id_, results in inside.items()}
        tried = [id_ for id_, results in inside.items() if any(map(is_tried, results))]
        untried = [id_ for id_ in inside if id_ not in tried]
        reasons = dict.fromkeys(result.reason for id_ in untried for result in inside[id_])
        yield LayerView(
            layer=name,
            name=name_of(name),
            tried=tuple(views[id_] for id_ in _gravest_first(tried, report.controls)),
            untried=tuple(views[id_] for id_ in untried),
            reasons="; ".join(list(reasons)[:3]),
        )


def _gravest_first(controls: Sequence[str], verdicts: Mapping[str, Verdict]) -> list[str]:
    order = (Verdict.VIOLATED, Verdict.ACCEPTED, Verdict.NOT_VERIFIED, Verdict.PROVEN, Verdict.NOT_APPLICABLE)
    return sorted(controls, key=lambda id_: order.index(verdicts.get(id_, Verdict.NOT_VERIFIED)))


def _control(id_: str, results: Sequence[CheckResult], report: Report, by_check: Mapping[str, Sequence[Finding]]) -> ControlView:
    verdict = report.controls.get(id_, Verdict.NOT_VERIFIED)
    return ControlView(
        about=about.control(id_),
        verdict=verdict.value,
        sign=VERDICTS[verdict],
        checks=tuple(_judged(result, by_check.get(result.check, ())) for result in results),
    )


def _judged(result: CheckResult, findings: Sequence[Finding]) -> Judged:
    seen = result.evidence.observations if result.evidence is not None else ()
    held = [one for one in seen if one.outcome is Outcome.HELD]
    others = [one for one in seen if one.outcome is not Outcome.HELD]
    return Judged(
        result=result,
        name=result.check.partition("/")[2],
        sign=ENDS[end_of(result)] if result.held else VERDICTS[result.verdict],
        seen=(
            *(_seen(one, findings) for one in others),
            *(Seen(observation=one, finding="", quoted=place < _HELD_QUOTED) for place, one in enumerate(held[:_HELD_SHOWN])),
        ),
        hidden=len(held[_HELD_SHOWN:]),
        findings=tuple(finding.id for finding in findings),
    )


def _seen(observation: Observation, findings: Sequence[Finding]) -> Seen:
    """What a finding quotes already is not quoted twice."""
    finding = next((finding.id for finding in findings if _known(finding.observation) == _known(observation)), "")
    return Seen(observation=observation, finding=finding, quoted=not finding)


def _known(observation: Observation) -> tuple[object, ...]:
    """What a finding keeps of its observation, also where what was read was folded into it."""
    place = observation.exchanged or (observation.file, observation.line)
    return observation.attack, observation.where, place
