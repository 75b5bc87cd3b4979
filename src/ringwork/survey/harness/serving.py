"""What every framework's harness shares when it serves a copy: where probe routes stand, and what they raise."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COOKIES = ("ringwork_probe_one=1", "ringwork_probe_two=2")
STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A socket that already listens on loopback, the certificate that it shows, and what to call once requests are answered."""

    sock: socket.socket
    certificate: Path
    key: Path
    ready: Callable[[], None]


class ProbeFault(RuntimeError):
    """What a probe route raises; its text carries the canary of the copy."""


def prefix(canary: str) -> str:
    """The path under which the probe routes of a copy stand; contains no part of the canary itself."""
    return "/ringwork-probe"


def raise_fault(canary: str) -> None:
    """Raise with the canary, an SQL text and a path in the message, as real faults do."""
    raise ProbeFault(f"{canary} while reading /srv/secret/settings.py: SELECT password FROM users")  # noqa: S608  # text to leak, not a query


_count = itertools.count(1)


def weak_form(at: str) -> str:
    """A page whose form carries a token that anybody can guess: a counter."""
    return f'<form method="post" action="{at}/weak-tokens"><input type="hidden" name="csrf_token" value="{next(_count):06d}"></form>'


def write_something() -> None:
    """What no safe method should do: leave a file in the working folder."""
    Path(f"ringwork-probe-{next(_count)}.txt").write_text("written by a GET", encoding="utf-8")


def status_of(text: str) -> int:
    """The status that a query asks for, 400 to 599; 400 for anything else."""
    return int(text) if text.isdigit() and int(text) in STATUSES else 400
