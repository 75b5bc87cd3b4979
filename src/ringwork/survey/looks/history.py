"""Secrets that commits once added, whether they still stand in the tree or not. Asked for, because it reads every commit.

Against the belief that a key is gone once it was deleted: whoever has the repository has every version of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ringwork.survey.flows import Entry, Flow, Step
from ringwork.survey.looks import formats, repository
from ringwork.survey.looks.seen import STRONG, WEAK, is_shipped

_LOG = (
    "log", "--all", "--no-merges", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=0", "--format=commit %h %cs",
    "--src-prefix=a/", "--dst-prefix=b/", "--relative", "-p",
)  # fmt: skip
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_LONGEST_LINE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was found, and how much was read. commits: how many. is_shallow: earlier ones are not here. is_cut: the bound was met first."""

    flows: tuple[Flow, ...] = ()
    commits: int = 0
    is_shallow: bool = False
    is_cut: bool = False


def read(root: Path, *, most_commits: int = 20_000, most_bytes: int = 500_000_000) -> History | None:
    """The secrets of known form that any reachable commit added, the first commit of each; None outside of a repository.

    A value that several commits added is told once. The line is that of the file as the commit left it.
    """
    shallow = repository.asked(root, "rev-parse", "--is-shallow-repository")
    if shallow is None:
        return None
    reader = _Reader()
    is_cut = False
    for line in repository.lines(root, *_LOG):
        reader.line(line)
        if reader.commits > most_commits or reader.size > most_bytes:
            is_cut = True
            break
    reader.settle()
    flows = tuple(sorted(reader.found.values(), key=lambda flow: (flow.place.file, flow.place.line, flow.sink)))
    return History(flows=flows, commits=reader.commits, is_shallow=shallow.strip() == "true", is_cut=is_cut)


class _Reader:
    """Follows git's log: which commit, which file, which line. Added lines that follow each other are read as one text."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Flow] = {}
        self.commits = self.size = 0
        self._commit = self._file = ""
        self._left = self._number = 0
        self._added: list[str] = []
        self._first = 0

    def line(self, line: str) -> None:
        """One line of the log."""
        self.size += len(line) + 1
        if self._left > 0 and line[:1] in {"+", "-", "\\"}:
            if line.startswith("+"):
                self._left -= 1
                self._added.append(line[1 : _LONGEST_LINE + 1])
            return
        self.settle()
        hunk = _HUNK.match(line)
        if hunk is not None:
            self._first, self._left = int(hunk[2]), int(hunk[3] or 1)
        elif line.startswith("commit "):
            self.commits += 1
            self._commit = line.removeprefix("commit ")
        elif line.startswith("+++ "):
            self._file = line.removeprefix("+++ ").removeprefix("b/").rstrip("\t")

    def settle(self) -> None:
        """What was added without a gap is read."""
        text, self._added, self._left = "\n".join(self._added), [], 0
        if not text:
            return
        for secret in formats.found(text):
            # git tells the newest commit first, so that the one that stays is the one that added it first.
            line = self._first + text.count("\n", 0, secret.start)
            self.found[secret.format.kind, secret.value] = self._flow(secret, line)

    def _flow(self, secret: formats.Found, line: int) -> Flow:
        name = PurePosixPath(self._file).name
        is_weak = secret.format.is_test or not is_shipped(self._file) or "example" in name
        number, _, day = self._commit.partition(" ")
        return Flow(
            kind="secret-history",
            strength=WEAK if is_weak else STRONG,
            sink=f"secret: {secret.format.kind} in the history",
            entry=Entry(),
            steps=(Step(file=self._file, line=line, column=0, said=f"added by commit {number} of {day}"),),
            function="",
            detail=f"Commit {number} of {day} added a {secret.format.kind} of {secret.length} characters; who has the repository has it.",
        )
