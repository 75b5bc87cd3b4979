"""The routes of one router, found by the literal part of their path; nothing here decides, it only says who has to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ringwork.pipeline import Plan


class Place:
    """An entry in the order of its router, and what was found out about it at its first request.

    matches: the matcher's own. first: which of the router's own routes takes what the entry takes; as a Matched where it is the entry's.
    plan: as compiled last. way: straight to its handler, where there is one.
    """

    __slots__ = ("entry", "matches", "first", "plan", "way")

    def __init__(self, entry: Any) -> None:
        self.entry, self.matches = entry, entry.matcher.matches
        self.first: object = None
        self.plan: Plan | None = None
        self.way: Any = None


class Tree:
    """Places by the literal segments their path begins with, so that few have to be asked."""

    __slots__ = ("root",)

    def __init__(self, places: Sequence[tuple[Sequence[str], Place]]) -> None:
        self.root = _Node()
        for number, (segments, place) in enumerate(places):
            node = self.root
            for segment in ("", *segments) if segments else ():  # what stands before the first slash
                node = node.children.setdefault(segment, _Node())
            node.own.append((number, place))
        self.root.settle([])

    def candidates(self, path: str) -> Sequence[Place]:
        """The places that may match `path`, in the router's order."""
        node = self.root
        # Against a line end behind the path: the router's own "$" looks over one, so it must not narrow here.
        for segment in (path[:-1] if path[-1:] == "\n" else path).split("/"):
            below = node.children.get(segment)
            if below is None:
                break
            node = below
        return node.found


class _Node:
    __slots__ = ("children", "own", "found")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.own: list[tuple[int, Place]] = []
        self.found: list[Place] = []

    def settle(self, above: list[tuple[int, Place]]) -> None:
        """Join what stands here with what stands above: shorter literal prefixes may match longer paths."""
        here = sorted([*above, *self.own], key=lambda pair: pair[0])
        self.found = [place for _, place in here]
        for child in self.children.values():
            child.settle(here)
