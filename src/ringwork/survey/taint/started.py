"""Programs that are started from a list of words: which of the words say what is run.

Against a shell or an interpreter that is told to run a text of the request, in a list that looks as if it needed no shell.
"""

from __future__ import annotations

import re

from ringwork.survey.taint import attributes, sinks, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.values import Kind, Value

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "cmd", "cmd.exe", "powershell", "pwsh"})
_INTERPRETERS = re.compile(r"(?:python|pypy|perl|ruby|node|php|lua)[\d.]*(?:\.exe)?")
_CODE_OPTIONS = frozenset({"-c", "-e", "-r", "--eval"})
_TEXT_OPTIONS = frozenset({"-c", "-lc", "-ec", "/c", "/C", "-Command"})


def arrive(run: Run, name: str, value: Value, at: int, part: str, *, weak: bool) -> None:
    """A list that starts a process: its program matters, and all of the text that a shell or an interpreter is told to run."""
    if value.kind is not Kind.ITEMS or not value.data:
        # Against a command line in one text: Windows takes it apart again, and elsewhere it needs the shell that somebody will add.
        is_line = value.kind is Kind.TEXT and " " in attributes.text_before(value).lstrip()
        sinks.arrive(run, "argv", name, value, at, part="" if is_line else part, weak=weak)
        return
    words = [
        {one.data for one in values.alternatives(item) if one.kind is Kind.CONSTANT and isinstance(one.data, str)} for item in value.data
    ]
    if value.data[0].kind is Kind.NAMED and value.data[0].data == "sys.executable":
        words[0] = {"python"}
    first = {str(word).rpartition("/")[2] for word in words[0]}
    kind, options = ("command", _TEXT_OPTIONS) if first & _SHELLS else ("code", _CODE_OPTIONS) if _is_interpreter(first) else ("", ())
    for index, word in enumerate(words[1:], start=1):
        if not word.isdisjoint(options):
            for item in value.data[index + 1 : index + 2]:
                sinks.arrive(run, kind, name, item, at)
            return
    sinks.arrive(run, "argv", name, value.data[0], at, part=part, weak=weak)


def _is_interpreter(names: set[str]) -> bool:
    return any(_INTERPRETERS.fullmatch(name) for name in names)
