"""The summary at the end of a run: forty lines that say what held, what fell, and what was not looked at.

Against a summary that reads better than the run was: the five numbers stand side by side, and what was cut is counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ringwork.prove.evidence import Report, Tier, Verdict
from ringwork.report import causes_terminal, depth, gains, matrix, standing
from ringwork.report.paper import Block, Paper, Part, fit
from ringwork.report.signs import OPEN, VERDICTS, exit_of, told_exit
from ringwork.report.visible import counted

LINES = 40
"""The most that is printed unless it was asked to be verbose."""

NAMING, MOST_NAMES = 3, 99
"""Lines for the names of what is not enforced, and how many of a layer where there is room."""

_ROOM = ((0, 0), (6, 6), (4, 6), (3, 6), (2, 6), (2, 5), (2, 4), (2, 3), (2, 2), (2, 1), (2, 0), (2, -1))
"""Lines of one text, 0 for any number, and of how many causes it is told what was done, -1 where not even what mends them is told: less of
each only when forty lines ask for it."""

UNRESTORED = "the copy's state could not be restored, so later answers may lean on earlier attacks"
PARTIAL = "the run was cut short; this report is partial"


def render(report: Report, console: Console, *, verbose: bool = False, written: Sequence[Path | str] = ()) -> None:
    """Print the summary.

    verbose: everything, however long. written: the files that hold the whole report, in the order of their use.
    """
    for line in _lines(report, console, verbose=verbose, written=written):
        console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)


def _lines(report: Report, console: Console, *, verbose: bool, written: Sequence[Path | str]) -> list[Text]:
    blocks: list[Block] = []
    for most, said in _ROOM[:1] if verbose else _ROOM[1:]:
        paper = Paper.of(console, most=most)
        findings = causes_terminal.block(report, paper, weak=_weak(report), verbose=verbose, said=said)
        blocks = [
            _title(report, paper),
            _depth(report, paper),
            findings,
            _matrix(report, paper, verbose=verbose),
            _coverage(report, paper),
            *standing.blocks(report, paper),
            _unlocks(report, paper),
            _end(report, paper, written),
        ]
        if verbose or (fit(blocks, LINES) and findings.shown >= min(causes_terminal.AT_LEAST, len(findings.items))):
            break
    return [line for block in blocks for line in block.lines()]


def _title(report: Report, paper: Paper) -> Block:
    utc = " UTC" if report.started_at.endswith("+00:00") else ""
    when = report.started_at[:16].replace("T", " ") + utc
    parts = [report.framework, report.guarded, report.commit[:7], when, f"{report.seconds:.1f} s"]
    title = paper.line((report.target, "bold"), f"  {', '.join(part for part in parts if part)}")
    return Block(head=[*title, *_unenforced(report, paper), *_counts(report, paper)], gap=False)


def _unenforced(report: Report, paper: Paper) -> list[Text]:
    """Against a header that says enforce where most is switched off."""
    if not report.unenforced:
        return []
    if report.guarded.endswith("observe"):
        return paper.line(("Not enforced", "bold"), "  anything: the mode is observe, which refuses nobody")
    # Against a list that is cut to its first name: by layer it is shorter, and each layer names at least one.
    whole = dataclasses.replace(paper, most=0)
    by_layer = [(layer, list(ids)) for layer, ids in groupby(report.unenforced, key=lambda one: one.partition(".")[0])]
    lines: list[Text] = []
    for most in (MOST_NAMES, 1) if paper.most else (MOST_NAMES,):
        named = "; ".join(_of_layer(layer, ids, most) for layer, ids in by_layer)
        lines = whole.line(("Not enforced", "bold"), f"  {len(report.unenforced)} controls (only=): {named}")
        if len(lines) <= NAMING:
            break
    return lines


def _of_layer(layer: str, ids: Sequence[str], most: int) -> str:
    """A layer and its controls without it, the first so many; the others are counted."""
    names = [one.partition(".")[2] for one in ids]
    return f"{layer} {', '.join(names[:most])}{f' (+{len(names) - most})' if len(names) > most else ''}"


def _counts(report: Report, paper: Paper) -> list[Text]:
    held = sum(result.held for result in report.results if result.verdict is Verdict.NOT_VERIFIED)
    lines = [Text()]
    for verdict, sign in VERDICTS.items():
        count = report.count(verdict)
        symbol, style = paper.sign(sign)
        of_it = f" (held {held})" if verdict is Verdict.NOT_VERIFIED else ""
        words = f"{symbol} {verdict} {count}{of_it}"
        if len(lines[-1]) and len(lines[-1]) + 2 + len(words) > paper.width:
            lines.append(Text())
        lines[-1].append("  " if len(lines[-1]) else "").append(words, style=style if count else "dim")
    return lines


def _depth(report: Report, paper: Paper) -> Block:
    stands = depth.stands(report.depth)
    if not stands:
        return Block(head=paper.line(("Depth", "bold"), "  no guard was taken out, so nothing is known about the layers behind it"))
    thin = sum(stand.is_thin for stand in stands)
    head = paper.line(("Depth", "bold"), f"  attack, and the layers that stopped it; {thin} of {len(stands)} thin: one layer was all")
    return Block(
        head=head,
        items=[_stand(stand, paper) for stand in stands],
        wanted=3,
        more=lambda hidden: _cut(paper, f"{hidden} more of {len(stands)}, {_thin(stands[-hidden:])} thin, in the report"),
    )


def _thin(stands: Sequence[depth.Stand]) -> str:
    return str(sum(stand.is_thin for stand in stands) or "none")


def _stand(stand: depth.Stand, paper: Paper) -> list[Text]:
    more = f" (+{len(stand.attacks) - 1} like it)" if len(stand.attacks) > 1 else ""
    arrow = " > " if paper.is_ascii else " → "
    mark: Part = ("thin ", "yellow") if stand.is_thin else "     "
    after = "" if stand.fell else f"  {stand.summary}"
    return paper.line(mark, f"{stand.attacks[0]}{more}: ", (arrow.join(stand.layers), "cyan"), after, indent=2, hang=7)


def _cut(paper: Paper, words: str) -> list[Text]:
    return paper.line((f"... {words}", "dim"), indent=2)


def _weak(report: Report) -> str:
    """Against weak findings that are neither shown nor told of: they are counted here, and listed in the report."""
    seen = (one for result in report.results if result.evidence is not None for one in result.evidence.observations)
    count = sum(one.tier is Tier.WEAK for one in seen)
    return f"; {count} weak, read in source" if count else ""


def _matrix(report: Report, paper: Paper, *, verbose: bool) -> Block:
    grid = matrix.grid(report.matrix)
    rows = list(grid.rows) if verbose else grid.surprising
    table = _as_table(grid.roles, rows, paper)
    items = table[1:] if table else [line for row in rows for line in _as_list(row, paper)]
    others = len(grid.rows) - len(rows)
    rest = f"; {counted(others, 'more route')} without a surprise" if rows and others else ""
    return Block(
        head=[*paper.line(("Role x route", "bold"), f"  {_surprises(grid)}{rest}"), *(table[0] if table else [])],
        items=items,
        wanted=1,
        more=lambda hidden: _cut(paper, f"{hidden} more of {len(items)} in the report"),
    )


def _surprises(grid: matrix.Grid) -> str:
    """How the whole table compares with what is declared."""
    if not grid.tried:
        return "no route was asked"
    strange = sum(len(row.surprises) for row in grid.rows)
    if strange:
        said = f"{strange} of {grid.tried} answers were not as declared"
    else:
        said = f"none of {grid.tried} answers went against what is declared"
    return f"{said}; {counted(len(grid.undeclared), 'route')} without a rule let anybody in" if grid.undeclared else said


def _as_table(roles: Sequence[str], rows: Sequence[matrix.Row], paper: Paper) -> list[list[Text]]:
    """A head and a line for each row; nothing where the paper is too narrow for it."""
    names = [paper.said(role) for role in roles]
    routes = [paper.said(row.route) for row in rows]
    widths = [max(cell_len(name), 5) + 2 for name in names]
    first = max(map(cell_len, routes), default=0) + 4
    if not rows or first + sum(widths) > paper.width:
        return []
    head = Text(" " * first + "".join(_padded(name, width) for name, width in zip(names, widths, strict=True)), style="dim")
    return [[head]] + [[_table_line(route, row, first, widths, paper)] for route, row in zip(routes, rows, strict=True)]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _table_line(route: str, row: matrix.Row, first: int, widths: Sequence[int], paper: Paper) -> Text:
    line = Text(_padded(f"  {route}", first))
    for cell, width in zip(row.cells, widths, strict=True):
        symbol, style = paper.sign(cell.sign) if cell is not None else (" ", "")
        status = str(cell.status or "") if cell is not None else ""
        line.append(_padded(f"{symbol} {status}", width), style=style)
    line.rstrip()
    return line


def _as_list(row: matrix.Row, paper: Paper) -> list[list[Text]]:
    cells = row.surprises or [cell for cell in row.cells if cell is not None]
    return [
        paper.line(paper.sign(cell.sign), f" {row.route}: {cell.role} ", cell.surprise or f"got {cell.status} ({cell.seen})", indent=2)
        for cell in cells
    ]


def _coverage(report: Report, paper: Paper) -> Block:
    found = report.coverage
    reasons = dict[str, list[str]]()
    for route, reason in found.skipped.items():
        reasons.setdefault(reason, []).append(route)
    said = f"{found.reached} of {found.found} routes reached, {len(found.skipped)} skipped, floor {found.floor:.0%}"
    users = f"; as {', '.join(report.users)}" if report.users else "; nobody signed in"
    unlisted = f"; {counted(len(found.unlisted), 'difference')} from the OpenAPI document" if found.unlisted else ""
    sign = [] if found.found and found.reached >= found.floor * found.found else [paper.sign(OPEN), ("  ", "")]
    return Block(
        head=paper.line(("Coverage", "bold"), "  ", *sign, f"{said}{unlisted}{users}"),
        items=[paper.line(f"skipped, {reason}: {', '.join(routes)}", indent=2) for reason, routes in reasons.items()],
        more=lambda hidden: _cut(
            paper, f"{hidden}{' more' * (hidden < len(reasons))} of {counted(len(reasons), 'reason')} for skipped routes in the report"
        ),
    )


def _unlocks(report: Report, paper: Paper) -> Block:
    if not report.unlocks:
        return Block()
    items = [_to_add(unlock, gains.of(report, unlock), paper) for unlock in report.unlocks]
    return Block(
        head=paper.line(("To verify more, add", "bold")),
        items=items,
        wanted=1,
        dear=1,
        more=lambda hidden: _cut(paper, f"{hidden} more of {len(items)} in the report"),
    )


def _to_add(unlock: str, gain: str, paper: Paper) -> list[Text]:
    """The step as it can be copied, and below it what it is good for."""
    lines = [paper.line("  " if number else "- ", words, indent=2, hang=4) for number, words in enumerate(unlock.splitlines())]
    brings = paper.line((gain, "dim"), indent=4, hang=4) if gain else []
    return [*(line for folded in lines for line in folded), *brings]


def _end(report: Report, paper: Paper, written: Sequence[Path | str]) -> Block:
    _, sign = exit_of(report.exit_code)
    lines = paper.line(("Report", "bold"), f"  {', '.join(map(str, written))}") if written else []
    warnings = [] if report.state_restored else [UNRESTORED]
    warnings += [PARTIAL] if report.partial else []
    told = [line for warning in warnings for line in paper.line(paper.sign(OPEN), f" {warning}")]
    code = paper.line(paper.sign(sign), (f" Exit {report.exit_code}, ", sign.style), told_exit(report.exit_code, report.exit_reason))
    return Block(head=[*told, *lines, *code])
