"""`ringwork report`: what stored reports say beside each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ringwork.cli import kept, terminal, writing
from ringwork.errors import TargetFailed
from ringwork.prove import run, settings
from ringwork.prove.evidence import Report
from ringwork.report import diff as differences
from ringwork.report import diff_markdown, diff_terminal
from ringwork.report import schema as shape
from ringwork.report import tickets as lines

FAIL_ON = f"The least severity of a new finding that ends with exit code 1: {', '.join(settings.SEVERITIES)}."


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="The earlier report.json, or the folder that holds it.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The later one.")],
    *,
    fail_on: Annotated[str, typer.Option(help=FAIL_ON)] = "low",
    form: Annotated[str, typer.Option("--format", help="terminal, or markdown for a comment at a change.")] = "terminal",
) -> None:
    """Say what is new, fixed, still there or not tested again in B, measured by A. Exit 1 when something is new."""
    settings.require_severity(fail_on)
    if form not in {"terminal", "markdown"}:
        raise TargetFailed(step="settings", problem=f"--format {form} is unknown", advice="write one of: terminal, markdown")
    earlier, later = read(before), read(after)
    found = differences.compare(earlier, later)
    if form == "markdown":
        typer.echo(diff_markdown.render(found, earlier, later), nl=False)
    else:
        diff_terminal.render(found, earlier, later, terminal.console())
    raise typer.Exit(run.FINDINGS if found.grave(fail_on) else run.CLEAN)


def read(path: Path) -> Report:
    """A stored report. Raises TargetFailed, with what to do, where there is none or it cannot be read."""
    place = path / "report.json" if path.is_dir() else path
    return kept.report(place, advice="give a report.json that `ringwork prove` wrote, or the folder that holds it")


def render(
    where: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.json, or the folder that holds it.")] = Path(".ringwork"),
    *,
    formats: Annotated[list[str], typer.Option("--format", help=writing.FORMATS_HELP)],
    against: Annotated[Path | None, typer.Option(help="Say in report.html what changed since this report.json.")] = None,
    output_dir: Annotated[Path | None, typer.Option(help="Where the files go; beside the report unless given.")] = None,
    sign: Annotated[Path | None, typer.Option(metavar="KEY.pem", help=writing.SIGN_HELP)] = None,
) -> None:
    """Write a stored report in other forms, as the run that made it could have."""
    out = terminal.console()
    stored, before = read(where), read(against) if against is not None else None
    forms = writing.chosen(formats, always=False, signed=sign is not None)
    folder = output_dir or (where if where.is_dir() else where.parent)
    given = replace(writing.asked(sign), before=before)
    written = writing.write(stored, forms, folder, out, given)
    for path in written:
        terminal.say(out, str(path))
    writing.print_commands(stored, forms, out, given)
    if not written and not all(form.printed for form in forms):
        raise typer.Exit(run.USAGE)


def tickets(
    where: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.json, or the folder that holds it.")] = Path(".ringwork"),
    *,
    before: Annotated[Path | None, typer.Option(help="An earlier report; what is fixed since then gets a line too.")] = None,
    prefix: Annotated[str, typer.Option(help="Begins each key; give each application its own.")] = "ringwork",
) -> None:
    """Print each finding as one line of JSON, with a key that stays the same from run to run, for a ticket system."""
    earlier = read(before) if before is not None else None
    typer.echo(lines.render(read(where), before=earlier, prefix=prefix), nl=False)


def schema() -> None:
    """Print the JSON Schema of report.json."""
    typer.echo(shape.shipped(), nl=False)


WORDS = (("diff", diff), ("render", render), ("tickets", tickets), ("schema", schema))
"""The commands below `ringwork report`."""
