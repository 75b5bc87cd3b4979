"""`ringwork badge [REPORT]`: draw the badge of a stored report again, as of now; in a nightly job it goes grey by itself."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Annotated

import typer

from ringwork.cli import report as reports
from ringwork.cli import terminal, writing
from ringwork.prove import checkout, run
from ringwork.report import badge

ANY = "any"


def command(
    where: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.json, or the folder that holds it.")] = Path(".ringwork"),
    *,
    commit: Annotated[
        str, typer.Option(help=f"The whole commit that it should be of, that of the current folder unless given; `{ANY}`: whichever it is.")
    ] = "",
    max_age: Annotated[int, typer.Option(help="After how many days it goes grey.", min=0)] = badge.MAX_AGE.days,
    output_dir: Annotated[Path | None, typer.Option(help="Where badge.json and badge.svg go; beside the report unless given.")] = None,
) -> None:
    """Write badge.json, for a badge service, and badge.svg, which needs none, as they are today."""
    out = terminal.console()
    stored = reports.read(where)
    wanted = "" if commit == ANY else commit or checkout.of(Path.cwd()).commit
    given = dataclasses.replace(writing.asked(), commit=wanted, max_age=datetime.timedelta(days=max_age))
    folder = output_dir or (where if where.is_dir() else where.parent)
    written = writing.write(stored, writing.chosen(["badge"], always=False), folder, out, given)
    for path in written:
        terminal.say(out, str(path))
    if not written:
        raise typer.Exit(run.USAGE)
    judged = badge.judge(stored, now=given.now, max_age=given.max_age, commit=given.commit)
    terminal.say(out, f"{judged.colour}: {judged.message}")
