"""Commands below a name: a word that is none of them, and near to none, is refused with those that there are.

Against a person who has to look the commands up elsewhere.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup


class Group(TyperGroup):
    """As typer has it, but for that refusal."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not get_close_matches(args[0], names):
            ctx.fail(f"No such command {args[0]!r}; write one of: {', '.join(names)}")
        return super().resolve_command(ctx, args)
