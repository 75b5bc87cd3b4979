"""One fault is told once: what was done to the running copy, with the way through the source that makes it possible.

Against a list in which every fault has a shadow, so that the second telling of some hides the first of others: what was attacked and what
was read of one control, on one route and by one parameter, is one finding, confirmed by attack. What is not surely the same stays apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ringwork.names import CheckId
from ringwork.prove import grades, judge, witness
from ringwork.prove.evidence import Evidence, Exchanged, Finding, Folded, Observation, Tier

IMPORTED = CheckId("source.static-analysis/imported-findings")
"""The check of what other tools see: where our own reading told a fault, that they see it too is a word at its row."""

ECHOES = {
    CheckId("browser.content-security-policy/report-intake"): CheckId("browser.content-security-policy/policy-quality"),
    CheckId("data.key-management/key-quality"): CheckId("source.hardcoded-secrets/working-tree"),
}
"""What is another's fault told once more, where both name one place: no policy names no place for reports, and a key that stands in the
code is a key that everybody knows."""

_RESTATED = {
    (CheckId("transport.tls-required/https-switch"), "https switch"): CheckId("transport.tls-required/plaintext-request"),
    (CheckId("output.error-handling/handlers-registered"), "debug pages"): CheckId("output.debug-disabled/debug-settings"),
}
"""What a check reads of settings, and the check that tells the same fault by what came of it, or first."""

_ROUTE = re.compile(r"(?P<methods>[A-Z,]+) (?P<path>/.*)")
_NAMED = 3


@dataclass(slots=True, kw_only=True)
class _Row:
    """A finding while others are folded into it. seen: its instances that nothing else tells. ways: what was read of it elsewhere.

    tools: as what other tools see it. settings: what was read of settings, and says the same.
    """

    finding: Finding
    seen: list[Observation]
    ways: list[Observation] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    folded: dict[str, Folded] = field(default_factory=dict)

    @property
    def was_read(self) -> bool:
        return self.finding.observation.tier is not Tier.NONE

    def take(self, other: Finding, seen: Observation) -> None:
        """One instance of another finding, which is the same fault."""
        self.folded[other.id] = Folded(id=other.id, check=other.check, where=other.where)
        if other.check == IMPORTED:
            self.tools.append(seen.attack)
        elif (other.check, seen.attack) in _RESTATED:
            self.settings.append(seen.detail)
        elif other.check not in ECHOES:
            self.ways.append(seen)


def fold(found: Sequence[Finding], evidence: Mapping[CheckId, Evidence]) -> list[Finding]:
    """The findings of a run in their order, each fault once. evidence: what each check saw."""
    rows = [_Row(finding=one, seen=[seen for seen in judge.broken(evidence[one.check]) if seen.where == one.where]) for one in found]
    attacked = [row for row in rows if not row.was_read and row.finding.observation.exchanged]
    read = [row for row in rows if row.was_read and row.finding.check != IMPORTED]
    for row in read:
        _give(row, attacked, _is_shown)
    for row in rows:
        if row.finding.check == IMPORTED:
            _give(row, [*attacked, *read], _is_read_there)
    for row in rows:
        _give(row, [one for one in rows if one.finding.check == ECHOES.get(row.finding.check)], _is_cause)
        _give(row, _restated_by(row, rows), _is_restated)
    return [_told(row) for row in rows if row.seen]


def _give(row: _Row, takers: Sequence[_Row], is_same: Callable[[_Row, Finding, Observation], bool]) -> None:
    """Each instance to those who tell the same fault; the row keeps the others."""
    for seen in tuple(row.seen):
        # What one person accepted and nobody else did is not one thing.
        mine = [one for one in takers if one.seen and one.finding.verdict is row.finding.verdict and is_same(one, row.finding, seen)]
        for one in mine:
            one.take(row.finding, seen)
        if mine:
            row.seen.remove(seen)


def _is_shown(row: _Row, read: Finding, way: Observation) -> bool:
    """Whether an attack of the same control went to a route of this way, by its parameter where that is known."""
    return row.finding.control == read.control and any(_went(seen, way) and _named(seen, way.parameter) for seen in row.seen)


def _went(seen: Observation, way: Observation) -> bool:
    if _ROUTE.fullmatch(seen.where):
        return seen.where in way.routes
    return any(_asks(exchanged, route) for exchanged in seen.exchanged[-1:] for route in way.routes)


def _asks(exchanged: Exchanged, route: str) -> bool:
    method, _, rest = exchanged.request.partition(" ")
    known = _ROUTE.fullmatch(route)
    return known is not None and method in known["methods"].split(",") and witness.matches(known["path"], rest.split(" ", 1)[0])


def _named(seen: Observation, parameter: str) -> bool:
    name = re.compile(rf"(?<![\w-]){re.escape(parameter)}(?![\w-])", re.IGNORECASE)
    return not parameter or any(name.search(exchanged.request) for exchanged in seen.exchanged)


def _is_read_there(row: _Row, _: Finding, seen: Observation) -> bool:
    """Whether our own reading told the line that another tool names, or where what it told there ends."""
    ways = row.seen if row.was_read else row.ways
    return any((seen.file, seen.line) in {(way.file, way.line), *((step.file, step.line) for step in way.steps[-1:])} for way in ways)


def _is_cause(row: _Row, echo: Finding, _: Observation) -> bool:
    """Whether a fault is at the place that its echo names: the same route, or the same line."""
    lines = {(seen.file, seen.line) for seen in row.seen if seen.file}
    return row.finding.where == echo.where or (echo.file, echo.line) in lines


def _is_restated(row: _Row, read: Finding, seen: Observation) -> bool:
    """Whether a setting only says again what the row tells."""
    return _RESTATED.get((read.check, seen.attack)) == row.finding.check


def _restated_by(row: _Row, rows: Sequence[_Row]) -> list[_Row]:
    """The first row that tells what a setting only says again."""
    wanted = {_RESTATED.get((row.finding.check, seen.attack)) for seen in row.seen}
    return [one for one in rows if one.finding.check in wanted and not _is_less_grave(one, row)][:1]


def _is_less_grave(row: _Row, other: _Row) -> bool:
    """Against a grave fault that vanishes behind a lesser one."""
    order = {name: number for number, name in enumerate(grades.SEVERITIES)}
    return order.get(row.finding.severity, 0) > order.get(other.finding.severity, 0)


def _told(row: _Row) -> Finding:
    """What is left of a finding, with what it took."""
    finding, first = row.finding, row.finding.observation if row.finding.observation in row.seen else row.seen[0]
    detail = first.detail
    if row.ways:
        way = row.ways[0]
        detail = f"{detail}; read in the source: {_places(row.ways)}"
        first = replace(
            first, tier=Tier.CONFIRMED, file=way.file, line=way.line, steps=way.steps, routes=way.routes, parameter=way.parameter
        )
    if row.settings:
        detail = f"{detail}; {'; '.join(row.settings)}"
    if row.tools:
        detail = f"{detail}; {', '.join(dict.fromkeys(row.tools))} too"
    if not row.folded and len(row.seen) == finding.instances:
        return finding
    return replace(
        finding,
        summary=f"{first.attack}: {detail}",
        fix=first.fix or finding.fix,
        observation=replace(first, detail=detail),
        file=first.file or finding.file,
        line=first.line or finding.line,
        instances=len(row.seen),
        folded=tuple(row.folded.values()),
    )


def _places(ways: Sequence[Observation]) -> str:
    named = list(dict.fromkeys(f"{way.file}:{way.line}" for way in ways))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"
