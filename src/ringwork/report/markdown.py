"""A report as Markdown, for the summary of a CI step or a comment on a change.

Against text of the target that becomes markup in a reader's browser, a link, an image that is fetched, or a mention of somebody: all of
it stands in code spans. What was not verified is named, and what was cut to fit is counted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from ringwork.prove.evidence import Finding, Report, Verdict
from ringwork.report import depth, gains, order
from ringwork.report.signs import VERDICTS, exit_of, told_exit
from ringwork.report.visible import counted, one_line

LIMIT_BYTES = 60_000
"""Of the whole page: a comment on GitHub takes 65,536 characters, the summary of a step 1 MiB."""

_FINDINGS, _DEPTH, _UNVERIFIED, _REST = 24_000, 8_000, 20_000, 4_000
"""Bytes for each part; what stands around them fits into what is left."""

_SENTENCE = 400
_TOGETHER = 40  # names in one line, so that a part which does not fit loses few of them


def render(report: Report) -> str:
    """The page, UTF-8, at most LIMIT_BYTES, ending in a line feed."""
    lines = [*_head(report), *_findings(report), *_depth(report), *_unverified(report), *_rest(report), *_end(report)]
    return "\n".join([*lines, ""])


def code(text: str, *, limit: int = _SENTENCE) -> str:
    """Any text as a code span in one line; a dash for nothing."""
    line = one_line(text, limit=limit)
    if not line:
        return "-"
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(text: str, *, limit: int = _SENTENCE) -> str:
    """The same inside a table, where a bar would begin the next column."""
    return code(text, limit=limit).replace("|", "\\|")


def _head(report: Report) -> Iterable[str]:
    word, sign = exit_of(report.exit_code)
    yield f"## {sign.symbol} ringwork: {word}, {code(report.target, limit=200)}"
    yield ""
    yield code(told_exit(report.exit_code, report.exit_reason))
    for doubt in _doubts(report):
        yield ""
        yield f"**Read with care:** {doubt}."
    yield ""
    yield "| " + " | ".join(f"{sign.symbol} {verdict}" for verdict, sign in VERDICTS.items()) + " |"
    yield "|" + " --- |" * len(VERDICTS)
    held = sum(result.held for result in report.results if result.verdict is Verdict.NOT_VERIFIED)
    numbers = (f"{report.count(v)}{f' (held {held})' if v is Verdict.NOT_VERIFIED else ''}" for v in VERDICTS)
    yield "| " + " | ".join(numbers) + " |"
    yield ""


def _doubts(report: Report) -> Iterable[str]:
    if report.partial:
        yield "the run was cut short"
    if not report.state_restored:
        yield "the copy's state could not be restored between attacks"
    if report.left_out:
        left, since = counted(len(report.left_out), "route"), code(report.since, limit=100)
        yield f"only what changed since {since} was asked and {left} left out, so nothing is proven"


def _findings(report: Report) -> Iterable[str]:
    fresh, old, waived = order.new(report), order.known(report), order.accepted(report)
    title = "New findings" if report.baseline else "Findings"
    yield f"### {title}: {len(fresh) or 'none'}"
    yield ""
    yield from fitted([told(one, report) for one in fresh], _FINDINGS, "findings")
    if due := order.due(report):
        yield from fitted([f"- {code(order.told(waiver))}" for waiver in due], _REST, "waivers")
    base = f"<code>{html.escape(one_line(report.baseline, limit=100))}</code>"
    for name, some in ((f"known to {base}", old), ("accepted", waived)):
        if some:
            yield from folded(f"{counted(len(some), 'finding')} {name}", [told(one, report) for one in some], _REST, "findings")


def told(finding: Finding, report: Report) -> str:
    """One finding as an item of a list: what, where, the fix, and the command that sends it again."""
    path, line = order.place(finding, report)
    several = f", {counted(finding.instances, 'instance')}" if finding.instances > 1 else ""
    owner = f", owner {code(finding.owner, limit=100)}" if finding.owner else ""
    told = [
        f"- **{finding.severity}** {code(finding.control)} at {code(finding.where, limit=200)}, {code(f'{path}:{line}')}{several}{owner}  ",
        f"  {code(finding.summary)}  ",
        f"  fix: {code(finding.fix)}  ",
        f"  again: {code(f'ringwork replay {finding.id}')}",
    ]
    if finding.waiver is not None:
        told.append(f"  accepted until {code(finding.waiver.until)}: {code(finding.waiver.reason)}")
    return "\n".join(told)


def _depth(report: Report) -> Iterable[str]:
    stands = depth.stands(report.depth)
    yield "### Depth: which layers stopped each attack"
    yield ""
    if not stands:
        yield "No guard was taken out, so nothing is known about the layers behind it."
        yield ""
        return
    yield f"{sum(stand.is_thin for stand in stands)} of {len(stands)} are thin: one layer, and nothing behind it."
    yield ""
    yield "| attack | layers that stopped it | depth |"
    yield "| --- | --- | --- |"
    rows = []
    for stand in stands:
        more = f" (+{len(stand.attacks) - 1} like it)" if len(stand.attacks) > 1 else ""
        layers = ", ".join(cell(layer) for layer in stand.layers)
        rows.append(f"| {cell(stand.attacks[0], limit=160)}{more} | {layers} | {stand.summary} |")
    shown = _within(rows, _DEPTH)
    yield from shown
    yield ""
    if len(shown) < len(rows):
        yield f"{len(rows) - len(shown)} more rows stand in the report."
        yield ""


def _unverified(report: Report) -> Iterable[str]:
    left = [result for result in report.results if result.verdict is Verdict.NOT_VERIFIED]
    if not left:
        return
    grouped = dict[str, list[str]]()
    for result in left:
        grouped.setdefault(f"{'held, but ' if result.held else ''}{result.reason}", []).append(result.check)
    # What few checks lack is sooner mended than what most of them lack.
    items = [
        f"- {code(reason)}: {', '.join(code(check) for check in checks[at : at + _TOGETHER])}"
        for reason, checks in sorted(grouped.items(), key=lambda group: len(group[1]))
        for at in range(0, len(checks), _TOGETHER)
    ]
    yield from folded(f"{counted(len(left), 'check')} not verified, by name; none of them counts as a pass", items, _UNVERIFIED, "reasons")


def _rest(report: Report) -> Iterable[str]:
    found = report.coverage
    yield f"Routes: {found.reached} of {found.found} reached, {len(found.skipped)} skipped."
    yield ""
    if report.unlocks:
        yield from folded("To verify more, add", [_to_add(report, unlock) for unlock in report.unlocks], _REST, "steps")


def _to_add(report: Report, unlock: str) -> str:
    gain = gains.of(report, unlock)
    return f"- {code(unlock)}{f' ({gain})' if gain else ''}"


def _end(report: Report) -> Iterable[str]:
    commit = (
        f"{code(report.commit[:12])}{' with changes that are not in it' if report.tree == 'changed' else ''}" if report.commit else "none"
    )
    framework, guard, command = code(report.framework, limit=100), code(report.guarded, limit=100), code(report.command)
    yield f"ringwork {code(report.version, limit=40)}, {framework}, {guard}, commit {commit}, {code(report.started_at[:19], limit=40)} UTC."
    yield f"Command: {command}. A check is proven only where its attack failed here and was seen to succeed without the defence."


def folded(title: str, items: Sequence[str], budget: int, noun: str) -> Iterable[str]:
    """A part that a reader opens, when there is one to open."""
    # A title is HTML: in here Markdown knows no code span.
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from fitted(items, budget, noun)
    yield "</details>"
    yield ""


def fitted(items: Sequence[str], budget: int, noun: str) -> Iterable[str]:
    """The items that stay within `budget` bytes, and a count of the others."""
    shown = _within(items, budget)
    yield from shown
    if len(shown) < len(items):
        yield f"- {len(items) - len(shown)} more {noun} stand in the report."
    if items:
        yield ""


def _within(items: Sequence[str], budget: int) -> list[str]:
    """The first items that together stay within so many bytes."""
    shown = list[str]()
    for item in items:
        budget -= len(item.encode("utf-8")) + 1
        if budget < 0:
            break
        shown.append(item)
    return shown
