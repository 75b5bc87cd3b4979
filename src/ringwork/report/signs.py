"""One sign for each verdict, outcome and exit code: a symbol, its stand-in where only ASCII can be shown, and a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ringwork.prove.evidence import Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """symbol, plain: one character each, the second ASCII. style: for rich. tone: the class in the HTML report."""

    symbol: str
    plain: str
    style: str
    tone: str


GOOD = Sign(symbol="✓", plain="+", style="green", tone="good")
BAD = Sign(symbol="✗", plain="x", style="bold red", tone="bad")
OPEN = Sign(symbol="?", plain="?", style="yellow", tone="open")
NONE = Sign(symbol="·", plain="-", style="dim", tone="none")
WAIVED = Sign(symbol="!", plain="!", style="magenta", tone="waived")

VERDICTS: Mapping[Verdict, Sign] = MappingProxyType(
    {
        Verdict.PROVEN: GOOD,
        Verdict.VIOLATED: BAD,
        Verdict.NOT_VERIFIED: OPEN,
        Verdict.NOT_APPLICABLE: NONE,
        Verdict.ACCEPTED: WAIVED,
    }
)
"""In the order in which the five are always shown."""

OUTCOMES: Mapping[Outcome, Sign] = MappingProxyType({Outcome.HELD: GOOD, Outcome.BROKEN: BAD, Outcome.UNTRIED: OPEN, Outcome.UNCLEAR: OPEN})

_EXITS: Mapping[int, tuple[str, Sign]] = MappingProxyType(
    {
        0: ("clean", GOOD),
        1: ("findings", BAD),
        2: ("wrong usage", OPEN),
        3: ("inconclusive", OPEN),
        4: ("internal fault", BAD),
        130: ("interrupted", OPEN),
    }
)
"""Exit code to the word for it."""


def exit_of(code: int) -> tuple[str, Sign]:
    """The word and the sign of an exit code."""
    return _EXITS.get(code, ("unknown", OPEN))


def told_exit(code: int, reason: str) -> str:
    """`findings: 7 finding(s) ...`; the reason alone where it begins with the word."""
    word, _ = exit_of(code)
    return reason if reason.startswith(word) else f"{word}: {reason}"


SEVERITIES = ("critical", "high", "medium", "low")
"""Gravest first."""
