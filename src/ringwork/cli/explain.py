"""`ringwork explain CONTROL`: the attack, what stops it, how one would know, and who still holds."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import find, terminal
from ringwork.controls import control as controls
from ringwork.report import status


def command(
    control: Annotated[str, typer.Argument(help="An id such as browser.csrf, or another name of the control.")],
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Explain one control: the attack, what stops it, how it is proven."""
    catalogue, where = controls.load(), status.trees()
    row = find.require_control(catalogue, control)
    standing = status.standing_of(row, where)
    if as_json:
        typer.echo(json.dumps({"format": status.FORMAT, "control": status.as_document(row, standing)}, indent=2, ensure_ascii=False))
        return
    out = terminal.console()
    show_purpose(out, row, standing)
    show_checks(out, row, standing)
    show_neighbours(out, catalogue, row)


def show_purpose(out: Console, row: controls.Control, standing: status.Standing) -> None:
    """What it is called, what it is against, and what enforces it."""
    terminal.say(out, f"{row.id}: {row.title}", style="bold")
    terminal.say(out, f"severity {row.severity}, profile {row.profile}, owner {row.owner}; {standing.phrase}")
    if row.aliases:
        terminal.say(out, f"also called {', '.join(row.aliases)}")
    _section(out, "The attack", row.threat)
    _section(out, "What stops it" if row.guarded else "What helps (no guard in a running application can enforce it)", row.enforce)
    for framework, difference in row.frameworks.items():
        terminal.say(out, f"{framework}: {difference}", indent=4)


def show_checks(out: Console, row: controls.Control, standing: status.Standing) -> None:
    """How one would know."""
    _section(out, "How it is proven")
    for check in row.checks:
        built = "" if check.name in standing.checks else ", not built yet"
        terminal.say(out, f"{check.name} ({check.kind}{built})", indent=2, style="bold")
        terminal.say(out, check.attack, indent=4)
        terminal.say(out, f"proven: {check.proven}", indent=4)
        terminal.say(out, f"violated: {check.violated}", indent=4)
        terminal.say(out, f"not verified: {check.not_verified}", indent=4)


def show_neighbours(out: Console, catalogue: controls.Catalogue, row: controls.Control) -> None:
    """Who still holds when it falls, who falls with it, and which requirements it answers."""
    titles = {other.id: other.title for other in catalogue.controls}
    _section(out, "Who still limits the attack when it is out")
    for other in row.backed_by:
        terminal.say(out, f"{other}: {titles[other]}", indent=2)
    if row.entails:
        _section(out, "What falls with it")
    for item in row.entails:
        terminal.say(out, f"{item.control}: {item.reason}", indent=2)
    _section(out, "Requirements it answers")
    for name, codes in row.standards.items():
        if codes:
            terminal.say(out, f"{catalogue.standards[name]}: {', '.join(codes)}", indent=2)


def _section(out: Console, head: str, words: str = "") -> None:
    terminal.say(out, "")
    terminal.say(out, head, style="bold")
    if words:
        terminal.say(out, words, indent=2)
