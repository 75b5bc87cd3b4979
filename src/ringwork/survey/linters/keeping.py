"""What a tool said, kept so that before a commit it is asked only of what changed.

Against a word of another day: it stands on the bytes of the files, on the tool's version, on its configuration and on whatever else the
tool says that it stands on. A kept file that is damaged, or was written by other code, holds nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from ringwork.survey import copies, kept_files
from ringwork.survey.linters import standing
from ringwork.survey.linters.tool import Apart, Asked, Together, Tool, json_of

_FORM = 2
"""Counted up when what is kept takes another form."""

Part = tuple[str, Any]
"""The digest of what a part stands on, and the part."""


class Kept(Protocol):
    """What is kept of one project and tool. left: what the tool still has to be asked; nothing where it has no files."""

    left: Asked

    def complete(self, result: Path) -> None:
        """Put what is kept into the tool's result. Raises ValueError and its kin for a result that is none."""

    def keep(self, result: Path) -> None:
        """Keep what the tool wrote, once it could be read."""


def of(asked: Asked, tool: Tool, version: str) -> Kept | None:
    """What is kept of this project and tool; None where nothing is, because nobody wants it, or because nobody knows what it stands on."""
    how = tool.apart or (tool.together if asked.is_whole else None)
    if not asked.is_kept or how is None or not version:
        return None
    about = how.about(asked)
    if not about:
        return None
    about = f"{_FORM} {tool.name} {version} {about}"
    return KeptParts(asked, how, about) if isinstance(how, Apart) else KeptWhole(asked, how, about, tool.name)


class KeptParts:
    """The parts of one project, of a tool that judges each file by itself."""

    def __init__(self, asked: Asked, apart: Apart, about: str) -> None:
        name = sha256(f"{asked.root.resolve()} {about}".encode()).hexdigest()[:40]
        self._asked, self._apart, self._about = asked, apart, about
        self._path = kept_files.folder() / f"tools-{name}.kept"
        self._known = _opened(self._path)
        self._parts = dict[str, Any]()
        self._digests = {file: _digest(asked.root / file, about) for file in asked.files}
        self.left = dataclasses.replace(asked, files=tuple(file for file in asked.files if not self._has(file)))

    def _has(self, file: str) -> bool:
        return bool(self._digests[file]) and self._known.get(file, ("", None))[0] == self._digests[file]

    def complete(self, result: Path) -> None:
        """Put what is kept beside what the tool wrote."""
        said = self._apart.parts(json_of(result), self._asked.root) if self.left.files else {}
        self._parts = {
            file: said.get(file, {}) if file in said or not self._has(file) else self._known[file][1] for file in self._asked.files
        }
        result.write_text(json.dumps(self._apart.whole(list(self._parts.values()))), encoding="utf-8")

    def keep(self, _: Path) -> None:
        """Keep the parts that were put together."""
        if self.left.files:
            before = {} if self._asked.is_whole else self._known
            # Against a file that was written while the tool read it: nobody knows which bytes its part is of.
            moved = {file for file in self.left.files if _digest(self._asked.root / file, self._about) != self._digests[file]}
            now = {file: (self._digests[file], part) for file, part in self._parts.items() if self._digests[file] and file not in moved}
            kept_files.write(self._path, json.dumps({**before, **now}).encode())


def _opened(path: Path) -> dict[str, Part]:
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        found: Mapping[str, Any] = json.loads(path.read_bytes())
        return {file: (str(digest), part) for file, (digest, part) in found.items()}
    return {}


def _digest(path: Path, about: str) -> str:
    """Of a file and what else its part stands on; "" for one that cannot be read, of which nothing is kept."""
    try:
        return sha256(about.encode() + b"\0" + path.read_bytes()).hexdigest()
    except OSError:
        return ""


class KeptWhole:
    """The result of a tool that judges a project as a whole."""

    def __init__(self, asked: Asked, together: Together, about: str, name: str) -> None:
        self._root, self._together, self._about = asked.root, together, about
        self._path = kept_files.folder() / f"{name}-{sha256(str(asked.root.resolve()).encode()).hexdigest()[:40]}.kept"
        stands, self._said, self._files = _told(self._path)
        self._stands = self._now()
        self.left = dataclasses.replace(asked, files=()) if stands == self._stands else asked

    def _now(self) -> str:
        """All that the result stands on, as it is now."""
        found, files = sha256(self._about.encode()), dict[str, str]()
        for name, path in _entries(self._root):
            state = f"{standing.state(path)}"
            if name.endswith(".py") and not _is_apart(name):
                with contextlib.suppress(OSError):
                    data = Path(path).read_bytes()
                    bytes_of = sha256(data).hexdigest()
                    state = files[bytes_of] = self._files.get(bytes_of) or self._together.of_file(data)
            found.update(f"{name} {state}\n".encode(errors="surrogateescape"))
        self._files = files
        return found.hexdigest()

    def complete(self, result: Path) -> None:
        """Write what is kept, where the tool was not asked."""
        if not self.left.files:
            result.write_text(self._said, encoding="utf-8")

    def keep(self, result: Path) -> None:
        """Keep the result, where nothing changed while the tool read."""
        if self.left.files and self._now() == self._stands:
            said = result.read_text(encoding="utf-8", errors="replace")
            kept_files.write(self._path, json.dumps([self._stands, said, self._files]).encode())


def _told(path: Path) -> tuple[str, str, dict[str, str]]:
    with contextlib.suppress(OSError, ValueError, TypeError):
        stands, said, files = json.loads(path.read_bytes())
        if isinstance(stands, str) and isinstance(said, str) and isinstance(files, dict):
            return stands, said, files
    return "", "", {}


_NO_SETTINGS = (".log", ".db", ".sqlite3", ".sqlite", ".coverage", "-journal", "-wal", "-shm")
"""Ends of the names of files that an application or a run of tests writes, and that no tool reads."""
_NEVER = frozenset({".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ringwork"})


def _is_apart(name: str) -> bool:
    """Whether a file lies in a folder that is no part of the application: there is much there, and its times are enough."""
    return not copies.SKIPPED_FOLDERS.isdisjoint(name.split("/"))


def _entries(root: Path) -> Iterator[tuple[str, str]]:
    """Every file below the root that a tool may read, in a stable order; of folders that are no part of it Python alone.

    Of an environment the folder that packages go to; of one that cannot be read, and of a link, that itself.
    """
    waiting = [(str(root), "")]
    while waiting:
        folder, below = waiting.pop()
        try:
            inner = sorted(os.scandir(folder), key=lambda one: one.name)
        except OSError:
            yield below, folder
            continue
        if below and any(entry.name == "pyvenv.cfg" for entry in inner):
            yield from ((f"{below}packages", str(path)) for path in sorted(Path(folder).glob("lib*/python*/site-packages")))
            continue
        for entry in inner:
            name = f"{below}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                if entry.name.endswith(".py") or not (_is_apart(name) or entry.name.endswith(_NO_SETTINGS)):
                    yield name, entry.path
            elif entry.name not in _NEVER:
                waiting.append((entry.path, f"{name}/"))
