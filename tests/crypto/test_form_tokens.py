"""Single-use form tokens, their format and what they bind."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.crypto.form_tokens import Bound, FormTokens, Genuine, TokenFault
from ringwork.secret import Secret

NOW = 1_800_000_000
BOUND = Bound(user=b"=ada", session=b"s1", browser=b"b" * 43, form=b"/notes")
TOKENS = FormTokens(Secret(b"k" * 32))

VERSION_1 = b"1.1800007200.AAECAwQFBgcICQoLDA0ODw.v7ZfEYEtlhpE4CtjNxOIrXA7PNA.gtV00Ep-MNmLqrw1N8DYPxQEs1AbtUEddSSXE1bIE-E"
"""A token of the format's first day, with the id 00 01 ... 0f; old versions keep a test."""


def test_opens_what_it_issued() -> None:
    """A genuine token gives back its id and its end."""
    opened = TOKENS.open(TOKENS.issue(BOUND, until=NOW + 60).encode(), BOUND, now=NOW)
    assert isinstance(opened, Genuine)
    assert len(opened.token_id) == 16
    assert opened.until == NOW + 60


def test_writes_version_1() -> None:
    """Version, end in clear, id, hints, tag: letters that are safe in forms, headers and addresses."""
    token = TOKENS.issue(BOUND, until=NOW + 7200)
    assert re.fullmatch(r"1\.1800007200\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{27}\.[A-Za-z0-9_-]{43}", token)


def test_still_opens_the_first_token_of_version_1() -> None:
    """A token of the first day opens as long as version 1 is read."""
    assert TOKENS.open(VERSION_1, BOUND, now=NOW) == Genuine(token_id=bytes(range(16)), until=NOW + 7200)


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("user", TokenFault.OTHER_USER),
        ("session", TokenFault.OTHER_SESSION),
        ("browser", TokenFault.OTHER_BROWSER),
        ("form", TokenFault.OTHER_FORM),
    ],
)
def test_names_what_does_not_fit(part: str, fault: TokenFault) -> None:
    """The operator learns whose token was shown."""
    token = TOKENS.issue(BOUND, until=NOW + 60).encode()
    assert TOKENS.open(token, replace(BOUND, **{part: b"other"}), now=NOW) is fault


def test_names_the_user_first() -> None:
    """After a login everything differs, and the user says most."""
    token = TOKENS.issue(BOUND, until=NOW + 60).encode()
    assert TOKENS.open(token, Bound(user=b"", session=b"", browser=b"", form=b""), now=NOW) is TokenFault.OTHER_USER


def test_knows_no_token_of_another_key() -> None:
    """After a change of key old tokens are garbage, not somebody else's."""
    token = FormTokens(Secret(b"x" * 32)).issue(BOUND, until=NOW + 60).encode()
    assert TOKENS.open(token, BOUND, now=NOW) is TokenFault.GARBLED


def test_ends_on_the_second() -> None:
    """A token is good before its end, and not at it."""
    token = TOKENS.issue(BOUND, until=NOW).encode()
    assert isinstance(TOKENS.open(token, BOUND, now=NOW - 0.001), Genuine)
    assert TOKENS.open(token, BOUND, now=NOW) is TokenFault.EXPIRED


def test_cannot_be_extended() -> None:
    """The end stands in clear and under the tag."""
    token = TOKENS.issue(BOUND, until=NOW).replace(str(NOW), str(NOW + 9999)).encode()
    assert TOKENS.open(token, BOUND, now=NOW) is TokenFault.GARBLED


def test_refuses_every_altered_letter() -> None:
    """No letter can be changed into one of another value."""
    token = TOKENS.issue(BOUND, until=NOW + 60)
    genuine = TOKENS.open(token.encode(), BOUND, now=NOW)
    for at, letter in enumerate(token):
        altered = token[:at] + ("A" if letter != "A" else "Q") + token[at + 1 :]
        opened = TOKENS.open(altered.encode(), BOUND, now=NOW)
        # The last letter of a base64 field has spare bits: then it is the same token, with the same id to spend.
        assert isinstance(opened, TokenFault) or opened == genuine


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"1",
        b"1....",
        b"1.x.AAAA.AAAA.AAAA",
        b"2" + VERSION_1[1:],
        b"1.-5.a.a.a",
        b"1.0000000000000.a.a.a",
        b"\xff" * 50,
        b"1." * 500,
        b"1.5.=.=.=",
        b"1.5.AAAAA.A.A",
    ],
)
def test_takes_garbage_for_garbage(raw: bytes) -> None:
    """Odd bytes are refused by shape."""
    assert TOKENS.open(raw, BOUND, now=NOW) is TokenFault.GARBLED


@given(
    st.binary(max_size=220)
    | st.from_regex(rb"1\.[0-9]{1,13}\.[A-Za-z0-9_=-]{20,24}\.[A-Za-z0-9_-]{25,29}\.[A-Za-z0-9_-]{41,45}", fullmatch=True)
)
def test_opens_no_forged_token(raw: bytes) -> None:
    """No bytes make it raise, and none open without the key."""
    assert isinstance(TOKENS.open(raw, BOUND, now=NOW), TokenFault)


def test_shows_nothing_of_its_owner() -> None:
    """Two tokens of one user share no id, no hint and no tag, so nobody can tell whose they are."""
    tokens = [TOKENS.issue(BOUND, until=NOW).split(".")[2:] for _ in range(300)]
    for column in range(3):
        assert len({token[column] for token in tokens}) == 300
    ends = {token[1][start : start + 5] for token in tokens for start in (0, 5, 10, 15, 20)}
    assert len(ends) > 1400
