"""Findings for a terminal: one item for each control that fell, worst first, with the place, the number of places and what to do.

Against a screen that repeats one cause until nothing else fits: a missing policy on seventeen pages is one item that says so, and the
place, the id and what mends it are never what is cut.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from ringwork.prove.evidence import SWITCHED_ON, Finding, Report, Tier, Verdict
from ringwork.report.order import how_grave
from ringwork.report.paper import Block, Paper, Part, shortened
from ringwork.report.signs import BAD, SEVERITIES
from ringwork.report.visible import counted

AT_LEAST, _DEAR = 6, 4
"""Causes that are shown, in fewer lines each rather than fewer: one of a kind says little about an application."""
_BRIEF = 3
_NAMED_MOST = 5
_FOLDED = 2  # lines that a place or a fix may take where it has to be brief
_PLANTED = ("a new route", "a new socket")
_LIBRARY = "library:"
_COUNTED = "violated counts checks, findings places, causes controls"
_HINT = "more: `ringwork explain ID`; again: `ringwork replay ID`; all of this: -v"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A control that fell. findings: of it, the one to look at first in front. are_routes: whether all its places are routes."""

    findings: tuple[Finding, ...]
    are_routes: bool

    @property
    def first(self) -> Finding:
        """The one to look at first."""
        return self.findings[0]

    @property
    def others(self) -> list[Finding]:
        """One for each further place."""
        places = {_named(finding): finding for finding in reversed(self.findings)}
        return [finding for finding in places.values() if _named(finding) != _named(self.first)][::-1]


def block(report: Report, paper: Paper, *, weak: str, verbose: bool, said: int = AT_LEAST) -> Block:
    """The section. weak: what is said of findings that are only counted. verbose: every finding by itself.

    said: of how many, the worst ones, what was done and seen is told where there is room for little of each; -1 names them alone.
    """
    known = set(report.known)  # told beside the baseline, so that what is new stands out
    violated = [finding for finding in report.findings if finding.verdict is Verdict.VIOLATED and finding.id not in known]
    if not violated:
        return Block(head=paper.line(("Findings", "bold"), ("  nothing new" if known else "  none") + weak))
    if verbose:
        each = [_finding(finding, paper) for finding in sorted(violated, key=_rank)]
        return Block(head=paper.line(("Findings", "bold"), f"  {how_grave(violated)}{weak}"), items=each)
    groups = fallen(violated, report)
    many = len(groups) < len(violated)
    of_causes = f", of {counted(len(groups), 'cause')}" if many else ""
    told = paper.line((_COUNTED, "dim"), indent=2) if many else []
    return Block(
        head=[*paper.line(("Findings", "bold"), f"  {how_grave(violated)}{of_causes}{weak}"), *told, *_hints(groups, paper)],
        items=[
            # Against what mends four of them and leaves no room for the other grave ones: each is named before any is mended.
            _brief(group, paper, is_said=number < said, is_mended=said >= 0) if is_brief(paper) else _whole(group, paper)
            for number, group in enumerate(groups)
        ],
        wanted=AT_LEAST,
        least=1,
        dear=_DEAR,
        more=lambda hidden: _cut(paper, groups, hidden),
    )


def _hints(groups: Sequence[Fallen], paper: Paper) -> list[Text]:
    """Told once where it is brief: what mends most of them, and where more is said."""
    if not is_brief(paper):
        return []
    switched = sum(_is_switched_on(group) for group in groups)
    mends = (
        paper.line(("fix: ", "green"), f"ringwork.protect(app) switches {switched} of these {len(groups)} on", indent=2) if switched else []
    )
    return [*mends, *paper.line((_HINT, "dim"), indent=2)]


def _is_switched_on(group: Fallen) -> bool:
    return group.first.fix.startswith(SWITCHED_ON)


def fallen(findings: Sequence[Finding], report: Report) -> list[Fallen]:
    """Findings by control, the worst first, and in each the one to look at first in front."""
    grouped = dict[str, list[Finding]]()
    for finding in sorted(findings, key=_rank):
        grouped.setdefault(finding.control, []).append(finding)
    routes = set(report.routes)
    return [Fallen(findings=tuple(some), are_routes=all(_named(one) in routes for one in some)) for some in grouped.values()]


def is_brief(paper: Paper) -> bool:
    """Whether there is room for little of each."""
    return 0 < paper.most <= _BRIEF


def _cut(paper: Paper, groups: Sequence[Fallen], hidden: int) -> list[Text]:
    left = [finding for group in groups[-hidden:] for finding in group.findings]
    worst = [group.first.control for group in groups[-hidden:] if group.first.severity == SEVERITIES[0]]
    # Against a critical hole that is one of eighteen more: where there is no room for its item, it is named all the same.
    named = f"; critical: {', '.join(worst)}" if 0 < len(worst) <= _NAMED_MOST else ""
    whole = dataclasses.replace(paper, most=0)  # against names that are cut again
    return whole.line(
        (f"... {hidden} more of {counted(len(groups), 'cause')} ({how_grave(left)}{named}) in the report, or with -v", "dim"), indent=2
    )


def _rank(finding: Finding) -> tuple[int, bool, bool, bool]:
    grave = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    # A route that was only planted, to see what a new one would get, points at nothing that is there; a line of one's own says most.
    is_own = bool(finding.file) and not finding.file.startswith(_LIBRARY)
    return grave, finding.where in _PLANTED, finding.observation.tier in {Tier.UNCONFIRMED, Tier.WEAK}, not is_own


def _named(finding: Finding) -> str:
    """The route or thing that a finding is about; of what was read in source, the route on whose requests it happens."""
    if finding.file and finding.where.startswith(finding.file):
        return ", ".join(finding.observation.routes) or finding.where
    return finding.where


def _place(finding: Finding) -> str:
    """The line that a person can open; none for a planted route, or for a library's."""
    is_there = finding.file and not finding.file.startswith(_LIBRARY) and finding.where not in _PLANTED
    return f"{finding.file}:{finding.line}" if is_there else ""


def _head(group: Fallen, paper: Paper, *, with_id: bool) -> list[Text]:
    first, place = group.first, _place(group.first)
    count = 1 + len(group.others)
    where = _named(first)
    if count > 1:
        where = f"{where} and {count - 1} more" if with_id else f"on {count} {'routes' if group.are_routes else 'places'}, first {where}"
    named = "" if place and where.startswith(first.file) else f"  {where}"
    owner = f"  owner: {first.owner}" if first.owner else ""
    id_: Part = (f"  {first.id}" if with_id else "", "dim")
    parts: list[Part] = [f" {first.severity}  ", (first.control, "bold"), id_, (f"  {place}" if place else "", "cyan"), named, owner]
    return paper.line(paper.sign(BAD), *parts, indent=2)


def _whole(group: Fallen, paper: Paper) -> list[Text]:
    """Everything about one of several findings, and where else."""
    also = ", ".join(" ".join(filter(None, (_named(one), _place(one)))) for one in group.others)
    return [
        *_head(group, paper, with_id=False),
        *shortened(paper.line(group.first.summary, indent=4), _FOLDED),
        *(shortened(paper.line(("also: ", "dim"), also, indent=4), 1) if also else []),
        *paper.line(("fix: ", "green"), group.first.fix, indent=4),
        *paper.line((_repeat(group.first), "dim"), indent=4),
    ]


def _brief(group: Fallen, paper: Paper, *, is_said: bool, is_mended: bool) -> list[Text]:
    """What fell; what was done and seen; and what mends it, where that is more than the call."""
    fix = "" if _is_switched_on(group) or not is_mended else group.first.fix.partition("; ")[0]
    head = _head(group, paper, with_id=True)
    said = shortened(paper.line(group.first.summary, indent=4), 1) if is_said else []
    mends = shortened(paper.line(("fix: ", "green"), fix, indent=4), 1 if is_said else _FOLDED) if fix else []
    # The line that a person opens, and the route, are never what is cut; how many other places there are may be.
    is_short = is_said and all(word in head[0].plain for word in (_place(group.first), _named(group.first)))
    return [*shortened(head, 1 if is_short else _FOLDED), *said, *mends]


def _finding(finding: Finding, paper: Paper) -> list[Text]:
    """One finding by itself."""
    place = f"  {finding.file}:{finding.line}" if finding.file else ""
    folded = f"  ({counted(finding.instances, 'instance')})" if finding.instances > 1 else ""
    owner = f"  owner: {finding.owner}" if finding.owner else ""
    parts: list[Part] = [f" {finding.severity}  ", (finding.control, "bold"), f"  {finding.where}", (place, "cyan"), folded, owner]
    return [
        *paper.line(paper.sign(BAD), *parts, indent=2),
        *shortened(paper.line(finding.summary, indent=4), _FOLDED),
        *paper.line(("fix: ", "green"), finding.fix, indent=4),
        *paper.line((_repeat(finding), "dim"), indent=4),
    ]


def _repeat(finding: Finding) -> str:
    """How to see it again: by the attack, or, where nothing was attacked, by reading."""
    tier = finding.observation.tier
    if tier is Tier.UNCONFIRMED:
        return f"ringwork explain {finding.id} (unconfirmed: read in source)"
    return f"ringwork replay {finding.id}{f' ({tier})' if tier is Tier.CONFIRMED else ''}; ringwork explain {finding.id}"
