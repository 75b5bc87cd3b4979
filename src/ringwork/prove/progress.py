"""What a run tells while it runs; the command line draws it, tests listen to it."""

from __future__ import annotations

from ringwork.prove.evidence import Finding


class Progress:
    """Hears of every step; this one stays silent."""

    def announce(self, sentences: list[str]) -> None:
        """What will be touched, before anything is."""

    def step(self, text: str, *, done: int, total: int) -> None:
        """What is running now."""

    def found(self, finding: Finding) -> None:
        """A finding, as soon as it is known."""
