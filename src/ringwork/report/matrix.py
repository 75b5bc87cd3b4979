"""Who got what from which route, beside what was declared.

Against a table of green cells that means nothing: where nothing is declared nothing is as it should be, and a redirect or a
404 is neither an entry nor a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ringwork.prove.evidence import MatrixCell
from ringwork.report.signs import BAD, GOOD, NONE, OPEN, Sign


class Seen(StrEnum):
    """What a status says about being let in."""

    ENTERED = "let in"
    REFUSED = "refused"
    ELSEWHERE = "sent elsewhere"
    UNCLEAR = "unclear"
    FAILED = "failed"
    UNTRIED = "not tried"


_REFUSALS = frozenset({401, 403, 407, 421})


def seen(status: int) -> Seen:
    """The meaning of a status; 0 is not tried. 404, 422 and their like come before or after the question who asks: unclear."""
    if status == 0:
        return Seen.UNTRIED
    if status in _REFUSALS:
        return Seen.REFUSED
    if status >= 500:
        return Seen.FAILED
    if status >= 400:
        return Seen.UNCLEAR
    return Seen.ELSEWHERE if status >= 300 else Seen.ENTERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One role at one route. expected: "allow", "deny" or "". surprise: what differs, in words; "" when nothing does."""

    role: str
    expected: str
    status: int
    seen: Seen
    surprise: str

    @property
    def sign(self) -> Sign:
        """As declared, otherwise, or neither."""
        if self.surprise:
            return BAD
        if self.seen is Seen.UNTRIED:
            return NONE
        agrees = (self.expected, self.seen) in {("allow", Seen.ENTERED), ("deny", Seen.REFUSED)}
        return GOOD if agrees else OPEN if self.expected else NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One route; a cell for each role of the grid, None where nothing was recorded."""

    route: str
    cells: tuple[Cell | None, ...]

    @property
    def surprises(self) -> list[Cell]:
        """The cells that are not as declared."""
        return [cell for cell in self.cells if cell is not None and cell.surprise]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """roles and rows in the order of the run. undeclared: routes that let nobody-in-particular in without a rule."""

    roles: tuple[str, ...]
    rows: tuple[Row, ...]
    undeclared: tuple[str, ...]

    @property
    def tried(self) -> int:
        """How many cells were asked."""
        return sum(cell is not None and cell.seen is not Seen.UNTRIED for row in self.rows for cell in row.cells)

    @property
    def surprising(self) -> list[Row]:
        """The rows that are not as declared."""
        return [row for row in self.rows if row.surprises]


def _surprise(cell: MatrixCell, meaning: Seen) -> str:
    if meaning is Seen.FAILED:
        return f"the application failed with {cell.status}"
    if cell.expected == "deny" and meaning is Seen.ENTERED:
        return f"was let in with {cell.status}, declared is deny"
    if cell.expected == "allow" and meaning is Seen.REFUSED:
        return f"was refused with {cell.status}, declared is allow"
    return ""


def _read(cell: MatrixCell) -> Cell:
    meaning = seen(cell.status)
    return Cell(role=cell.role, expected=cell.expected, status=cell.status, seen=meaning, surprise=_surprise(cell, meaning))


def grid(cells: Sequence[MatrixCell]) -> Grid:
    """The cells as a table."""
    roles = tuple(dict.fromkeys(cell.role for cell in cells))
    by_route = dict[str, dict[str, Cell]]()
    for cell in cells:
        by_route.setdefault(cell.route, {})[cell.role] = _read(cell)
    rows = tuple(Row(route=route, cells=tuple(found.get(role) for role in roles)) for route, found in by_route.items())
    return Grid(roles=roles, rows=rows, undeclared=tuple(_undeclared(cells)))


def _undeclared(cells: Iterable[MatrixCell]) -> Iterable[str]:
    """Routes without a rule that let the first role in: the prover asks as nobody first."""
    first = dict[str, MatrixCell]()
    for cell in cells:
        first.setdefault(cell.route, cell)
    return (route for route, cell in first.items() if not cell.expected and cell.role == "anonymous" and seen(cell.status) is Seen.ENTERED)
