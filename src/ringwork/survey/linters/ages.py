"""How old lines are, as git blame tells it: asked once a file, for a bounded number of files, and never guessed.

Against a repository whose own settings start programs: none of them is obeyed.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ringwork.survey import git

_HEAD = re.compile(r"[0-9a-f]{40} \d+ (?P<line>\d+)")


def of(
    root: Path, places: Iterable[tuple[str, int]], *, most_files: int = 200, limit_seconds: float = 20.0
) -> Mapping[tuple[str, int], datetime.date]:
    """The day on which each line was last written. A line that is not committed, or that nobody could ask about, has none."""
    wanted = dict[str, set[int]]()
    for file, line in places:
        wanted.setdefault(file, set()).add(line)
    end, found = time.monotonic() + limit_seconds, dict[tuple[str, int], datetime.date]()
    for file in sorted(wanted)[:most_files]:
        left = end - time.monotonic()
        days = _blamed(root, file, wanted[file], left) if left > 0 else None
        if days is None:
            break
        found.update({(file, line): day for line, day in days.items()})
    return found


def _blamed(root: Path, file: str, lines: set[int], limit_seconds: float) -> Mapping[int, datetime.date] | None:
    """None where git is not there, or too slow; nothing for a file that it does not know."""
    ranges = [word for line in sorted(lines) for word in ("-L", f"{line},{line}")]
    words = git.command(root, "blame", "--no-textconv", "--line-porcelain", *ranges, "--", file)
    try:
        done = subprocess.run(words, capture_output=True, check=False, timeout=limit_seconds, env=git.environment(root))
    except (OSError, subprocess.TimeoutExpired):
        return None
    found, line = dict[int, datetime.date](), 0
    for text in done.stdout.decode("utf-8", "replace").splitlines():
        head = _HEAD.match(text)
        if head is not None:
            line, is_new = int(head["line"]), text.startswith("0" * 40)
        elif text.startswith("committer-time ") and not is_new:
            found[line] = datetime.datetime.fromtimestamp(int(text.split()[1]), datetime.UTC).date()
    return found
