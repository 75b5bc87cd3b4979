"""What a tool said of single files, kept so that before a commit it is asked only of those that changed.

Against a word of another day: a part stands on the bytes of its file, on the tool's version, on its configuration and on whatever else the
tool says that it stands on. A kept file that is damaged, or was written by other code, holds nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ringwork.survey import kept_files
from ringwork.survey.linters.tool import Apart, Asked, Tool, json_of

_FORM = 1
"""Counted up when a part takes another form."""

Part = tuple[str, Any]
"""The digest of what a part stands on, and the part."""


def of(asked: Asked, tool: Tool, version: str) -> Kept | None:
    """What is kept of this project and tool; None where nothing is, because nobody wants it or the tool judges files together."""
    if not asked.is_kept or tool.apart is None or not version:
        return None
    about = tool.apart.about(asked.root)
    return Kept(asked, tool.apart, f"{_FORM} {tool.name} {version} {about}") if about else None


class Kept:
    """The parts of one project. left: what the tool still has to be asked."""

    def __init__(self, asked: Asked, apart: Apart, about: str) -> None:
        name = sha256(f"{asked.root.resolve()} {about}".encode()).hexdigest()[:40]
        self._asked, self._apart, self._about = asked, apart, about
        self._path = kept_files.folder() / f"tools-{name}.kept"
        self._known = _opened(self._path)
        self._digests = {file: _digest(asked.root / file, about) for file in asked.files}
        self.left = dataclasses.replace(asked, files=tuple(file for file in asked.files if not self._has(file)))

    def _has(self, file: str) -> bool:
        return bool(self._digests[file]) and self._known.get(file, ("", None))[0] == self._digests[file]

    def complete(self, result: Path) -> None:
        """Put what is kept beside what the tool wrote, and keep the latter. Raises ValueError and its kin for a result that is none."""
        said = self._apart.parts(json_of(result), self._asked.root) if self.left.files else {}
        parts = {file: said.get(file, {}) if file in said or not self._has(file) else self._known[file][1] for file in self._asked.files}
        result.write_text(json.dumps(self._apart.whole(list(parts.values()))), encoding="utf-8")
        if self.left.files:
            before = {} if self._asked.is_whole else self._known
            # Against a file that was written while the tool read it: nobody knows which bytes its part is of.
            moved = {file for file in self.left.files if _digest(self._asked.root / file, self._about) != self._digests[file]}
            now = {file: (self._digests[file], part) for file, part in parts.items() if self._digests[file] and file not in moved}
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
