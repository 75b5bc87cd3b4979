"""`ringwork explain CONTROL`: the attack, what stops it, how one would know, and who still holds; `explain ID`: one finding, to mend it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import explain_finding, find, kept, refusals, terminal
from ringwork.controls import address
from ringwork.controls import control as controls
from ringwork.errors import TargetFailed
from ringwork.report import by_hand, status


def command(
    what: Annotated[str, typer.Argument(metavar="CONTROL or ID", help="A control such as browser.csrf, or the id of a finding.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="A control as JSON.")] = False,
    output_dir: Annotated[Path, typer.Option(help="Where the run left report.json, for a finding.")] = Path(".ringwork"),
) -> None:
    """Explain a control (the attack, what stops it, how it is proven), or a finding (what was done, why it matters, how to mend it)."""
    if kept.is_id(what):
        raise typer.Exit(_finding(what, output_dir))
    catalogue, where = controls.load(), status.trees()
    row = find.require_control(catalogue, what)
    standing = status.standing_of(row, where)
    if as_json:
        typer.echo(json.dumps({"format": status.FORMAT, "control": status.as_document(row, standing)}, indent=2, ensure_ascii=False))
        return
    out = terminal.console()
    show_purpose(out, row, standing)
    show_by_hand(out, row)
    show_checks(out, row, standing)
    show_neighbours(out, catalogue, row)


def _finding(id_: str, folder: Path) -> int:
    out = terminal.console()
    try:
        report = kept.report(folder / "report.json")
        explain_finding.show(out, kept.finding(report, id_), report)
    except TargetFailed as error:
        return refusals.explain(out, error)
    return 0


def show_purpose(out: Console, row: controls.Control, standing: status.Standing) -> None:
    """What it is called, what it is against, and what enforces it."""
    terminal.say(out, f"{row.id}: {row.title}", style="bold")
    terminal.say(out, f"severity {row.severity}, profile {row.profile}, owner {row.owner}; {standing.phrase}")
    if row.aliases:
        terminal.say(out, f"also called {', '.join(row.aliases)}")
    terminal.section(out, "The attack", row.threat)
    terminal.section(out, _enforced(row, standing), row.enforce)
    for framework, difference in row.frameworks.items():
        terminal.say(out, f"{framework}: {difference}", indent=4)


def _enforced(row: controls.Control, standing: status.Standing) -> str:
    """Against the promise of a guard that nobody has built: the row says what it would do."""
    if not row.guarded:
        return "What helps (no guard in a running application can enforce it)"
    return "What would stop it (ringwork has no guard for it yet)" if address.GUARD in standing.missing else "What stops it"


def show_by_hand(out: Console, row: controls.Control) -> None:
    """What a developer writes who does without the guard, for each framework that is known."""
    told = by_hand.table().get(row.id, {})
    if told:
        terminal.section(out, "By hand")
    for framework, words in told.items():
        terminal.say(out, words if framework == by_hand.ANY else f"{framework}: {words}", indent=2)


def show_checks(out: Console, row: controls.Control, standing: status.Standing) -> None:
    """How one would know."""
    terminal.section(out, "How it is proven")
    for check in row.checks:
        built = "" if check.name in standing.checks else ", not built yet"
        graded = f", {check.severity}" if check.severity != row.severity else ""
        terminal.say(out, f"{check.name} ({check.kind}{graded}{built})", indent=2, style="bold")
        terminal.say(out, check.attack, indent=4)
        terminal.say(out, f"proven: {check.proven}", indent=4)
        terminal.say(out, f"violated: {check.violated}", indent=4)
        terminal.say(out, f"not verified: {check.not_verified}", indent=4)


def show_neighbours(out: Console, catalogue: controls.Catalogue, row: controls.Control) -> None:
    """Who still holds when it falls, who falls with it, and which requirements it answers."""
    titles = {other.id: other.title for other in catalogue.controls}
    terminal.section(out, "Who still limits the attack when it is out")
    for other in row.backed_by:
        terminal.say(out, f"{other}: {titles[other]}", indent=2)
    if row.entails:
        terminal.section(out, "What falls with it")
    for item in row.entails:
        terminal.say(out, f"{item.control}: {item.reason}", indent=2)
    terminal.section(out, "Requirements it answers")
    for name, codes in row.standards.items():
        if codes:
            terminal.say(out, f"{catalogue.standards[name]}: {', '.join(codes)}", indent=2)
