"""What a request shows is compared whole, and what is kept of a key opens nothing."""

from __future__ import annotations

import hmac
import re

import pytest

from ringwork.crypto import comparison
from ringwork.errors import Refused
from ringwork.secret import Secret


@pytest.mark.parametrize(
    ("claimed", "secret"),
    [("réf-1", Secret("réf-1")), (b"\x00\xff", Secret(b"\x00\xff")), ("réf", Secret("réf".encode())), ("", Secret(""))],
)
def test_lets_the_same_through(claimed: str | bytes, secret: Secret[str]) -> None:
    """Text and bytes, letters of any kind."""
    comparison.require_same(claimed, secret)


@pytest.mark.parametrize("claimed", ["", "key-", "key-42x", "kex-42", "KEY-42", "\ud800", b"key-4\xff"])
def test_refuses_what_differs(claimed: str | bytes) -> None:
    """However near a guess is, the refusal says the same."""
    with pytest.raises(Refused, match=r"refused with 401 \(secret-differs\)"):
        comparison.require_same(claimed, Secret("key-42"))


def test_leaves_every_comparison_to_the_one_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All keys are compared with what was shown, also behind the one that fits, and nothing is compared by any other way."""
    asked: list[tuple[bytes, bytes]] = []

    def noted(a: bytes, b: bytes) -> bool:
        asked.append((a, b))
        return a == b

    monkeypatch.setattr(hmac, "compare_digest", noted)
    keys = [comparison.issue_api_key() for _ in range(4)]
    known = comparison.ApiKeys({f"machine {i}": comparison.key_digest(key) for i, key in enumerate(keys)})
    assert known.owner_of(keys[1].reveal()) == "machine 1"
    assert len(asked) == 4
    comparison.require_same("a", Secret("a"))
    assert len(asked) == 5


def test_issues_keys_that_people_and_scanners_know() -> None:
    """A label, and as much chance as a session has."""
    key = comparison.issue_api_key("clinic")
    assert re.fullmatch(r"clinic_[A-Za-z0-9_-]{43}", key.reveal())
    assert key != comparison.issue_api_key("clinic")
    assert "clinic_" not in repr(key)


@pytest.mark.parametrize("label", ["", "Clinic", "a b", "a_b", "x" * 17, "1a"])
def test_refuses_labels_that_hide_where_the_key_begins(label: str) -> None:
    """Everything behind the first line is the key."""
    with pytest.raises(ValueError, match="is no label"):
        comparison.issue_api_key(label)


def test_knows_whose_key_is_shown() -> None:
    """The owner of the right key, and nobody for anything else, the digest itself included."""
    key = comparison.issue_api_key()
    known = comparison.ApiKeys({"laboratory": comparison.key_digest(key)})
    assert known.owner_of(key.reveal()) == "laboratory"
    for wrong in ("", key.reveal()[:-1], key.reveal() + "x", comparison.key_digest(key), "x" * 10_000):
        assert known.owner_of(wrong) is None
    assert comparison.ApiKeys({}).owner_of(key.reveal()) is None


@pytest.mark.parametrize("digest", ["", "key_abc", "sha256:", "md5:" + "0" * 32, "sha256:" + "G" * 64])
def test_keeps_no_key_in_clear(digest: str) -> None:
    """A table of keys where hashes belong is a fault of the caller, told without the key."""
    with pytest.raises(ValueError, match="never the key itself") as caught:
        comparison.ApiKeys({"laboratory": digest})
    assert not digest or digest not in str(caught.value)
