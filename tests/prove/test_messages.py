"""How a project declares what signs its messages: rows of `prove.messages`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import settings
from ringwork.prove.check import MessageKey
from ringwork.prove.target import resolve


def _messages(folder: Path, text: str) -> tuple[MessageKey, ...]:
    (folder / "app.py").write_text("app = None\n", encoding="utf-8")
    (folder / "ringwork.toml").write_text(text, encoding="utf-8")
    found: tuple[MessageKey, ...] = settings.of_project(resolve("app.py", here=folder))["messages"]
    return found


def test_reads_a_key_from_what_copies_get_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$NAME` is a variable of [prove.env] first; the key is never shown."""
    monkeypatch.setenv("OUTSIDE", "of the environment")
    found = _messages(
        tmp_path,
        """
        [prove.env]
        INSIDE = "of the copies"
        [[prove.messages]]
        route = "POST /a"
        form = "github"
        key = "$INSIDE"
        [[prove.messages]]
        route = "POST /b"
        form = "stripe"
        key = "$OUTSIDE"
        body = "{}"
        [[prove.messages]]
        route = "POST /c"
        form = "hmac-hex:X-Signature"
        key = "the key itself"
        """,
    )
    assert [(one.route, one.form, one.key, one.body) for one in found] == [
        ("POST /a", "github", "of the copies", ""),
        ("POST /b", "stripe", "of the environment", "{}"),
        ("POST /c", "hmac-hex:X-Signature", "the key itself", ""),
    ]
    assert "of the copies" not in repr(found)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ('form = "github"\nkey = "x"', "incomplete"),
        ('route = "POST /a"\nkey = "x"', "incomplete"),
        ('route = "POST /a"\nform = "gitlab"\nkey = "x"', "incomplete"),
        ('route = "POST /a"\nform = "hmac-hex:"\nkey = "x"', "incomplete"),
        ('route = "POST /a"\nform = "github"', "incomplete"),
        ('route = "POST /a"\nform = "github"\nkey = "$NOT_SET_ANYWHERE"', "which is not set"),
        ('route = "POST /a"\nform = "github"\nkey = "x"\nsecret = "y"', "unknown"),
    ],
)
def test_refuses_a_row_that_is_none(tmp_path: Path, row: str, word: str) -> None:
    """Each error says what to write."""
    with pytest.raises(TargetFailed, match=word):
        _messages(tmp_path, f"[[prove.messages]]\n{row}\n")


@pytest.mark.parametrize("form", ["ringwork", "link", "standard-webhooks"])
def test_refuses_a_key_that_is_no_base64(tmp_path, form):
    """It is told before a copy is started, and not as a fault of ringwork."""
    rows = f'[[prove.messages]]\nroute = "POST /hook"\nform = "{form}"\nkey = "no base64 at all"\n'
    with pytest.raises(TargetFailed, match="no base64"):
        _messages(tmp_path, rows)
