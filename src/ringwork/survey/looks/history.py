"""Secrets that commits once added, whether they still stand in the tree or not. Asked for, because it reads every commit.

Against the belief that a key is gone once it was deleted: whoever has the repository has every version of it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path, PurePosixPath

from ringwork.survey.flows import Entry, Flow, Past, Rotated, Step
from ringwork.survey.looks import formats, repository, secret_files
from ringwork.survey.looks.seen import STRONG, WEAK, is_shipped

KIND = "secret-history"
_LOG = (
    "log", "--all", "--cc", "--text", "--submodule=short", "--no-show-signature", "--no-color",
    "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=0", "--format=commit %H %cs",
    "--src-prefix=a/", "--dst-prefix=b/", "--relative", "-p",
)  # fmt: skip
_HUNK = re.compile(r"(@@+) (?:-\d+(?:,\d+)? )+\+(\d+)(?:,(\d+))? @@+")
_PIECE = 65_536
_TOGETHER = 1_000_000
_OVERLAP = 4_096
"""Of a line that is read in pieces, characters that the next one has again: no secret is longer."""


def read(
    root: Path, *, most_commits: int = 100_000, most_bytes: int = 2_000_000_000, seconds: float = 300.0, rotated: tuple[Rotated, ...] = ()
) -> Past:
    """The secrets that any reachable commit added, the first commit of each; merges by what they alone brought.

    Told are secrets of known form, and passwords in addresses; once what several commits added. The line is that of the file
    as the commit left it. rotated: handed on.
    """
    shallow = repository.asked(root, "rev-parse", "--is-shallow-repository")
    if shallow is None:
        return Past(why="git knows no repository here: the folder is in none, git is not installed, or the repository is somebody else's")
    reader, until, cut = _Reader(), time.monotonic() + seconds, ""
    try:
        for line, is_rest in repository.lines(root, *_LOG, seconds=seconds, longest=_PIECE):
            (reader.rest if is_rest else reader.line)(line)
            if reader.commits > most_commits or reader.size > most_bytes:
                cut = f"it may read {most_commits} commits and {most_bytes // 1_000_000} MB of changes"
                break
    except repository.Broken as error:
        cut = str(error) if time.monotonic() < until else ""
    if not cut and time.monotonic() >= until:
        cut = f"it may take {seconds:g} s"
    reader.settle()
    flows = tuple(sorted(reader.found.values(), key=lambda flow: (flow.place.file, flow.place.line, flow.sink)))
    return Past(flows=flows, commits=reader.commits, is_shallow=shallow.strip() == "true", cut=cut, rotated=rotated)


class _Reader:
    """Follows git's log: which commit, which file, which line. Added lines that follow each other are read as one text."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Flow] = {}
        self.commits = self.size = 0
        self._commit = self._file = ""
        self._left = 0  # lines of the file after the change that the hunk still has
        self._parents = 1
        self._added: list[str] = []
        self._first = self._held = 0
        self._is_added = False
        self._beside: dict[tuple[str, str, int, str], list[str]] = {}
        """Of commit, file, line and kind the values that were seen, so that each of a line has a name of its own."""

    def line(self, line: str) -> None:
        """One line of the log."""
        self.size += len(line) + 1
        self._is_added = False
        if self._left > 0 and line[:1] in {"+", "-", " ", "\\"}:
            self._changed(line)
            return
        self.settle()
        self._left = 0
        hunk = _HUNK.match(line)
        if hunk is not None:
            self._parents, self._first, self._left = len(hunk[1]) - 1, int(hunk[2]), int(hunk[3] or 1)
        elif line.startswith("commit "):
            self.commits += 1
            self._commit = line.removeprefix("commit ")
        elif line.startswith("+++ "):
            self._file = line.removeprefix("+++ ").removeprefix("b/").rstrip("\t")

    def rest(self, piece: str) -> None:
        """What follows in the same line. Against a secret far behind in a file of one line, which a bundle or a notebook is."""
        self.size += len(piece)
        if not self._is_added:
            return
        self._added[-1] += piece
        self._held += len(piece)
        if self._held > _TOGETHER:
            end = self._added[-1][-_OVERLAP:]
            self.settle()
            self._first -= 1  # the line goes on
            self._added, self._held = [end], len(end)

    def _changed(self, line: str) -> None:
        """A line of a hunk; in a merge it has a sign for each parent, and what it alone brought has a plus in each."""
        signs = line[: self._parents]
        if "-" in signs or signs.startswith("\\"):
            return
        self._left -= 1
        if signs.strip("+"):
            self.settle()
            self._first += 1
            return
        if self._held > _TOGETHER:  # a file of many megabytes is read in pieces
            self.settle()
        self._added.append(line[self._parents :])
        self._held += len(line)
        self._is_added = True

    def settle(self) -> None:
        """What was added without a gap is read."""
        added, self._added, self._held = self._added, [], 0
        if not added:
            return
        text = "\n".join(added)
        found = [(one.format.kind, one.start, one.value, one.format.is_test) for one in formats.found(text)]
        for _, sink, start, length in secret_files.addresses(text):
            found.append((sink.removeprefix("secret: the "), start, text[start : start + length], False))
        for kind, start, value, is_test in sorted(found, key=lambda one: one[1]):
            # git tells the newest commit first, so that the one that stays is the one that added it first.
            self.found[kind, value] = self._flow(kind, value, self._first + text.count("\n", 0, start), is_test=is_test)
        self._first += len(added)

    def _flow(self, kind: str, value: str, line: int, *, is_test: bool) -> Flow:
        name = PurePosixPath(self._file).name
        is_weak = is_test or not is_shipped(self._file) or "example" in name
        number, _, day = self._commit.partition(" ")
        said = f"commit {number[:12]} of {day}"
        return Flow(
            kind=KIND,
            strength=WEAK if is_weak else STRONG,
            sink=f"secret: {kind}{self._place(kind, value, line)} in the history",
            entry=Entry(),
            steps=(Step(file=self._file, line=line, column=0, said=f"added by {said}"),),
            function="",
            detail=f"{said.capitalize()} added a {kind} of {len(value)} characters; who has the repository has it",
        )

    def _place(self, kind: str, value: str, line: int) -> str:
        """Which of several of its kind in one line this is. Against one record for two secrets, of which only one was exchanged."""
        beside = self._beside.setdefault((self._commit, self._file, line, kind), [])
        if value not in beside:
            beside.append(value)
        number = beside.index(value) + 1
        return f", no. {number} of its line," if number > 1 else ""
