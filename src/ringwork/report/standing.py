"""What a run leans on beside its checks, as lines for a terminal: the revision it was narrowed to, the baseline, the waivers.

Against a quiet summary: what was left out, what is known and what is accepted are told in every run that has them.
"""

from __future__ import annotations

from rich.text import Text

from ringwork.prove.evidence import Report, Verdict, Waived, WaiverState
from ringwork.report.paper import Block, Paper
from ringwork.report.signs import BAD, OPEN
from ringwork.report.visible import counted

_TOLD = {WaiverState.EXPIRED: (BAD, "expired, and fails the run"), WaiverState.UNUSED: (OPEN, "unused, and can go")}
"""What needs somebody, gravest first."""


def blocks(report: Report, paper: Paper) -> list[Block]:
    """Each only where there is something to say; they stand together, because forty lines are few."""
    said = [block for block in (_since(report, paper), _baseline(report, paper), _waivers(report, paper)) if block.head]
    for block in said[1:]:
        block.gap = False
    return said


def _since(report: Report, paper: Paper) -> Block:
    if not report.since:
        return Block()
    left = len(report.left_out)
    if not left:
        return Block(head=paper.line((f"Since {report.since}", "bold"), "  the change concerns every route, so none was left out"))
    said = f"  {counted(report.coverage.found, 'route')} asked, {left} left out and not tested; a narrowed run proves nothing"
    return Block(head=paper.line((f"Since {report.since}", "bold"), said))


def _baseline(report: Report, paper: Paper) -> Block:
    if not report.baseline:
        return Block()
    gone = f"; {len(report.gone)} gone (`baseline prune`)" if report.gone else ""
    return Block(head=paper.line(("Baseline", "bold"), f"  {len(report.known)} known to {report.baseline}{gone}"))


def _waivers(report: Report, paper: Paper) -> Block:
    if not report.waived:
        return Block()
    accepted = sum(finding.verdict is Verdict.ACCEPTED for finding in report.findings)
    used = sum(waiver.state is WaiverState.USED for waiver in report.waived)
    told = sorted((waiver for waiver in report.waived if waiver.state in _TOLD), key=lambda waiver: list(_TOLD).index(waiver.state))
    head = paper.line(("Waivers", "bold"), f"  {used} of {len(report.waived)} in use; {counted(accepted, 'finding')} accepted")
    return Block(
        head=head,
        items=[_waiver(waiver, paper) for waiver in told],
        wanted=1,
        more=lambda hidden: paper.line((f"... {hidden} more of {len(told)} in the report", "dim"), indent=2),
    )


def _waiver(waiver: Waived, paper: Paper) -> list[Text]:
    sign, words = _TOLD[waiver.state]
    place = f"{waiver.file}:{waiver.line}" if waiver.file else "the policy"
    route = f" {waiver.route}" if waiver.route else ""
    return paper.line(paper.sign(sign), f" {words}: {waiver.control}{route}, {place}, until {waiver.until}, {waiver.owner}", indent=2)
