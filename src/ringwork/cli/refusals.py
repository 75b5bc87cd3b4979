"""How commands refuse: what went wrong, what to write instead, and the exit code; and lists of names as a command line gives them.

Apart from the commands themselves, so that one that must be quick loads nothing of the others.
"""

from __future__ import annotations

from rich.console import Console

from ringwork.errors import TargetFailed
from ringwork.report.visible import visible

USAGE, INCONCLUSIVE = 2, 3
_NO_BOOT = frozenset({"copy", "import", "factory", "start", "routes", "port", "login", "policy", "run"})


def explain(out: Console, error: TargetFailed) -> int:
    """Print what went wrong and what to do; the exit code: 2 for a wrong command, 3 when the target did not come up."""
    out.print(f"ringwork: {error.step}: {visible(error.problem)}", style="bold", soft_wrap=True)
    out.print(f"  {visible(error.advice)}", soft_wrap=True)
    return INCONCLUSIVE if error.step in _NO_BOOT else USAGE


def names(given: list[str] | None) -> tuple[str, ...] | None:
    """Names as the command line gave them: one a word, or several between commas, as --format takes them."""
    if not given:
        return None
    # Against a slip that selects nothing, which would mean everything: what names nothing stays as it is, and is refused as unknown.
    return tuple(part.strip() for word in given for part in word.split(","))
