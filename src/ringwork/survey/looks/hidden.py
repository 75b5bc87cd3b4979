"""Source that reads otherwise than it runs: signs that turn the direction of writing, and code of others that is run unseen.

Against a reviewer who is shown other words than the interpreter (Trojan Source, CVE-2021-42574), and against a model's repository whose
code is run as it stands there today.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Seen, is_shipped, of_file, text_of
from ringwork.survey.looks.texts import Text
from ringwork.survey.taint import ir

_TURNING = re.compile(r"[\u202a\u202b\u202d\u202e\u2066-\u2068]")
_FIXED = re.compile(r"[0-9a-f]{40}")


def in_files(one: Text) -> Iterator[Flow]:
    """Lines of a module in which the direction of writing is turned; marks that order the text of one language are none of them."""
    if one.suffix != ".py" or not is_shipped(one.file) or (text := one.of()).isascii():
        return
    for number, line in enumerate(text.split("\n"), 1):
        if _TURNING.search(line):
            detail = "A sign that turns the direction of writing stands here: what is shown is not what runs. Write it as an escape."
            yield of_file("hidden-code", one.file, number, strength=STRONG, sink="direction", detail=detail, said="the direction is turned")


def look(seen: Seen) -> Iterator[Flow]:
    """Calls of one module that run what a model's repository holds, whichever state it is in."""
    for call, scope in seen.of(ir.Call):
        given = dict(call.keywords)
        trusted = given.get("trust_remote_code")
        if not isinstance(trusted, ir.Constant) or trusted.value is not True:
            continue
        if not _FIXED.fullmatch(text_of(given.get("code_revision")) or text_of(given.get("revision")) or ""):
            detail = "Code of the model's repository is run, whatever stands there; leave the option out, or name a commit (revision=)."
            yield seen.flow(
                "loader", trusted.at, strength=STRONG, sink="trust_remote_code", detail=detail, scope=scope, said="code of others is run"
            )
