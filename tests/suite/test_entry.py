"""What every pytest run of every user pays for the plugin: one file, and nothing that it loads."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

LOADED = """
import importlib, json, sys
import pytest, _pytest.config
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def _entry() -> str:
    return next(entry.value for entry in importlib.metadata.entry_points(group="pytest11") if entry.name == "ringwork")


def test_loads_nothing_but_itself() -> None:
    """Importing the entry point loads no module of ringwork, no third party, and nothing of the standard library that pytest has not."""
    done = subprocess.run([sys.executable, "-c", LOADED, _entry()], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [_entry()]


def test_a_run_that_names_no_target_loads_nothing_either(pytester: pytest.Pytester) -> None:
    """Options are read, a test passes, and no module of the package came in by it."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert [name for name in sys.modules if name.partition(".")[0] == "ringwork"] == []
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)
