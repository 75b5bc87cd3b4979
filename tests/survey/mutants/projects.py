"""A small project with tests: one line that is missed, one that survives, one that no test reaches."""

from __future__ import annotations

CODE = """
def read(user, note):
    if note["owner"] != user:
        raise PermissionError
    return note["text"]


def is_open(door):
    if door is None:
        return False
    return True


def unseen(user):
    if user != "root":
        raise PermissionError
    return 1
"""
TESTS = """
import pytest
import shop


def test_reads():
    assert shop.read("a", {"owner": "a", "text": "x"}) == "x"


def test_refuses():
    with pytest.raises(PermissionError):
        shop.read("b", {"owner": "a", "text": "x"})


def test_opens():
    assert shop.is_open(1)
"""
QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def write(root, *, code=CODE, tests=TESTS):
    """Write it below an empty folder."""
    (root / "tests").mkdir()
    (root / "conftest.py").write_text("")
    (root / "shop.py").write_text(code)
    (root / "tests" / "test_shop.py").write_text(tests)
