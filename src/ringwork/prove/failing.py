"""Why the application failed: the error behind an answer of 500, out of what its copy logged and printed.

Against a report that tells of hundreds of failures and leaves their one cause (a file that a build makes, a variable) to be searched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ringwork.survey.wire import masking

_BEGIN = "Traceback (most recent call last):"
_PLACE = re.compile(r'\s+File "([^"]+)", line (\d+)')
_MOST_CHARACTERS = 200
# Against a secret that an error quotes: who signs in at an address, quoted text with a digit, and words that look like a key or token.
_SECRETS = re.compile(
    r"""(?<=//)[^/@\s]+(?=@)|(?<=')[^']*\d[^']*(?=')|(?<=")[^"]*\d[^"]*(?=")"""
    r"""|(?=[\w.+/=-]*\d)(?=[\w.+/=-]*[A-Za-z])[\w.+/=-]{16,}"""
)


def told(records: Sequence[str], folder: Path) -> str:
    """The last error that stands in `records` with its traceback: kind and words, then the last line of the copy's own code.

    records: what was logged or printed, oldest first. folder: the copy's. "" where none stands there.
    """
    _, found, text = "\n".join(records).rpartition(_BEGIN)
    if not found:
        return ""
    place = ""
    for line in text.splitlines()[1:]:
        frame = _PLACE.match(line)
        if frame is not None and Path(frame[1]).is_relative_to(folder):
            place = f" ({Path(frame[1]).relative_to(folder)}:{frame[2]})"
        elif line.strip() and not line.startswith(" "):
            return _masked(line.strip())[:_MOST_CHARACTERS] + place
    return ""


def _masked(text: str) -> str:
    return _SECRETS.sub("****", masking.masked(text.encode()))
