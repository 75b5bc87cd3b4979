"""The files that a project marks sensitive, and what tests and types say of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence
from pathlib import Path

from ringwork.survey.flows import Sensitive
from ringwork.survey.linters import covering, typing_checked

FLOOR = 0.9
"""The share of the parts of a file that tests have to reach, where the settings do not say."""


def read(root: Path, names: Collection[str], patterns: Sequence[str], *, floor: float = FLOOR) -> Sensitive | None:
    """What is known of the files that the patterns fit; None without patterns.

    names: Python files of the project, relative, with slashes. patterns: of such names; * fits slashes too ("shop/auth/*").
    """
    if not patterns:
        return None
    files = tuple(sorted(name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)))
    unmatched = tuple(pattern for pattern in patterns if not any(fnmatch.fnmatchcase(name, pattern) for name in names))
    if not files:
        return Sensitive(files=(), unmatched=unmatched, floor=floor)
    data, covered = covering.read(root, files)
    return Sensitive(files=files, unmatched=unmatched, covered=covered, data=data, floor=floor, typed=typing_checked.of(root, files))
