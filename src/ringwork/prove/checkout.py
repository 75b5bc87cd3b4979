"""Which commit a project's tree is, so that evidence names the code that was attacked and no other.

Against evidence that claims a commit while the tree held something else: a change that is not committed is told, and where git
cannot be asked, nothing is claimed.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ringwork.survey import git

_SECONDS = 10.0
CLEAN, CHANGED = "clean", "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """commit: whole, lower-case hexadecimal, "" without one. tree: "clean", "changed", or "" where nobody could say.

    folder: the project's folder below the top of its repository, with slashes; "" where it is the top or there is none.
    """

    commit: str = ""
    tree: str = ""
    folder: str = ""


def of(root: Path) -> Checkout:
    """The checkout that holds a project's folder; an empty one outside of any."""
    top = asked(root, "rev-parse", "--show-toplevel")
    commit = asked(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not top or not commit:
        return _from_files(root)
    # Reports of earlier runs are written into the tree by the run itself, and are no part of what is attacked.
    listed = asked(root, "status", "--porcelain", "--", ":/", ":(top,exclude,glob)**/.ringwork/**")
    tree = "" if listed is None else CHANGED if listed else CLEAN
    return Checkout(commit=commit, tree=tree, folder=_below(root, Path(top)))


def asked(root: Path, *words: str) -> str | None:
    """What git says, None where it cannot be asked. Nothing of the repository's own configuration is started."""
    try:
        done = subprocess.run(git.command(root, *words), capture_output=True, check=False, timeout=_SECONDS, env=git.environment(root))
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _below(root: Path, top: Path) -> str:
    try:
        found = root.resolve().relative_to(top.resolve()).as_posix()
    except ValueError:
        return ""
    return "" if found == "." else found


def _from_files(root: Path) -> Checkout:
    """From git's own files, where git is not installed or refuses; whether the tree was changed stays unknown."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git" / "HEAD").is_file()), None)
    if top is None:
        return Checkout()
    git = top / ".git"
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    name = head.removeprefix("ref: ")
    if name == head:
        commit = head
    elif (git / name).is_file():
        commit = (git / name).read_text(encoding="utf-8").strip()
    else:
        packed = git / "packed-refs"
        lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
        commit = next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
    return Checkout(commit=commit, folder=_below(root, top))
