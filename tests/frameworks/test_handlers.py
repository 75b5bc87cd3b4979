"""Where the code of a handler stands, for reports: its line, or its name alone."""

from __future__ import annotations

import functools
from typing import Any

from ringwork.frameworks.handlers import handler_behind


def handler() -> str:
    return "here"


def test_names_file_and_line_of_a_function() -> None:
    """Behind a partial too, so that a finding leads to the code."""
    found = handler_behind(functools.partial(handler))
    assert (found.name, found.file, found.line) == (f"{__name__}.handler", __file__, handler.__code__.co_firstlineno)


def test_names_file_and_line_of_a_class() -> None:
    """Of an object that is called, its class."""

    class Called:
        def __call__(self) -> str:
            return "here"

    found = handler_behind(Called())
    assert found.file == __file__
    assert found.line is not None
    assert found.line > handler.__code__.co_firstlineno


def test_names_no_file_for_code_that_was_made_at_run_time() -> None:
    """A file in brackets cannot be opened; the name is told all the same."""
    made: dict[str, Any] = {"__name__": "made"}
    exec(compile("def handler(): return 'made'", "<string>", "exec"), made)  # such a handler is what is asked for
    found = handler_behind(made["handler"])
    assert (found.name, found.file) == ("made.handler", None)


def test_names_no_file_for_what_is_gone() -> None:
    """Code that was compiled from a file which is not there has its name alone."""
    made: dict[str, Any] = {"__name__": "gone"}
    exec(compile("def handler(): return 'made'", "/nowhere/gone.py", "exec"), made)  # such a handler is what is asked for
    found = handler_behind(made["handler"])
    assert (found.name, found.file) == ("gone.handler", None)
