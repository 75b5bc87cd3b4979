"""What a client carries besides cookies and a token: HTTP Basic, a key in a header, or a token that only some routes ask for."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A header by which its bearer is known besides cookies and a token: HTTP Basic, a key, or the token of some routes alone.

    name: lower case. value: secret. paths: templates of the routes that asked for it, empty for all.
    """

    name: str
    value: str
    paths: tuple[str, ...] = ()

    def is_asked(self, path: str) -> bool:
        """Whether a path (with its query) is one that it is sent to."""
        return not self.paths or any(is_of(template, path) for template in self.paths)


def is_of(template: str, path: str) -> bool:
    """Whether a path, with or without its query, is one of a route's template."""
    pieces = re.split(r"(\{[^}]+\})", template)
    pattern = "".join((".+" if ":path" in piece else "[^/]+") if piece.startswith("{") else re.escape(piece) for piece in pieces)
    return re.fullmatch(pattern, path.partition("?")[0]) is not None


def basic(username: str, password: str) -> str:
    """The value of Authorization for HTTP Basic. Source: RFC 7617, 2."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode('ascii')}"
