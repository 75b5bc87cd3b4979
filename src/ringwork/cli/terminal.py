"""How commands speak: tables for a person at a terminal, one tab-separated line an item for a pipe."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

COLOURS = {
    "Severity": {"critical": "bold red", "high": "red", "medium": "yellow"},
    "Status": {"complete": "green", "partial": "yellow"},
    "State": {"there": "green", "missing": "yellow"},
}
"""The words that are coloured, by column; colour repeats what the word says and never says it alone."""


def console(*, stderr: bool = False) -> Console:
    """A console that obeys NO_COLOR and COLUMNS, and writes plain text to what is no terminal."""
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False)


def show_rows(out: Console, heads: Sequence[str], rows: Iterable[Sequence[str]], *, folding: Collection[str] = ()) -> None:
    """A table on a terminal, one item under the other where it is too narrow for that; tab-separated lines in a pipe.

    Nothing is cut off. heads: not shown in a pipe. folding: the columns of prose, which may take several lines.
    """
    rows = list(rows)
    if not out.is_terminal:
        for row in rows:
            say(out, "\t".join(row))
    elif out.width < _narrowest(heads, rows, folding):
        for first, *rest in rows:
            say(out, first, style="bold")
            say(out, ", ".join(rest), indent=2)
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for head in heads:
            table.add_column(head, no_wrap=head not in folding, overflow="fold")
        for row in rows:
            table.add_row(*(_coloured(head, cell) for head, cell in zip(heads, row, strict=True)))
        out.print(table)


def _narrowest(heads: Sequence[str], rows: Sequence[Sequence[str]], folding: Collection[str]) -> int:
    """The width that the table needs: every cell in one line, except that prose gets along with 20 columns."""
    columns = zip(heads, *rows, strict=True)
    widths = [min(max(map(len, column)), 20 if column[0] in folding else 1000) for column in columns]
    return sum(widths) + 3 * len(widths)


def _coloured(head: str, cell: str) -> Text:
    """The cell in the colour of what stands before its colon, if that has one in this column."""
    return Text(cell, style=COLOURS.get(head, {}).get(cell.partition(":")[0], ""))


def say(out: Console, words: str, *, indent: int = 0, style: str = "") -> None:
    """One paragraph: folded at words on a terminal, one line in a pipe."""
    if out.is_terminal:
        out.print(Padding(Text(words, style=style), (0, 0, 0, indent), expand=False))
    else:
        print(" " * indent + words, file=out.file)  # rich would turn tabs into spaces


def section(out: Console, head: str, words: str = "") -> None:
    """A heading after an empty line, and what stands below it."""
    say(out, "")
    say(out, head, style="bold")
    if words:
        say(out, words, indent=2)
