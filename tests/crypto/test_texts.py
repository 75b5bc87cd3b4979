"""Base64url and the encoding of what is signed, each in one way only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.crypto.texts import from_base64url, pae, require_purpose, to_base64url


@given(st.binary(max_size=100))
def test_gives_back_every_value(raw: bytes) -> None:
    """What was written is read again."""
    assert from_base64url(to_base64url(raw)) == raw


@given(st.binary(max_size=12))
def test_refuses_every_other_spelling(claimed: bytes) -> None:
    """Any bytes are either the one text of a value, or none."""
    try:
        raw = from_base64url(claimed)
    except ValueError:
        return
    assert to_base64url(raw).encode() == claimed


@pytest.mark.parametrize("twin", ["AB", "AA==", "A", "AA\n", "A+", "A/", "AÄ"])
def test_refuses_twins_padding_and_strange_letters(twin: str) -> None:
    """Spare bits, padding, line ends and the other alphabet would each be a second text."""
    with pytest.raises(ValueError, match="base64url"):
        from_base64url(twin)


def test_encodes_as_dsse_publishes() -> None:
    """The example of the DSSE protocol."""
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@given(*[st.text("a 1\x00é", max_size=6), st.binary(max_size=6)] * 2)
def test_no_two_pairs_share_an_encoding(purpose: str, message: bytes, other: str, another: bytes) -> None:
    """A byte moved from the purpose to the message is another message."""
    assert (pae(purpose, message) == pae(other, another)) == ((purpose, message) == (other, another))


@pytest.mark.parametrize("purpose", ["", "a\nb", "x" * 201, b"bytes"])
def test_refuses_what_names_no_purpose(purpose: object) -> None:
    """The error says what to write instead."""
    with pytest.raises(ValueError, match="name the purpose"):
        require_purpose(purpose)  # type: ignore[arg-type]  # what a caller without a type checker may do
    assert require_purpose("invoice approval 1") == "invoice approval 1"
