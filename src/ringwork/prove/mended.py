"""Which places of a project are mended by `ringwork check --fix`, and which of them somebody has accepted.

Against an edit that a person decided against: what a comment accepts or switches off with its rule and reason stays as it is, and so does a
link, which may lead out of the project.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ringwork.errors import TargetFailed
from ringwork.prove import checked, kinds
from ringwork.prove.checking import Options, Place
from ringwork.survey.fixing import mending
from ringwork.survey.fixing.edit import Fix, Left
from ringwork.survey.linters import suppressions
from ringwork.survey.linters.suppressions import Form, Suppression
from ringwork.survey.syntax import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One file in which something is mended, or left. before, after: its bytes; the same where nothing is."""

    name: str
    before: bytes
    after: bytes
    fixes: tuple[Fix, ...]
    left: tuple[Left, ...]

    @property
    def diff(self) -> str:
        """What would change, as a patch; "" for nothing."""
        before, after = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (self.before, self.after))
        lines = difflib.unified_diff(before, after, fromfile=f"a/{self.name}", tofile=f"b/{self.name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def mend(asked: Place, options: Options, *, today: datetime.date) -> Iterator[Changed]:
    """Each file with something in it to mend; nothing is written."""
    files = Files(asked.root)
    for name in asked.names:
        if (asked.root / name).is_symlink():
            continue
        hidden = [one for one in suppressions.of_files(files, [name]) if _holds(one, today)]
        before = files.file(name).data
        found = mending.mended(before, _wanted(hidden, options))
        if found.fixes or found.left:
            yield Changed(name=name, before=before, after=found.data, fixes=found.fixes, left=found.left)


def write(asked: Place, changed: Sequence[Changed]) -> None:
    """Write what was mended. Raises TargetFailed where a file is another by now, or cannot be written."""
    for one in changed:
        path = asked.root / one.name
        try:
            if path.read_bytes() != one.before:
                raise TargetFailed(step="fix", problem=f"{one.name} was changed meanwhile", advice="run it again")
            if one.after != one.before:
                path.write_bytes(one.after)
        except OSError as error:
            raise TargetFailed(step="fix", problem=f"{one.name} cannot be written ({error.strerror})", advice="see its rights") from error


def _holds(one: Suppression, today: datetime.date) -> bool:
    """Whether a comment is a decision: whole and in force, or with rule and reason."""
    if one.form is Form.RINGWORK:
        return not checked.faults([one], today)
    return one.form in {Form.NOQA, Form.NOSEC} and one.hides_security and not one.fault


def _wanted(hidden: Sequence[Suppression], options: Options) -> Callable[[str, int], bool]:
    def wanted(kind: str, line: int) -> bool:
        check = kinds.kinds()[kind].check
        control = check.partition("/")[0]
        if (options.select and not any(checked.covers(name, check) for name in options.select)) or any(
            checked.covers(name, check) for name in options.ignore
        ):
            return False
        return not any(one.first <= line <= one.last and (one.form is not Form.RINGWORK or control in one.codes) for one in hidden)

    return wanted
