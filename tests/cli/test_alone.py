from __future__ import annotations

import subprocess
import sys

_TOLD = """
import atexit, gc, sys
atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 0))  # runs after what is registered later
from ringwork.cli import main
sys.argv[1:] = {words!r}
main.main({given!r})
"""


def _ended(words, given=None):
    program = _TOLD.format(words=words, given=given)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()[-2:]


def test_a_check_looks_for_no_garbage(tmp_path):
    """A process that reads source and ends has nothing to gain from it; one that lives on after a command has."""
    assert _ended(["check", "--no-tools", "--no-cache", str(tmp_path)]) == ["False", "True"]
    assert _ended([], ["check", "--no-tools", "--no-cache", str(tmp_path)]) == ["True", "False"]
    assert _ended(["catalogue"]) == ["True", "False"]
