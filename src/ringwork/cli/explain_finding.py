"""One finding of the last run, told to the person who has to mend it: what was done, why it matters, what to write, how to try again."""

from __future__ import annotations

from rich.console import Console

from ringwork.cli import terminal
from ringwork.prove.evidence import SWITCHED_ON, Finding, Report, Tier, Verdict
from ringwork.report import about, by_hand
from ringwork.report.visible import counted, one_line, visible

_NAMES = {"fastapi": "FastAPI", "starlette": "Starlette", "flask": "Flask", "django": "Django", "aiohttp": "aiohttp"}
_STATES = {Verdict.ACCEPTED: "accepted by a waiver; "}
_SHOWN = 2000
"""Characters of a request or an answer; the report has them whole."""


def show(out: Console, finding: Finding, report: Report) -> None:
    """Print all of it. What the target chose is made harmless to look at."""
    head(out, finding)
    _places(out, finding, report)
    for exchanged in finding.observation.exchanged:
        said(out, f"The request, as {exchanged.as_user or 'nobody'}", exchanged.request)
        said(out, f"The answer: {one_line(exchanged.shows)}" if exchanged.shows else "The answer", exchanged.answer)
    threat = about.control(finding.control).threat
    if threat:
        terminal.section(out, "Why it matters", threat)
    _mending(out, finding, report)
    how = "reads the source again" if finding.observation.tier is Tier.UNCONFIRMED else "asks a fresh copy"
    terminal.section(out, "How to try again", f"ringwork replay {finding.id}   ({how}; exit code 0 when it is gone, 1 while it is there)")
    terminal.say(out, f"The control with all its checks: ringwork explain {finding.control}", indent=2)


def head(out: Console, finding: Finding) -> None:
    """What it is, where, and what was done there."""
    terminal.say(out, f"{finding.id}: {about.control(finding.control).title}", style="bold")
    place = f" ({finding.file}:{finding.line})" if finding.file else ""
    terminal.say(out, f"{_STATES.get(finding.verdict, '')}{finding.severity}, {finding.check}, at {one_line(finding.where)}{place}")
    is_read = finding.observation.tier is Tier.UNCONFIRMED
    terminal.section(out, "What was read" if is_read else "What was done", one_line(finding.summary))
    for step in finding.observation.steps:
        terminal.say(out, f"{step.file}:{step.line}  {one_line(step.said)}", indent=4)


def said(out: Console, head: str, text: str) -> None:
    """What went over the wire, as lines that nothing in it can steer; nothing where nothing went."""
    if not text:
        return
    terminal.section(out, head)
    shown = visible(text)
    for line in shown[:_SHOWN].rstrip().splitlines():
        out.print(f"    {line}", soft_wrap=True)
    if len(shown) > _SHOWN:
        terminal.say(out, f"... {len(shown) - _SHOWN} more characters in the report", indent=4)


def _places(out: Console, finding: Finding, report: Report) -> None:
    if finding.observation.routes:
        terminal.say(out, f"It happens on {', '.join(map(one_line, finding.observation.routes))}.", indent=2)
    alike = sum(one.control == finding.control and one.id != finding.id and one.verdict is finding.verdict for one in report.findings)
    if alike:
        terminal.say(out, f"The report has {counted(alike, 'more finding')} of {finding.control}: mend them together.", indent=2)


def _mending(out: Console, finding: Finding, report: Report) -> None:
    """The guard's way and one's own, in the words of the framework; what only reads the same is told once."""
    framework = report.framework.partition(" ")[0]
    terminal.section(out, f"How to mend it in {_NAMES.get(framework, framework or 'this application')}")
    guarded = finding.fix.startswith(SWITCHED_ON)
    if guarded:
        terminal.say(out, "With ringwork: protect(app) switches it on; `ringwork adopt` prints the lines.", indent=2)
    else:
        terminal.say(out, one_line(finding.fix), indent=2)
    own = by_hand.text(finding.control, framework)
    if own:
        terminal.say(out, f"By hand: {own}", indent=2)
