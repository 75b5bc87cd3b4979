"""Wildcards that a shell fills in for a program which takes options from the names of files.

Against a file called `--checkpoint-action=exec=sh`, which whoever may write into a folder makes an option of `tar *`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Seen, argument, text_of
from ringwork.survey.taint import ir

_SHELLS = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell"})
_STARTS = frozenset({"subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen"})
_FILLED = re.compile(r"(?:^|[;&|]\s*|sudo\s+)(?:\S*/)?(?:tar|chown|chmod|rsync)\s(?!.*\s--\s)(?:[^;&|]*\s)?\*")


def look(seen: Seen) -> Iterator[Flow]:
    """Such lines of a shell in one module; `./*` gives names that begin with no hyphen."""
    for call, scope in seen.of(ir.Call):
        name = seen.name(call.function)
        shell = argument(call, "shell")
        is_shell = name in _SHELLS or (name in _STARTS and isinstance(shell, ir.Constant) and shell.value is True)
        line = text_of(argument(call, "cmd", 0)) if is_shell else None
        if line is not None and _FILLED.search(line):
            detail = "The shell puts names of files where the program takes options; write ./* or -- before the wildcard."
            yield seen.flow("command", call.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="a wildcard without a folder")
