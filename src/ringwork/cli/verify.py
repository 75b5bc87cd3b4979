"""`ringwork verify [STATEMENT]`: what a stored statement and its report are worth today, and what they do not prove."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import terminal
from ringwork.errors import KeyUnusable, TargetFailed
from ringwork.prove import checkout, run
from ringwork.prove.evidence import Outcome
from ringwork.report import envelope, verification
from ringwork.report.signs import OUTCOMES
from ringwork.report.visible import one_line

STATEMENT, REPORT = "statement.json", "report.json"
_EXITS = {Outcome.HELD: run.CLEAN, Outcome.BROKEN: run.FINDINGS, Outcome.UNTRIED: run.INCONCLUSIVE}
_WORDS = {
    Outcome.HELD: "every step held",
    Outcome.BROKEN: "this is no evidence",
    Outcome.UNTRIED: "nothing is broken, and something is open",
}


def command(
    where: Annotated[
        Path, typer.Argument(metavar="STATEMENT", help=f"A {STATEMENT}, with {REPORT} beside it, or the folder of both.")
    ] = Path(".ringwork"),
    *,
    key: Annotated[Path | None, typer.Option(help="The public key of who should have signed it, Ed25519 in PEM.")] = None,
    commit: Annotated[str, typer.Option(help="The whole commit that it should be of; that of the current folder unless given.")] = "",
    max_age: Annotated[int, typer.Option(help="How many days it may be old.", min=0)] = verification.MAX_AGE.days,
) -> None:
    """Check a statement of `prove --format in-toto`. Exit 0 when every step held, 1 when one is broken, 3 when one could not be tried."""
    place = where / STATEMENT if where.is_dir() else where
    case = verification.Case(
        statement=_text(place, "give a statement that `ringwork prove --format in-toto` wrote, or its folder"),
        report=_text(place.parent / REPORT, "keep report.json beside its statement"),
        key=_key(key) if key is not None else None,
        commit=commit or checkout.of(Path.cwd()).commit,
        now=datetime.datetime.now(datetime.UTC),
        max_age=datetime.timedelta(days=max_age),
    )
    found = verification.verify(case)
    _show(found, terminal.console())
    raise typer.Exit(_EXITS[found.outcome])


def _text(path: Path, advice: str) -> str:
    try:
        # Not as text, which would change line ends: the digest is of the bytes.
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetFailed(step="verify", problem=f"there is no readable file at {path}", advice=advice) from error


def _key(path: Path) -> envelope.Verifier:
    try:
        return envelope.Verifier.of_pem(path.read_bytes())
    except OSError as error:
        raise TargetFailed(step="verify", problem=f"there is no readable key at {path}", advice="check the path given to --key") from error
    except KeyUnusable as error:
        raise TargetFailed(step="verify", problem=f"the key at {path} cannot be used", advice=str(error)) from error


def _show(found: verification.Verification, out: Console) -> None:
    for step in found.steps:
        terminal.say(out, f"{OUTCOMES[step.outcome].symbol} {step.name:<9}  {one_line(step.says)}")
    terminal.say(out, _WORDS[found.outcome], style="bold")
    if found.beyond:
        terminal.say(out, "It does not prove:")
    for sentence in found.beyond:
        terminal.say(out, f"- {sentence}", indent=2)
