"""Which files the tools were started with, and a folder of its own for what is kept of them."""

from __future__ import annotations

import pytest

from ringwork.survey.linters import run


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The Python files of each start, in turn; nothing of the user's own cache is read or written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = []
    true = run._ended

    def ended(words, *given):
        files.append(sorted(word for word in words if word.endswith(".py")))
        return true(words, *given)

    monkeypatch.setattr(run, "_ended", ended)
    return files
