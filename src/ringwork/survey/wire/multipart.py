"""Bodies of forms that carry files, as browsers send them, and small honest files that most applications take.

Against an upload that is never tried: a form with a file is refused before its handler when it comes as plain fields.
"""

from __future__ import annotations

import re
import secrets
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KIND = "multipart/form-data"
_KINDS = (
    (re.compile(r"csv|spreadsheet|import", re.IGNORECASE), "probe.csv", "text/csv", b"name,note\r\nprobe,probe\r\n"),
    (re.compile(r"json", re.IGNORECASE), "probe.json", "application/json", b'{"name": "probe"}'),
    (re.compile(r"pdf", re.IGNORECASE), "probe.pdf", "application/pdf", b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
    (re.compile(r"text/plain|\.txt|markdown", re.IGNORECASE), "probe.txt", "text/plain", b"probe\n"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file as a client sends it. name: as the client says. kind: the type that it claims."""

    name: str
    kind: str
    content: bytes


def _picture() -> bytes:
    """A picture of one white point, whole in every part."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\xff\xff\xff")) + chunk(b"IEND", b"")


def honest(field: str, accept: str = "") -> Upload:
    """A small file that a field of this name takes; accept: what its form asks for. A picture, where nothing else is said."""
    for words, name, kind, content in _KINDS:
        if words.search(accept or field):
            return Upload(name=name, kind=kind, content=content)
    return Upload(name="probe.png", kind="image/png", content=_picture())


def encode(fields: Mapping[str, Any], files: Mapping[str, Upload]) -> tuple[str, bytes]:
    """Content type and body of a form with these fields and files."""
    boundary = f"ringwork{secrets.token_hex(12)}"
    parts = [_part(boundary, f'name="{name}"', str(value).encode()) for name, value in fields.items()]
    for name, one in files.items():
        parts.append(_part(boundary, f'name="{name}"; filename="{one.name}"\r\nContent-Type: {one.kind}', one.content))
    return f"{KIND}; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()


def with_field(kind: str, body: bytes, name: str, value: str) -> bytes:
    """The body of `encode` with one field more, before the others."""
    return _part(kind.partition("boundary=")[2], f'name="{name}"', value.encode()) + body


def _part(boundary: str, said: str, content: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {said}\r\n\r\n".encode() + content + b"\r\n"
