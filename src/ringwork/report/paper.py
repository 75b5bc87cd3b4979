"""Lines for a terminal: folded to its width, in the characters that it can show, and cut to a number of lines without hiding it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from ringwork.report.signs import Sign
from ringwork.report.visible import one_line

WIDEST, NARROWEST = 100, 60
_FIELD = 400  # characters of one text

Part = str | tuple[str, str]
"""Text, or text with its style."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """width: columns to fill. encoding: what the output can hold; other characters are spelled out.

    most: lines of one text, so that a long answer cannot push out all others; 0 for any number. rest: where a person finds the others.
    """

    console: Console
    width: int
    encoding: str
    is_ascii: bool
    most: int
    rest: str = "in the report"

    @classmethod
    def of(cls, console: Console, *, most: int = 0, rest: str = "in the report") -> Paper:
        """The paper that a console gives; wide terminals are not filled, because long lines are hard to read."""
        width = max(NARROWEST, min(console.width, WIDEST))
        return cls(console=console, width=width, encoding=console.encoding, is_ascii=console.options.ascii_only, most=most, rest=rest)

    def sign(self, sign: Sign) -> tuple[str, str]:
        """The symbol in its colour."""
        return (sign.plain if self.is_ascii else sign.symbol), sign.style

    def said(self, text: str) -> str:
        """A text as it can be shown here."""
        return one_line(text, limit=_FIELD).encode(self.encoding, "backslashreplace").decode(self.encoding)

    def line(self, *parts: Part, indent: int = 0, hang: int | None = None) -> list[Text]:
        """The parts, joined, folded at words; `hang`: the indent of what does not fit the first line."""
        hang = indent + 2 if hang is None else hang
        whole = Text()
        for part in parts:
            words, style = part if isinstance(part, tuple) else (part, "")
            lead, trail = words[: len(words) - len(words.lstrip(" "))], words[len(words.rstrip(" ")) :] if words.strip() else ""
            whole.append(lead + self.said(words) + trail, style=style)
        folded = whole.wrap(self.console, self.width - max(hang, indent), overflow="fold")
        lines = [Text(" " * (hang if number else indent)) + piece for number, piece in enumerate(folded)]
        for piece in lines:
            piece.rstrip()
        if not self.most or len(lines) <= self.most:
            return lines
        hidden = len(lines) - self.most + 1
        return [*lines[:-hidden], Text(" " * hang + f"... {hidden} more lines {self.rest}")]


def shortened(lines: list[Text], most: int) -> list[Text]:
    """The first lines of a text; a sign says that there is more of it."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1].copy()
    while last.plain and (last.plain[-1] != " " or last.plain.count("`") % 2):  # a command that is half there is none
        last.right_crop(1)
    return [*lines[: most - 1], last + Text("...", style="dim")]


@dataclass(slots=True, kw_only=True)
class Block:
    """One section. head: always shown. items: each a few lines, best first.

    wanted: items that are cut only when no other block has more than it wants. least: items that are never cut.
    dear: items that are cut after those of all other blocks.
    more: given how many items are hidden, the sentence that says so.
    """

    head: list[Text] = field(default_factory=list)
    items: Sequence[list[Text]] = ()
    wanted: int = 0
    least: int = 0
    dear: int = 0
    more: Callable[[int], list[Text]] = lambda _: []
    shown: int = 0
    gap: bool = True

    def __post_init__(self) -> None:
        """All items, until something is cut."""
        self.shown = len(self.items)

    def lines(self) -> list[Text]:
        """What is shown, an empty line first where the block has a gap."""
        hidden = len(self.items) - self.shown
        body = [line for item in self.items[: self.shown] for line in item]
        found = [*self.head, *body, *(self.more(hidden) if hidden else [])]
        return [Text(), *found] if found and self.gap else found


def fit(blocks: Sequence[Block], limit: int) -> bool:
    """Hide the last items of the longest blocks until all blocks have `limit` lines; whether that could be done."""
    _cut(blocks, limit)
    for block in blocks:
        while block.shown < len(block.items):
            block.shown += 1
            if _height(blocks) > limit:
                block.shown -= 1
                break
    return _height(blocks) <= limit


def _height(blocks: Sequence[Block]) -> int:
    return sum(len(block.lines()) for block in blocks)


def _cut(blocks: Sequence[Block], limit: int) -> None:
    while _height(blocks) > limit:
        rich = [block for block in blocks if block.shown > block.wanted]
        spare = rich or [block for block in blocks if block.shown > max(block.least, block.dear)]
        spare = spare or [block for block in blocks if block.shown > block.least]
        longest = max(spare, key=lambda block: len(block.lines()), default=None)
        if longest is None:
            return
        longest.shown -= 1
