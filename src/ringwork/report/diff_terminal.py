"""A difference as lines for a terminal: what is new first, and what was not tested again never among what is fixed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from ringwork.prove.evidence import Finding, Report, Verdict
from ringwork.report.diff import Difference, Turned, doubts
from ringwork.report.paper import Paper
from ringwork.report.signs import BAD, GOOD, NONE, OPEN, VERDICTS, WAIVED, Sign
from ringwork.report.visible import counted

_UNSURE = 12  # checks shown that the later run did not verify


def render(difference: Difference, before: Report, after: Report, console: Console) -> None:
    """Print it."""
    paper = Paper.of(console)
    for line in _lines(difference, before, after, paper):
        console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)


def _lines(difference: Difference, before: Report, after: Report, paper: Paper) -> list[Text]:
    lines = paper.line((after.target, "bold"), f"  {_run(before)} against {_run(after)}")
    for doubt in doubts(before, after):
        lines += paper.line(paper.sign(OPEN), f" {doubt}")
    counts = f"{len(difference.new)} new, {len(difference.still)} still there, {len(difference.fixed)} fixed"
    lines += paper.line(f"{counts}, {len(difference.untested)} not tested again")
    for title, sign, found, said in (
        ("New", BAD, difference.new, functools.partial(_whole, before)),
        ("Still there", NONE, difference.still, _short),
        ("Fixed", GOOD, difference.fixed, _short),
        ("Not tested again", OPEN, difference.untested, _short),
    ):
        lines += _section(title, sign, found, said, paper)
    return lines + _turned(difference.turned, paper)


def _run(report: Report) -> str:
    return f"{report.started_at[:16].replace('T', ' ')}{' at ' + report.commit[:7] if report.commit else ''}"


def _section(title: str, sign: Sign, found: Sequence[Finding], said: Callable[[Finding, Paper], list[Text]], paper: Paper) -> list[Text]:
    if not found:
        return []
    lines = [Text(), *paper.line((title, "bold"))]
    for finding in found:
        accepted = finding.verdict is Verdict.ACCEPTED
        symbol = paper.sign(WAIVED if accepted else sign)
        words = [finding.id, finding.severity, finding.check, finding.where, *(["(accepted)"] if accepted else [])]
        lines += [*paper.line(symbol, " ", *(f"{word}  " for word in words), indent=2), *said(finding, paper)]
    return lines


def _whole(before: Report, finding: Finding, paper: Paper) -> list[Text]:
    place = f"{finding.file}:{finding.line}: " if finding.file else ""
    made = any(result.check == finding.check and result.is_made for result in before.results)
    doubt = [] if made else paper.line(paper.sign(OPEN), " the earlier run did not make this check, so it may be older", indent=4)
    return [*doubt, *paper.line(f"{place}{finding.summary}", indent=4), *paper.line(("fix: ", "green"), finding.fix, indent=4)]


def _short(_: Finding, __: Paper) -> list[Text]:
    return []


def _turned(turned: Sequence[Turned], paper: Paper) -> list[Text]:
    if not turned:
        return []
    lines = [Text(), *paper.line((f"{counted(len(turned), 'check')} turned", "bold"))]
    unsure = [one for one in turned if one.after is Verdict.NOT_VERIFIED]
    # A run of a selection turns nearly every check: what was judged is shown whole, and before what was only not looked at.
    shown = [*(one for one in turned if one not in unsure), *unsure[:_UNSURE]]
    for one in shown:
        symbol = paper.sign(VERDICTS[one.after] if one.after is not None else OPEN)
        lines += paper.line(symbol, f" {one.check}: {one.before or 'not listed'} before, {one.after or 'not listed'} now", indent=2)
    if left := len(turned) - len(shown):
        lines += paper.line(f"... {left} more not verified now; the later report says of each why", indent=2)
    return lines
