"""Secrets told to a log: a value that is called a password, a key or a token of access, as an argument of a line.

Against a password that stands in the files of a log server, which more people read than may sign in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Seen, is_rehearsal, last, text_of
from ringwork.survey.taint import ir

_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log"})
_LOGGERS = re.compile(r"(?:^|\.)_*(?:log|logger|logging|LOG|LOGGER)(?:\.|$)")
_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|client_secret|api_?key|secret_?key|private_?key|access_?key|(?:access|refresh|auth|bearer"
    r"|api|id|reset|session|csrf|jwt)_?token)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^_*(?:(?:has|have|is|needs?|no|without|with|uses?|should|must|can|missing|invalid|requires?|required)_"
    r"|(?:forgot|forgotten|lost|reset|changed?|update|prompt|show|hide|ask)_(?:for_)?(?:\w+_)?(?:password|passwd|passphrase)$)",
    re.IGNORECASE,
)
"""What is said of a secret, or a page for one, and no secret itself."""


def look(seen: Seen) -> Iterator[Flow]:
    """Such lines of one module; a line for finding faults is weak, for it may never be written."""
    for call, scope in seen.of(ir.Call):
        level = last(call.function)
        if level not in _LEVELS or not isinstance(call.function, ir.Attribute) or not _LOGGERS.search(seen.name(call.function.of)):
            continue
        told = [name for part in _shown(call.arguments) if (name := _named(part))]
        if told:
            strength = WEAK if level == "debug" or is_rehearsal(seen.unit.file) else STRONG
            detail = f"What {told[0]} holds is written into the log as it is."
            yield seen.flow("secret-log", call.at, strength=strength, sink=level, detail=detail, scope=scope, said="a secret is logged")


def _shown(parts: tuple[ir.Expression, ...]) -> Iterator[ir.Expression]:
    """What a line shows as it is: its arguments, and the values that are put into its text."""
    for part in parts:
        if isinstance(part, ir.Text):
            yield from _shown(tuple(inner.value for inner in part.parts if isinstance(inner, ir.Format)))
        elif isinstance(part, ir.Binary) and part.operator in {"%", "+"}:
            yield from _shown((part.left, part.right))
        elif isinstance(part, ir.Sequence):
            yield from _shown(part.items)
        elif isinstance(part, ir.Call) and isinstance(part.function, ir.Attribute) and part.function.name == "format":
            yield from _shown((*part.arguments, *(value for _, value in part.keywords)))
        else:
            yield part


def _named(part: ir.Expression) -> str:
    """What a value is called that holds a secret, "" for any other: a variable, a field, an item, or a variable of the environment."""
    is_read = isinstance(part, ir.Call) and last(part.function) in {"getenv", "get"} and bool(part.arguments)
    if isinstance(part, ir.Name | ir.Attribute) or (isinstance(part, ir.Item) and text_of(part.key) is not None) or is_read:
        name = last(part)
        if isinstance(part, ir.Call) and not _SECRET.search(name):
            name = text_of(part.arguments[0]) or ""
        return name if _SECRET.search(name) and not _ABOUT.search(name) else ""
    return ""
