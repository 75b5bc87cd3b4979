"""A canary looked for in raw bytes, in every form in which a program may have written it down.

Against a search that finds nothing because it looks for the wrong spelling: text in several encodings, base64 in all three phases,
hexadecimal, escapes, and numbers as a database packs them.
"""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MARK = re.compile(r"[0-9a-f]{16}")
_LIMIT_BYTES = 64 * 1024 * 1024
_BEFORE_NS = 2_000_000_000  # coarse file times
_PASSED_OVER = (".py", ".pyc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """place: the file, below the copy's folder. spelled: how it was written there."""

    place: str
    spelled: str


def forms(holds: str, text: str) -> Mapping[str, bytes]:
    """How a value may be written: name of the spelling to bytes. Empty for what is too short to be told from chance.

    holds: the Python type of the value. text: as text; of a longer one, the mark of 16 hexadecimal characters in it.
    """
    if holds == "bool":
        return {}
    mark = _MARK.search(text)
    word = mark.group() if mark is not None else _digits(holds, text)
    if len(word) < 8:
        return {}
    plain = word.encode()
    found = {
        "utf-8": plain, "utf-16 little": word.encode("utf-16-le"), "utf-16 big": word.encode("utf-16-be"), "backwards": plain[::-1],
        "hexadecimal": plain.hex().encode(), "HEXADECIMAL": plain.hex().upper().encode(),
        "url": b"".join(b"%%%02X" % one for one in plain), "JSON escapes": b"".join(b"\\u%04x" % one for one in plain),
        "Python escapes": b"".join(b"\\x%02x" % one for one in plain), "base32": base64.b32encode(plain).rstrip(b"=")[:-1],
    }  # fmt: skip
    for phase in range(3):
        found[f"base64, phase {phase}"] = _base64(plain, phase)
        found[f"base64 of utf-16, phase {phase}"] = _base64(word.encode("utf-16-le"), phase)
    if mark is not None:
        found["packed hexadecimal"] = bytes.fromhex(word)
        found["upper case"] = word.upper().encode()
    return {**found, **_packed(holds, word)}


def _digits(holds: str, text: str) -> str:
    return text.partition(".")[0] if holds in {"Decimal", "float"} else text[:10] if holds in {"date", "datetime"} else text


def _base64(data: bytes, phase: int) -> bytes:
    """The characters that stand for `data` alone, wherever it begins among groups of three bytes."""
    whole = base64.b64encode(b"\0" * phase + data)
    return whole[(0, 2, 3)[phase] : (phase + len(data)) * 8 // 6]


def _packed(holds: str, word: str) -> dict[str, bytes]:
    if holds == "int":
        number = int(word)
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return {"packed": data, "packed little": data[::-1]}
    if holds in {"Decimal", "float"}:
        return {"packed": struct.pack(">d", float(word)), "packed little": struct.pack("<d", float(word))}
    return {}


def spelled_in(data: bytes, looked_for: Mapping[str, bytes]) -> str:
    """The first spelling that stands in the data; "" for none."""
    return next((name for name, form in looked_for.items() if form in data), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What was read: bytes, and by canary where it was found."""

    size_bytes: int
    hits: Mapping[str, Sequence[Hit]]


def search(folder: Path, looked_for: Mapping[str, Mapping[str, bytes]], *, since_ns: int) -> Searched:
    """Look into every file that was written since; source code apart. looked_for: by the canary's name, its spellings."""
    size, hits = 0, dict[str, list[Hit]]()
    for path in _written(folder, since_ns):
        try:
            data = path.read_bytes()
        except OSError:  # gone since it was listed, as journals are
            continue
        size += len(data)
        for name, known in looked_for.items():
            spelled = spelled_in(data, known)
            if spelled:
                hits.setdefault(name, []).append(Hit(place=path.relative_to(folder).as_posix(), spelled=spelled))
    return Searched(size_bytes=size, hits=hits)


def _written(folder: Path, since_ns: int) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            try:
                seen = path.lstat()
            except OSError:
                continue
            if not name.endswith(_PASSED_OVER) and seen.st_mtime_ns >= since_ns - _BEFORE_NS and seen.st_size <= _LIMIT_BYTES:
                yield path
