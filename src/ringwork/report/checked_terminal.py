"""What `ringwork check` found, for a person: within forty lines the worst findings with their path and fix, and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ringwork.prove.checked import Checked, Found
from ringwork.report.paper import Block, Paper, fit, shortened
from ringwork.report.signs import BAD, NONE, OPEN, SEVERITIES, WAIVED, exit_of, told_exit
from ringwork.report.visible import counted
from ringwork.survey.flows import Step, Strength
from ringwork.survey.linters.tool import State

LINES = 40
_STEPS = 5
_BRIEF, _WHOLE = 2, 2
"""Where not all fits: so many findings are shown with their way and fix, and of the others a line each."""


def render(checked: Checked, console: Console, *, verbose: bool = False) -> None:
    """Print it. verbose: everything, however long."""
    blocks = list[Block]()
    for most in (0,) if verbose else (4, 3, 2):
        paper = Paper.of(console, most=most, rest="with -v")
        listed = [_findings(checked, paper), *_weak(checked, paper)]
        blocks = [
            _title(checked, paper),
            *listed,
            _waivers(checked, paper),
            _unread(checked, paper),
            _end(checked, paper),
        ]
        if verbose or (fit(blocks, LINES) and all(block.shown == len(block.items) for block in listed)):
            break
    for block in blocks:
        for line in block.lines():
            console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)


def _title(checked: Checked, paper: Paper) -> Block:
    of_it = f" of {checked.asked} asked for" if checked.asked else ""
    commits = f", {counted(checked.past.commits, 'commit')}" if checked.past is not None else ""
    tests = f", {counted(checked.left_out, 'test file')} left out" if checked.left_out else ""
    read = f"{checked.lines:,} lines, {counted(checked.files, 'file')}{of_it}{commits}{tests}"
    title = paper.line((checked.root, "bold"), f"  {read}, {checked.seconds:.1f} s")
    weak = checked.count(Strength.WEAK)
    more = "" if checked.shows_weak or not weak else " (--all shows them)"
    accepted = sum(bool(one.accepted) for one in checked.found)
    hidden = sum(one.hides_security for one in checked.suppressed)
    counts = [
        (BAD, f"strong {checked.count(Strength.STRONG)}"),
        (OPEN, f"weak {weak}{more}"),
        (WAIVED, f"accepted {accepted}"),
        (NONE, f"suppressed {hidden}"),
    ]
    line = Text()
    for sign, words in counts:
        symbol, style = paper.sign(sign)
        line.append("  " if len(line) else "").append(f"{symbol} {words}", style=style if not words.endswith(" 0") else "dim")
    return Block(head=[*title, line], gap=False)


def _findings(checked: Checked, paper: Paper) -> Block:
    shown = [one for one in checked.open if one.strength is Strength.STRONG]
    if not shown:
        return Block(head=paper.line(("Findings", "bold"), "  none" if checked.files else "  nothing was read"))
    return _listed("Findings", shown, paper)


def _weak(checked: Checked, paper: Paper) -> list[Block]:
    """In a list of their own: behind the strong ones none of them would be seen."""
    shown = [one for one in checked.open if one.strength is Strength.WEAK]
    return [_listed("Weak", shown, paper)] if shown else []


def _listed(title: str, shown: Sequence[Found], paper: Paper) -> Block:
    # Against a sentence that ends nowhere, and nobody says how to have the rest of it.
    is_cut = paper.most == _BRIEF and len(shown) > _WHOLE
    return Block(
        head=paper.line((title, "bold"), f"  {_how_grave(shown)}", ("; shortened, -v shows all of it" if is_cut else "", "dim")),
        items=[_finding(one, paper) if number < _WHOLE or paper.most != _BRIEF else _line(one, paper) for number, one in enumerate(shown)],
        wanted=len(shown) if paper.most == _BRIEF else 3,
        least=1,
        more=lambda hidden: paper.line(
            (f"... {hidden} more of {len(shown)}: {_how_grave(shown[-hidden:])}; -v shows them", "dim"), indent=2
        ),
    )


def _how_grave(some: Sequence[Found]) -> str:
    grades = Counter(one.severity for one in some)
    return ", ".join(f"{grades[severity]} {severity}" for severity in SEVERITIES if grades[severity])


def _finding(one: Found, paper: Paper) -> list[Text]:
    routes = f"  {', '.join(one.routes[:2])}{' ...' if len(one.routes) > 2 else ''}" if one.routes else ""
    sign = BAD if one.strength is Strength.STRONG else OPEN
    arrow = "> " if paper.is_ascii else "→ "
    lines = [
        *paper.line(paper.sign(sign), f" {one.severity}  ", (one.control, "bold"), (f"  {one.file}:{one.line}", "cyan"), routes, indent=2),
        *paper.line(one.said, ("" if one.seen_by == ("ringwork",) else f"  [{', '.join(one.seen_by)}]", "dim"), indent=4),
    ]
    if len(one.steps) > 1:
        lines += [
            line for step in _cut(one.steps) for line in paper.line((f"{arrow if step.line else '  '}{_told(step, one)}", "dim"), indent=6)
        ]
    return [*lines, *paper.line(("fix: ", "green"), one.fix, indent=4)]


def _line(one: Found, paper: Paper) -> list[Text]:
    """What, where and why, in one line."""
    sign = BAD if one.strength is Strength.STRONG else OPEN
    place = (f"  {one.file}:{one.line}", "cyan")
    return shortened(paper.line(paper.sign(sign), f" {one.severity}  ", (one.control, "bold"), place, f"  {one.said}", indent=2), 1)


def _cut(steps: Sequence[Step]) -> list[Step]:
    """The first and the last steps; what is left out is counted."""
    if len(steps) <= _STEPS:
        return list(steps)
    hidden = len(steps) - _STEPS + 1
    return [*steps[:2], Step(file="", line=0, column=0, said=f"... {hidden} more"), *steps[-(_STEPS - 3) :]]


def _told(step: Step, one: Found) -> str:
    if not step.line:
        return step.said
    place = f"line {step.line}" if step.file == one.file else f"{step.file}:{step.line}"
    return f"{place}: {step.said}"


def _waivers(checked: Checked, paper: Paper) -> Block:
    if not checked.faults:
        return Block()
    items = [paper.line(paper.sign(BAD), f" {text}", indent=2) for text in checked.faults]
    more = lambda hidden: paper.line((f"... {hidden} more", "dim"), indent=2)  # noqa: E731 - as short as what it is given to
    return Block(head=paper.line(("Waivers that do not hold", "bold")), items=items, wanted=1, more=more)


def _unread(checked: Checked, paper: Paper) -> Block:
    """Files by reason, then the tools that did not run."""
    reasons = dict[str, list[str]]()
    for one in checked.unread:
        reasons.setdefault(one.why, []).append(f"{one.file}:{one.line}" if one.line else one.file)
    items = [
        paper.line(f"{why}: {', '.join(files[:6])}{f' and {len(files) - 6} more' if len(files) > 6 else ''}", indent=2)
        for why, files in reasons.items()
    ]
    if checked.past is not None and checked.past.missing:
        items.insert(0, paper.line(paper.sign(OPEN), f" earlier commits: {checked.past.missing}", indent=2))
    items += [
        paper.line(
            paper.sign(OPEN if one.state in {State.FAILED, State.LATE} else NONE),
            f" {one.why}{f'; {one.unlock}' if one.unlock else ''}",
            indent=2,
        )
        for one in checked.tools
        if one.state is not State.RAN
    ]
    ran = [f"{one.tool} {one.version}" for one in checked.tools if one.state is State.RAN]
    said = f"  also read by {', '.join(ran)}" if ran else "  no other tool read it"
    more = lambda hidden: paper.line((f"... {hidden} more of {len(items)}; -v shows them", "dim"), indent=2)  # noqa: E731 - the same
    return Block(
        head=paper.line(("Not verified", "bold"), f"  {counted(len({one.file for one in checked.unread}), 'file')};{said}"),
        items=items,
        wanted=1,
        more=more,
    )


def _end(checked: Checked, paper: Paper) -> Block:
    _, sign = exit_of(checked.exit_code)
    return Block(
        head=paper.line(paper.sign(sign), (f" Exit {checked.exit_code}, ", sign.style), told_exit(checked.exit_code, checked.exit_reason))
    )
