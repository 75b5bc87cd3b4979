"""`ringwork replay ID`: send a finding's requests again, to a fresh copy, and say whether it is still there."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import prove, terminal
from ringwork.errors import ReportUnreadable, TargetFailed
from ringwork.prove import replay, run, settings, target
from ringwork.prove.evidence import Finding, Report
from ringwork.report import plain


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
        report = _report(output_dir / "report.json")
        kept = _kept(report, finding)
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
        again = replay.replay(chosen, asked, kept, shown=lambda title, text: _show(out, title, text))
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error
    raise typer.Exit(_tell(out, kept.id, again))


_SHOWN = 8
"""Ids that a message lists; of more, those near what was written."""


def _report(path: Path) -> Report:
    advice = "run `ringwork prove TARGET` first, in this folder or with the same --output-dir"
    try:
        return plain.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TargetFailed(step="report", problem=f"there is no readable report at {path}", advice=advice) from error
    except ReportUnreadable as error:
        raise TargetFailed(step="report", problem=f"the report at {path} cannot be read: {error}", advice=advice) from error


def _kept(report: Report, finding: str) -> Finding:
    known = {id_: found for found in report.findings for id_ in found.ids}
    if finding not in known:
        shown = [*known] if len(known) <= _SHOWN else difflib.get_close_matches(finding, known, n=3)
        where = f"it holds {len(known)}, by their ids in report.html beside it"
        advice = (f"{where}: {', '.join(shown)}" if shown else where) if known else "it holds none; run `ringwork prove TARGET` again"
        raise TargetFailed(step="report", problem=f"the report holds no finding {finding}", advice=advice)
    return known[finding]


def _options(report: Report) -> list[str]:
    return [part for word in shlex.split(report.command) for part in (word.split("=", 1) if word.startswith("--") else [word])]


def _values(options: Sequence[str], name: str) -> list[str]:
    return [options[i + 1] for i, word in enumerate(options[:-1]) if word == name]


def _show(out: Console, title: str, text: str) -> None:
    terminal.say(out, title, style="bold")
    out.print(text, soft_wrap=True)


def _tell(out: Console, finding: str, again: Sequence[Finding] | None) -> int:
    if again is None:
        terminal.say(out, "the check could not be repeated, so nothing is known")
        return run.INCONCLUSIVE
    if any(found.id == finding for found in again):
        terminal.say(out, f"{finding} is still there", style="bold")
        return run.FINDINGS
    terminal.say(out, f"{finding} is gone", style="bold")
    return run.CLEAN
