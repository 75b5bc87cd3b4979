"""What a target said, made harmless to look at: nothing in it steers a terminal, hides, or turns text around.

Against terminal escape sequences and reordered text in answers, paths and names that the target chose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: escape sequences begin with them
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, and those that turn the direction of text
    "\ufff9-\ufffb\U000e0000-\U000e0fff"  # annotations and tags: text inside text that no reader sees
    "\ud800-\udfff\ufffe\uffff]"  # halves of characters and no characters, which no file, or no XML, can hold
)


def visible(text: str) -> str:
    r"""The text with each hidden character spelled out (`\x1b`, `\u202e`); line ends become line feeds."""
    return _HIDDEN.sub(_spelled, text.replace("\r\n", "\n"))


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def throughout(value: Any) -> Any:
    """The same objects, lists and texts of JSON, every text in them made visible, keys too."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(key): throughout(item) for key, item in value.items()}
    return [throughout(item) for item in value] if isinstance(value, list | tuple) else value


def counted(number: int, noun: str) -> str:
    """`1 route`, `2 routes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str, *, limit: int = 0) -> str:
    """The same in one line, each run of white space one blank; past `limit` characters (0: none) cut, with its true length said."""
    line = " ".join(visible(text).split())
    if not limit or len(line) <= limit:
        return line
    return f"{line[:limit].rstrip()}... (cut at {limit} of {len(line)} characters)"
