"""The files of a project for the looks that read more than Python: walked once, each read once and only where a look asks for its text.

Against a check that nobody waits for: what is told of a file stands on its name and its bytes alone, so it can be kept until they change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from ringwork.survey import copies
from ringwork.survey.templates import LIMIT_BYTES


class Text:
    """One file. file: relative to the project, with slashes. name: of it. digest: what names its bytes, where somebody read them before."""

    __slots__ = ("_data", "_digest", "_root", "_text", "file", "name")

    def __init__(self, root: Path, file: str, digest: str = "") -> None:
        self.file, self._root, self._digest = file, root, digest
        self.name = file.rpartition("/")[2]
        self._data: bytes | None = None
        self._text: str | None = None

    @property
    def suffix(self) -> str:
        """Of its name, in lower case."""
        return PurePosixPath(self.name).suffix.lower()

    def of(self, limit_bytes: int = 1_000_000) -> str:
        """Its text, as `copies.text_of` gives it: "" for a file that is larger, or unreadable. limit_bytes: at most LIMIT_BYTES."""
        if len(self._bytes()) > limit_bytes:
            return ""
        if self._text is None:
            self._text = self._bytes().decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
        return self._text

    def digest(self) -> str:
        """What names its bytes, as far as any look sees them; of those that were read here, where they were."""
        if not self._digest:
            self._digest = sha256(self._bytes()).hexdigest()
        return self._digest

    @property
    def was_read(self) -> bool:
        """Whether somebody asked for more than its name."""
        return self._data is not None

    def _bytes(self) -> bytes:
        if self._data is None:
            try:
                path = self._root / self.file
                is_read = path.is_file() and path.stat().st_size <= LIMIT_BYTES
                self._data = path.read_bytes() if is_read else b""
            except OSError:
                self._data = b""
            self._digest = ""  # Against a file that was written meanwhile: what is told of these bytes is not kept for others.
        return self._data


def texts(root: Path, digests: Mapping[str, str] = MappingProxyType({})) -> Iterator[Text]:
    """Every file of a project, in a stable order. digests: by file, of those whose bytes are known and that are read by looks at all."""
    for file in copies.names(root):
        yield Text(root, file, digests.get(file, ""))
