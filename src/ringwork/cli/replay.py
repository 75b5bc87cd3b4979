"""`ringwork replay ID`: send a finding's requests again, to a fresh copy, and say whether it is still there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import explain_finding, prove, terminal
from ringwork.cli import kept as stored
from ringwork.errors import TargetFailed
from ringwork.prove import replay, run, settings, target
from ringwork.prove.evidence import Finding, Report
from ringwork.report.visible import one_line


def command(
    finding: Annotated[str, typer.Argument(metavar="ID", help="The 12 characters that the report shows beside the finding.")],
    *,
    factory: Annotated[bool, typer.Option("--factory", help="As in the run that found it.")] = False,
    factory_args: Annotated[list[str] | None, typer.Option(help="As in the run that found it.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the copy's environment; values are never kept in a report.")] = None,
    env_file: Annotated[Path | None, typer.Option(help="A file of NAME=VALUE lines for the copy's environment.")] = None,
    output_dir: Annotated[Path, typer.Option(help="Where the run left report.json.")] = Path(".ringwork"),
) -> None:
    """Send a finding's requests to a fresh copy, print both sides, and repeat its check. Exit 1 while it is there, 0 when it is gone."""
    out = terminal.console()
    try:
        report = stored.report(output_dir / "report.json")
        kept = stored.finding(report, finding)
        options = _options(report)
        chosen = target.resolve(
            report.target,
            here=Path.cwd(),
            factory=factory or "--factory" in options,
            arguments=tuple(factory_args or _values(options, "--factory-args")),
        )
        given = settings.of_project(chosen)
        extra = prove.environment(given.pop("env", {}), env_file, env or [])
        users = _values(options, "--users")
        asked = settings.Settings(**{**given, **({"users_from": users[0]} if users else {}), "env": extra, "quick": True})
        explain_finding.head(out, kept)
        again = replay.replay(chosen, asked, kept, shown=lambda title, text: explain_finding.said(out, title, text))
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error
    raise typer.Exit(_tell(out, kept, again))


def _options(report: Report) -> list[str]:
    return [part for word in shlex.split(report.command) for part in (word.split("=", 1) if word.startswith("--") else [word])]


def _values(options: Sequence[str], name: str) -> list[str]:
    return [options[i + 1] for i, word in enumerate(options[:-1]) if word == name]


def _tell(out: Console, kept: Finding, again: Sequence[Finding] | None) -> int:
    """The verdict, with what was seen now; one that could not be had is none."""
    terminal.say(out, "")
    if again is None:
        terminal.say(out, f"{kept.id}: the check could not be repeated, so nothing is known", style="bold")
        return run.INCONCLUSIVE
    found = next((one for one in again if one.id == kept.id), None)
    if found is None:
        terminal.say(
            out, f"{kept.id} is gone: {kept.check} was repeated on a fresh copy and found nothing at {one_line(kept.where)}", style="bold"
        )
        return run.CLEAN
    asked = found.observation.exchanged
    for exchanged in [one for one in asked if one.shows][-1:] or asked[-1:]:
        explain_finding.said(out, f"What the check asked this copy, as {exchanged.as_user or 'nobody'}", exchanged.request)
        explain_finding.said(
            out, f"What it answered: {one_line(exchanged.shows)}" if exchanged.shows else "What it answered", exchanged.answer
        )
    terminal.say(out, f"{kept.id} is still there: {one_line(found.summary)}", style="bold")
    terminal.say(out, f"How to mend it: ringwork explain {kept.id}")
    return run.FINDINGS
