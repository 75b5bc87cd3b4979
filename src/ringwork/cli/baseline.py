"""`ringwork baseline`: the findings that a project knows already, so that only new ones fail a run."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ringwork.cli import prove, report, terminal
from ringwork.errors import TargetFailed
from ringwork.prove import baseline
from ringwork.report.visible import counted

ReportPath = Annotated[Path, typer.Option("--report", help="The report.json of a run, or the folder that holds it.")]
BaselinePath = Annotated[Path, typer.Option("--file", help="The baseline; keep it beside the source.")]
Reason = Annotated[str, typer.Option(help="Why the findings that are taken in now may stay; kept in the file.")]
LAST, HERE = Path(".ringwork"), Path(baseline.FILE)


def record(*, report_path: ReportPath = LAST, file: BaselinePath = HERE, reason: Reason = "") -> None:
    """Take in every violation of the last run, as a new file."""

    def made() -> str:
        if file.exists():
            raise TargetFailed(step="baseline", problem=f"{file} is there already", advice="add to it with `ringwork baseline update`")
        found = baseline.record(report.read(report_path), reason=reason, today=_today())
        return _write(file, found, f"{counted(len(found.entries), 'finding')} recorded")

    _said(made)


def update(*, report_path: ReportPath = LAST, file: BaselinePath = HERE, reason: Reason = "") -> None:
    """Add the violations of the last run that the file does not know; reasons are kept, and nothing is taken out."""

    def made() -> str:
        old = baseline.read(file)
        new = baseline.update(old, report.read(report_path), reason=reason, today=_today())
        return _write(file, new, f"{len(new.entries) - len(old.entries)} added, {counted(len(new.entries), 'finding')} now")

    _said(made)


def prune(*, report_path: ReportPath = LAST, file: BaselinePath = HERE) -> None:
    """Take out what the last run tested again and did not find; what it did not test stays."""

    def made() -> str:
        old = baseline.read(file)
        new = baseline.prune(old, report.read(report_path))
        return _write(file, new, f"{len(old.entries) - len(new.entries)} taken out, {counted(len(new.entries), 'finding')} left")

    _said(made)


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _write(file: Path, found: baseline.Baseline, done: str) -> str:
    try:
        file.write_text(baseline.to_json(found), encoding="ascii")
    except OSError as error:
        advice = "choose another place with --file"
        raise TargetFailed(step="baseline", problem=f"{file} cannot be written ({error.strerror})", advice=advice) from error
    return f"{file}: {done}"


def _said(made: Callable[[], str]) -> None:
    out = terminal.console()
    try:
        terminal.say(out, made())
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error


WORDS = (("record", record), ("update", update), ("prune", prune))
"""The commands below `ringwork baseline`."""
