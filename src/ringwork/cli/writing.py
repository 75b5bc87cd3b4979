"""Writing a report in the forms that were asked for; shared by the commands that do so."""

from __future__ import annotations

import contextlib
import datetime
import difflib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from ringwork.errors import KeyUnusable, TargetFailed
from ringwork.prove.evidence import Report
from ringwork.report import envelope, intoto, outputs

PASSPHRASE = "RINGWORK_SIGN_PASSPHRASE"  # noqa: S105 - the name of a variable
OUTPUT = ".ringwork"
SIGN_HELP = f"Sign the in-toto statement with this Ed25519 key in PEM; its passphrase is read from {PASSPHRASE}."
FORMATS_HELP = f"Also write: {', '.join(o.name for o in outputs.OUTPUTS if not o.always)}. Repeat it, or put commas between."


def chosen(words: Sequence[str], *, always: bool = True, signed: bool = False) -> tuple[outputs.Output, ...]:
    """The outputs of `--format`, and those that a run always writes, in the table's order. Raises TargetFailed for an unknown one.

    signed: there is a key, so there is a statement.
    """
    names = [name.strip() for word in words for name in word.split(",") if name.strip()] + ["in-toto"] * signed
    for name in names:
        if name not in outputs.NAMES:
            near = difflib.get_close_matches(name, outputs.NAMES, n=1)
            advice = f"did you mean {near[0]}?" if near else f"write one of: {', '.join(outputs.NAMES)}"
            raise TargetFailed(step="settings", problem=f"--format {name} is unknown", advice=advice)
    return tuple(output for output in outputs.OUTPUTS if (always and output.always) or output.name in names)


def asked(key: Path | None = None) -> outputs.Asked:
    """What outputs need beside the report, as of now. key: a private key in PEM. Raises TargetFailed where it cannot sign."""
    return outputs.Asked(now=datetime.datetime.now(datetime.UTC), signer=_signer(key) if key is not None else None)


def _signer(path: Path) -> envelope.Signer:
    passphrase = os.environ.get(PASSPHRASE, "").encode() or None
    try:
        return envelope.Signer.of_pem(path.read_bytes(), passphrase=passphrase)
    except OSError as error:
        raise TargetFailed(
            step="settings", problem=f"there is no readable key at {path}", advice="check the path given to --sign"
        ) from error
    except KeyUnusable as error:
        raise TargetFailed(step="settings", problem=f"the key at {path} cannot sign", advice=str(error)) from error


def write(report: Report, forms: Sequence[outputs.Output], folder: Path, out: Console, given: outputs.Asked) -> list[Path]:
    """Write the files. A folder that cannot be written is told.

    Returns what was written, in order, a folder below it as one; nothing where that failed.
    """
    made = {name: text for form in forms if not form.printed for name, text in form.make(report, given).items()}
    written = []
    try:
        _keep_out_of_git(folder)
        for name, text in made.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(folder / name.partition("/")[0])
    except OSError as error:
        advice = "choose another with --output-dir"
        out.print(f"ringwork: the report could not be written to {folder} ({error.strerror}); {advice}", soft_wrap=True)
        return []
    if any(form.name == "in-toto" for form in forms):
        _tell_statement(report, out, is_signed=given.signer is not None)
    return list(dict.fromkeys(written))


def _keep_out_of_git(folder: Path) -> None:
    """Against requests and answers of a proof in a commit: the folder that only ringwork writes says itself that it is no part of it."""
    mark = folder / ".gitignore"
    if folder.name == OUTPUT and not mark.exists():
        folder.mkdir(parents=True, exist_ok=True)
        mark.write_text("*\n", encoding="utf-8")


def print_commands(report: Report, forms: Sequence[outputs.Output], out: Console, given: outputs.Asked) -> None:
    """Print what is printed instead of written."""
    for form in forms:
        if form.printed:
            # Not by the console: a command is read at the start of a line, and must not be folded.
            print(*form.make(report, given).values(), sep="", end="", file=out.file)


@contextlib.contextmanager
def commands_stopped(forms: Sequence[outputs.Output], out: Console) -> Iterator[None]:
    """Where a pipeline reads commands: what is printed inside is read as text.

    Against a line of a summary that begins, once it is folded, with a command that a target's answer brought along.
    """
    if not any(form.printed for form in forms):
        yield
        return
    word = secrets.token_hex(16)
    print(f"::stop-commands::{word}", file=out.file)
    try:
        yield
    finally:
        print(f"::{word}::", file=out.file)


def _tell_statement(report: Report, out: Console, *, is_signed: bool) -> None:
    """Against a statement that is taken for more than it is."""
    if not is_signed:
        out.print("ringwork: statement.json is unsigned, so anybody could have written it; give a key: --sign KEY.pem", soft_wrap=True)
    if not intoto.is_of_its_commit(report):
        why = "the tree has changes that are in no commit" if report.tree == "changed" else "no clean commit is known"
        out.print(f"ringwork: statement.json names the report and no commit, because {why}", soft_wrap=True)
