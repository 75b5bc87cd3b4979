"""What a command would write into somebody's project: shown first, never laid over what stands there.

Against a generator that eats a person's work: a file that is there and different is shown as a diff and left; --force writes over it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from ringwork.cli import terminal
from ringwork.errors import TargetFailed
from ringwork.report.visible import visible


class There(StrEnum):
    """What to do where the file is there already and says something else."""

    ADD = "add"  # the proposal is the file with something added: write it
    KEEP = "keep"  # the file is the person's from its first day: say no more about it
    SHOW = "show"  # show what would be different, and leave it


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """path: absolute. text: the whole file as it should be, with its own line ends. there: see `There`."""

    path: Path
    text: str
    there: There = There.SHOW


def text_of(path: Path) -> str | None:
    """What stands in a file, its line ends as they are; None where there is none. Raises TargetFailed."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        advice = "move it away, or make it a readable file in UTF-8"
        raise TargetFailed(step="init", problem=f"{path.name} is there and cannot be read", advice=advice) from error


def carry_out(proposals: Iterable[Proposal], out: Console, *, here: Path, force: bool, dry_run: bool) -> bool:
    """Write what may be written and say what became of each; whether all is now as proposed. Raises TargetFailed."""
    done = [_carry_out(one, out, here=here, force=force, dry_run=dry_run) for one in proposals]
    return all(done)


def _carry_out(one: Proposal, out: Console, *, here: Path, force: bool, dry_run: bool) -> bool:
    old = text_of(one.path)
    name = os.path.relpath(one.path, here)
    if old is not None and _plain(old) == _plain(one.text):
        terminal.say(out, f"{name}: as it should be")
        return True
    if old is not None and one.there is There.KEEP and not force:
        terminal.say(out, f"{name}: there already, and yours")
        return True
    writes = old is None or force or one.there is There.ADD
    if dry_run or old is not None:
        _show(old, one.text, name, out)
    if not writes:
        terminal.say(out, f"{name}: is different and was left as it is; --force writes the lines above")
        return False
    if dry_run:
        terminal.say(out, f"{name}: would be {'written' if old is None else 'changed'}")
        return True
    _write(one, name)
    terminal.say(out, f"{name}: {'written' if old is None else 'changed'}")
    return True


def _show(old: str | None, new: str, name: str, out: Console) -> None:
    before, after = _plain(old or "").splitlines(), _plain(new).splitlines()
    for line in difflib.unified_diff(before, after, "/dev/null" if old is None else name, name, lineterm=""):
        print(visible(line), file=out.file)  # a line of a file is no paragraph: it is neither folded nor coloured


def _plain(text: str) -> str:
    """Without the line ends of an editor, which make no difference here."""
    return text.replace("\r\n", "\n")


def _write(one: Proposal, name: str) -> None:
    try:
        one.path.parent.mkdir(parents=True, exist_ok=True)
        one.path.write_text(one.text, encoding="utf-8", newline="")
    except OSError as error:
        advice = "make its folder writable, or see the text with --dry-run and put it there yourself"
        raise TargetFailed(step="init", problem=f"{name} cannot be written ({error.strerror})", advice=advice) from error
