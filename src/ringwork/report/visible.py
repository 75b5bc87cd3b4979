"""What a target said, made harmless to look at: nothing in it steers a terminal, hides, or turns text around.

Against terminal escape sequences and reordered text in answers, paths and names that the target chose.
"""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: escape sequences begin with them
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, and those that turn the direction of text
    "\ud800-\udfff]"  # halves of characters, which no file can hold
)


def visible(text: str) -> str:
    r"""The text with each hidden character spelled out (`\x1b`, `\u202e`); line ends become line feeds."""
    return _HIDDEN.sub(_spelled, text.replace("\r\n", "\n"))


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def counted(number: int, noun: str) -> str:
    """`1 route`, `2 routes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str, *, limit: int = 0) -> str:
    """The same in one line, each run of white space one blank; past `limit` characters (0: none) cut, with its true length said."""
    line = " ".join(visible(text).split())
    if not limit or len(line) <= limit:
        return line
    return f"{line[:limit].rstrip()}... (cut at {limit} of {len(line)} characters)"
