"""What reading a whole project told, kept until anything changes that it stands on: then nothing is read, and what reads is not loaded.

Against yesterday's answer to today's code: it stands on the bytes of every file that a reader may come by, on where links lead, on what
git keeps and ignores, and on the code, the models and the parser that read. Of all of them the kept answer holds one digest.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import stat
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ringwork.survey import copies, flows, kept_files
from ringwork.survey.flows import SourceFacts
from ringwork.survey.looks import repository
from ringwork.survey.taint import shelf
from ringwork.survey.taint.files import LIMIT_BYTES

_WHOLE: Final = "whole"
_HEAD_BYTES: Final = 4096
"""What is looked at of a file that is too large to be read: whether it begins as a script does, or as a binary."""
_FORMS: Final = {
    (form.__module__, form.__qualname__): form
    for form in (flows.SourceFacts, flows.Flow, flows.Step, flows.Entry, flows.Strength, flows.Unread)
}


class _Entry(NamedTuple):
    """Something in a folder. name: relative to the root, with slashes. kind: of what is no file. path: "" of what is not read.

    state: what changes when anybody writes it: form, number, size and times, as the system tells them.
    """

    name: str
    kind: str
    path: str = ""
    state: tuple[int, ...] = ()


class _Seen(NamedTuple):
    """digest: of all that a reading stands on. entries: of it, with their states. digests: of the bytes of files that looks may read."""

    digest: str
    entries: list[_Entry]
    digests: dict[str, str]


def read(root: Path, *, jobs: int = 1) -> SourceFacts:
    """Read the source in the folder `root`, as `reading.read` does; what an earlier reading told where nothing changed since."""
    path = shelf.place(root, sort="whole")
    before = _seen(root)
    kept = _opened(path, before.digest)
    if kept is not None:
        shelf.used(path)
        shelf.used(shelf.place(root, sort="source"))
        return kept
    from ringwork.survey import reading

    facts = reading.read(root, jobs=jobs, is_kept=True, digests=before.digests)
    if list(_entries(root)) == before.entries:  # Against an editor that writes meanwhile: nobody knows which bytes were read.
        kept_files.write(path, pickle.dumps((before.digest, facts), 5))
    return facts


def _opened(path: Path, digest: str) -> SourceFacts | None:
    """What is kept of a project in this state; None where nothing is, or nothing whole."""
    with contextlib.suppress(OSError, shelf.Unfit, ValueError, TypeError):
        known, facts = shelf.unpack(path.read_bytes(), _FORMS)
        if known == digest and isinstance(facts, SourceFacts):
            return facts
    return None


def _seen(root: Path) -> _Seen:
    """All that a reading of `root` stands on, as it is now."""
    found, entries, digests = sha256(shelf.engine().encode()), list(_entries(root)), dict[str, str]()
    for entry in entries:
        form, content = _content(entry) if entry.path else ("", b"")
        digest = sha256(content).hexdigest()
        found.update(repr((entry.name, entry.kind, form, digest)).encode())
        if form == _WHOLE and len(content) <= copies.TEXT_LIMIT_BYTES:
            digests[entry.name] = digest
    folders = (entry.name for entry in entries if not entry.path)
    found.update(repr(_of_git(root, [entry.name for entry in entries if entry.path], folders)).encode())
    return _Seen(found.hexdigest(), entries, digests)


def _of_git(root: Path, names: Sequence[str], folders: Iterable[str]) -> tuple[list[str], list[str]] | None:
    """What git keeps, and which of these files it ignores; None outside of any repository."""
    tracked = repository.tracked(root)
    if tracked is None:
        return None
    # Against one name for which git answers of none: what is in a submodule, and what is no text.
    others = tuple(f"{folder}/" for folder in folders if folder in tracked)
    asked = (name for name in names if not name.startswith(others) and name.encode(errors="ignore").decode() == name)
    return sorted(tracked), sorted(repository.ignored(root, tuple(asked)))


def _entries(root: Path) -> Iterator[_Entry]:
    """Everything below a folder, in a stable order; what no reader goes into, or may not, is named."""
    waiting = [(str(root), "")]
    while waiting:
        folder, below = waiting.pop()
        try:
            with os.scandir(folder) as opened:
                inner = sorted(opened, key=lambda one: one.name)
        except OSError as error:
            yield _Entry(below, f"a folder that cannot be read ({error.errno})")
            continue
        for entry in inner:
            name = f"{below}{entry.name}"
            if entry.is_symlink():
                yield _Entry(name, f"a link to {os.path.realpath(entry.path)}", entry.path, _state(entry))
            elif not entry.is_dir(follow_symlinks=False):
                yield _Entry(name, "", entry.path, _state(entry))
            elif copies.is_skipped(entry.path):
                yield _Entry(name, "a folder without source")
            else:
                yield _Entry(name, "a folder")
                waiting.append((entry.path, f"{name}/"))


def _state(entry: os.DirEntry[str]) -> tuple[int, ...]:
    with contextlib.suppress(OSError):
        of = entry.stat()
        return of.st_mode, of.st_ino, of.st_size, of.st_mtime_ns, of.st_ctime_ns
    return ()


def _content(entry: _Entry) -> tuple[str, bytes]:
    """A file's bytes, as far as anybody reads them, and what they are; of what is none, or cannot be read, what is the matter."""
    if not entry.state:
        return "unreadable", b""
    mode, _, size, *_ = entry.state
    if not stat.S_ISREG(mode):  # Against a pipe, which would never end.
        return f"no file: {stat.S_IFMT(mode)}", b""
    try:
        with Path(entry.path).open("rb", buffering=0) as file:
            if size <= LIMIT_BYTES:
                return _WHOLE, file.readall()
            return f"{size} bytes", file.read(_HEAD_BYTES) or b""
    except OSError as error:
        return f"unreadable: {error.errno}", b""
