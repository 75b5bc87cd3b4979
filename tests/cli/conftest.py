"""Running a command as the shell would, in this process."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ringwork.cli import main

PLAIN = {"NO_COLOR": "1", "COLUMNS": "120", "TERM": "xterm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """What was said without colour and weight."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run `ringwork` with words; the output is a pipe, unless `terminal` gives the width of one."""

    def _run(*words: str, terminal: int = 0, colour: bool = False) -> Ended:
        for name, value in PLAIN.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("TTY_COMPATIBLE", raising=False)
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        if terminal:
            monkeypatch.setenv("COLUMNS", str(terminal))
            monkeypatch.setenv("TTY_COMPATIBLE", "1")
        if colour:
            monkeypatch.delenv("NO_COLOR")
        code = main.main(words)
        said = capsys.readouterr()
        return Ended(code=code, out=said.out, err=said.err)

    return _run
