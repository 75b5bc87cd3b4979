"""A difference as Markdown, for the one comment at a change: what it brought, first and whole, and of everything else little.

Against a comment that nobody reads: what was there before is counted and not told again. Text of the target stands in code spans.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringwork.prove.evidence import Finding, Report
from ringwork.report.diff import Difference
from ringwork.report.markdown import code, fitted, folded, told
from ringwork.report.order import gravest_first
from ringwork.report.signs import VERDICTS, exit_of, told_exit
from ringwork.report.visible import counted

_NEW, _REST = 40_000, 6_000
"""Bytes for each part; with what stands around them it is less than the 65,536 characters that a comment takes."""


def render(difference: Difference, before: Report, after: Report) -> str:
    """The page, ending in a line feed."""
    return "\n".join([*_lines(difference, before, after), ""])


def _lines(found: Difference, before: Report, after: Report) -> Iterable[str]:
    _, sign = exit_of(after.exit_code)
    yield f"## {sign.symbol} ringwork: {counted(len(found.new), 'new finding')}, {code(after.target, limit=200)}"
    yield ""
    yield code(told_exit(after.exit_code, after.exit_reason))
    yield ""
    yield from fitted([told(one, after) for one in gravest_first(found.new)], _NEW, "new findings")
    lost = [one for one in found.turned if one.before is not None and one.before.value == "proven" and one.after != one.before]
    yield from _part("no longer proven", [f"- {code(one.check)}: {one.after or 'not listed'} now" for one in lost], "checks")
    yield from _part("fixed", [_short(one) for one in found.fixed], "findings")
    yield from _part("not tested again, so not fixed", [_short(one) for one in found.untested], "findings")
    told_counts = ", ".join(f"{after.count(verdict)} {verdict}" for verdict in VERDICTS)
    yield f"{counted(len(found.still), 'finding')} that stood there before. Checks: {told_counts}."
    yield f"Compared: {_run(before)} with {_run(after)}, ringwork {code(after.version, limit=40)}."


def _part(title: str, items: list[str], noun: str) -> Iterable[str]:
    return folded(f"{len(items)} {title}", items, _REST, noun) if items else ()


def _short(finding: Finding) -> str:
    return f"- **{finding.severity}** {code(finding.control)} at {code(finding.where, limit=200)}: {code(finding.summary, limit=160)}"


def _run(report: Report) -> str:
    return code(report.commit[:12]) if report.commit else f"the run of {code(report.started_at[:19], limit=40)} UTC"
