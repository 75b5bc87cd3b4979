"""Signed and expiring values."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.clock import FixedClock
from ringwork.crypto.signatures import SigningKey
from ringwork.crypto.signed_values import SignedValues
from ringwork.errors import OutOfTime, TagWrong
from ringwork.secret import Secret

KEY, OLD = Secret(b"k" * 32), Secret(b"o" * 32)
PAIR = SigningKey(Secret(b"\x07" * 32))
HOUR = timedelta(hours=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _values(*keys: Secret[bytes] | SigningKey, clock: FixedClock | None = None, purpose: str = "invitation 1") -> SignedValues:
    return SignedValues(*(keys or (KEY,)), purpose=purpose, clock=clock or FixedClock())


@given(JSON)
@settings(max_examples=60)
def test_gives_back_what_was_issued(value: object) -> None:
    """Of the same types, in the same order."""
    opened = _values().open(_values().issue(value, lifetime=HOUR))  # type: ignore[arg-type]  # JSON, as the strategy makes it
    assert json.dumps(opened, sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("key", [KEY, PAIR], ids=["HMAC", "Ed25519"])
def test_refuses_every_letter_changed(key: Secret[bytes] | SigningKey) -> None:
    """Each letter of version, id, times, value and tag; no twin of the last one either."""
    values = _values(key)
    text = values.issue({"user": 7}, lifetime=HOUR)
    for i, letter in enumerate(text):
        for other in "AB1._-":
            if other != letter:
                with pytest.raises(TagWrong):
                    values.open(text[:i] + other + text[i + 1 :])
    assert values.open(text) == {"user": 7}


def test_refuses_every_truncation_and_addition() -> None:
    """Cut at either end, a tail, padding, a line end."""
    values = _values()
    text = values.issue("x", lifetime=HOUR)
    for wrong in [text[:n] for n in range(len(text))] + [text[1:], text + "=", text + "\n", " " + text, text + ".", ""]:
        with pytest.raises(TagWrong):
            values.open(wrong)


def test_holds_within_its_time_alone() -> None:
    """Not a second before it begins, and not from the second on in which it ends."""
    clock = FixedClock()
    values = _values(clock=clock)
    text = values.issue("x", lifetime=timedelta(seconds=10), starts_in=timedelta(seconds=5))
    for second in range(20):
        if 5 <= second < 15:
            assert values.open(text) == "x"
        else:
            with pytest.raises(OutOfTime, match="not valid yet" if second < 5 else "expired"):
                values.open(text)
        clock.advance(1)


def test_refuses_what_was_issued_for_another_purpose() -> None:
    """A link to unsubscribe is taken for an invitation, under the same key."""
    text = _values(purpose="unsubscribe 1").issue("x", lifetime=HOUR)
    with pytest.raises(TagWrong):
        _values(purpose="invitation 1").open(text)
    assert _values(purpose="unsubscribe 1").open(text) == "x"


def test_old_keys_open_and_only_the_first_one_signs() -> None:
    """Rotation: the new key first, the old one behind it until its values are gone."""
    before = _values(OLD).issue("x", lifetime=HOUR)
    both = _values(KEY, OLD)
    assert both.open(before) == "x"
    assert _values(KEY).open(both.issue("y", lifetime=HOUR)) == "y"
    with pytest.raises(TagWrong, match="none of these keys"):
        _values(KEY).open(before)


def test_a_public_key_opens_and_issues_nothing() -> None:
    """Ed25519: who only verifies holds no secret."""
    text = _values(PAIR).issue("x", lifetime=HOUR)
    reader = SignedValues(PAIR.verify_key, purpose="invitation 1", clock=FixedClock())
    assert reader.open(text) == "x"
    with pytest.raises(ValueError, match="can only verify"):
        reader.issue("y", lifetime=HOUR)


def test_a_public_key_is_never_taken_for_a_secret() -> None:
    """Algorithm confusion: a tag made by HMAC under the public key's own bytes and id."""
    reader = SignedValues(PAIR.verify_key, purpose="invitation 1", clock=FixedClock())
    head = _values(PAIR).issue("x", lifetime=HOUR).rpartition(".")[0]
    for secret in (PAIR.verify_key.to_bytes(), PAIR.verify_key.to_pem()):
        forged = base64.urlsafe_b64encode(hmac.digest(secret, head.encode(), hashlib.sha256)).rstrip(b"=").decode()
        with pytest.raises(TagWrong):
            reader.open(f"{head}.{forged}")


def test_a_signature_of_something_else_is_no_value() -> None:
    """The same Ed25519 key signs messages too, under a purpose of the same name."""
    head = _values(PAIR).issue("x", lifetime=HOUR).rpartition(".")[0]
    other = base64.urlsafe_b64encode(PAIR.sign(head.encode(), purpose="invitation 1")[9:]).rstrip(b"=").decode()
    with pytest.raises(TagWrong):
        _values(PAIR).open(f"{head}.{other}")


def test_decodes_nothing_that_is_too_long() -> None:
    """A megabyte of text is refused by its length alone; so is a value that would become one."""
    values = _values()
    with pytest.raises(TagWrong):
        values.open("1." + "A" * 1_000_000)
    with pytest.raises(ValueError, match="keep it in a store"):
        values.issue("x" * 4000, lifetime=HOUR)
    assert values.open(values.issue("x" * 2000, lifetime=HOUR)) == "x" * 2000


@pytest.mark.parametrize("value", [("a", "b"), {1: "a"}, float("nan"), {"a"}, b"bytes", "\ud800", [("a",)]], ids=repr)
def test_refuses_what_json_would_give_back_as_something_else(value: object) -> None:
    """A tuple comes back as a list, a number as a name as text; it is said when it is issued."""
    with pytest.raises(TypeError):
        _values().issue(value, lifetime=HOUR)  # type: ignore[arg-type]  # what a caller without a type checker may do


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1), timedelta(days=4000)], ids=str)
def test_refuses_a_lifetime_that_is_none(lifetime: timedelta) -> None:
    """No value is for ever, and none is over before it begins."""
    with pytest.raises(ValueError, match="between one second and ten years"):
        _values().issue("x", lifetime=lifetime)


def test_refuses_no_key_a_short_one_and_the_same_one_twice() -> None:
    """The error says what to give."""
    with pytest.raises(ValueError, match="at least one key"):
        SignedValues(purpose="p")
    with pytest.raises(ValueError, match="too short"):
        _values(Secret(b"short"))
    with pytest.raises(ValueError, match="stands twice"):
        _values(KEY, KEY)


def test_has_an_id_by_which_a_store_claims_it_once() -> None:
    """Two texts of the same value differ only where their times do; the id is that of the text, and of genuine ones alone."""
    clock = FixedClock()
    values = _values(clock=clock)
    first = values.issue("x", lifetime=HOUR)
    clock.advance(1)
    assert values.issued_id(first) == values.issued_id(first.encode())
    assert values.issued_id(first) != values.issued_id(values.issue("x", lifetime=HOUR))
    with pytest.raises(TagWrong):
        values.issued_id(first + "A")


def test_shows_no_secret_in_its_text() -> None:
    """The id of a key tells nothing of the key."""
    text = _values().issue("x", lifetime=HOUR)
    assert KEY.reveal().hex()[:16] not in text
    assert hashlib.sha256(KEY.reveal()).hexdigest()[:16] not in text
