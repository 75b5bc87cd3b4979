"""What changed in a project since a revision, as git tells it: files below the project's folder, and the lines that are new in each.

Against a run that is narrowed by a guess: a revision that git does not know is refused, and a file whose lines could not be read
counts as changed from top to bottom. Measured from where the branch left the revision, so that the other side's changes are none of ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.prove import checkout

_HUNK = re.compile(r"@@ -\d+(?:,(?P<cut>\d+))? \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")
_DIFF = (
    "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--relative", "--src-prefix=a/", "--dst-prefix=b/",
    "--ignore-submodules=dirty",  # whether one is changed is asked in it, by its own settings
)  # fmt: skip

Lines = frozenset[int] | None
"""Numbers of changed lines in the file as it is now; None for the whole file."""


def changes(root: Path, revision: str) -> Mapping[str, Lines]:
    """File, relative to `root` and with slashes, to its changed lines; what is not committed counts.

    Raises TargetFailed where git knows no such revision, or cannot be asked.
    """
    start = _start(root, revision)
    names = checkout.asked(root, *_DIFF, "--name-only", "-z", start, "--", ".")
    others = checkout.asked(root, "ls-files", "--others", "--exclude-standard", "-z")
    text = checkout.asked(root, *_DIFF, "--unified=0", start, "--", "*.py")
    if names is None or others is None or text is None:
        raise TargetFailed(step="since", problem="git could not compare the tree", advice="run `git status` in the project's folder")
    new = {name for name in others.split("\0") if name}
    lines = _lines(text)
    listed = [name for name in (*names.split("\0"), *sorted(new)) if name and ".ringwork" not in Path(name).parts]
    return {name: None if name in new else lines.get(name) for name in listed}


def _start(root: Path, revision: str) -> str:
    """The commit from which changes are counted."""
    if checkout.asked(root, "rev-parse", "--git-dir") is None:
        advice = "leave --since or --changed out, or run ringwork in a checkout of the project, with git installed"
        raise TargetFailed(step="since", problem="the project's folder is in no repository that git can read", advice=advice)
    commit = checkout.asked(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        advice = f"git fetch origin {revision}, or check out with the whole history (fetch-depth: 0), or name another revision"
        raise TargetFailed(step="since", problem=f"git knows no revision {revision!r}", advice=advice)
    return checkout.asked(root, "merge-base", commit, "HEAD") or commit


def _lines(text: str) -> dict[str, frozenset[int]]:
    found = dict[str, set[int]]()
    name, rest = "", iter(text.splitlines())
    for line in rest:
        if line.startswith("+++ "):
            name = line.removeprefix("+++ b/").rstrip("\t") if line.startswith("+++ b/") else ""
        hunk = _HUNK.match(line)
        if hunk is not None and name:
            first, cut, count = int(hunk["first"]), int(hunk["cut"] or 1), int(hunk["count"] or 1)
            # Read by their number, because a line of the source may look like a head of git's.
            gone, new = [next(rest, "")[1:] for _ in range(cut)], [next(rest, "")[1:] for _ in range(count)]
            found.setdefault(name, set()).update(_of_hunk(first, gone, new))
    return {name: frozenset(lines) for name, lines in found.items()}


def _of_hunk(first: int, gone: Sequence[str], new: Sequence[str]) -> set[int]:
    """The lines that a hunk changed; empty ones say nothing, and where others were only taken out, their neighbours changed."""
    lines = {first + i for i, line in enumerate(new) if line.strip()}
    if any(line.strip() for line in gone):
        lines |= {first} if new else {first, first + 1}
    return lines
