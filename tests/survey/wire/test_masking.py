from __future__ import annotations

import base64

import pytest

from ringwork.survey.wire import masking


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nCookie: a=secretvalue\r\n\r\n",
        b"GET / HTTP/1.1\r\nauthorization: Bearer secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nx-csrf-token: secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\ncsrf_token=secretvalue&day=1",
        b'POST / HTTP/1.1\r\n\r\n{"password": "secretvalue"}',
        b'HTTP/1.1 200 OK\r\n\r\n{"access_token":"secretvalue"}',
        b"HTTP/1.1 200 OK\r\nset-cookie: a=secretvalue; Path=/\r\n\r\n",
        b'HTTP/1.1 200 OK\r\n\r\n<input type="hidden" name="csrf_token" value="secretvalue">',
    ],
)
def test_masks_what_would_let_a_reader_in(raw):
    """Cookies, credentials and tokens stand in no report."""
    assert "secretvalue" not in masking.masked(raw)


def test_leaves_cookie_names_and_attributes_readable():
    """What a finding is about stays visible."""
    assert "set-cookie: a=****; Path=/" in masking.masked(b"HTTP/1.1 200 OK\r\nset-cookie: a=1; Path=/\r\n\r\n")


def test_cuts_long_bodies_and_says_by_how_much():
    """A report stays readable."""
    shown = masking.masked(b"x" * 2500)
    assert shown.endswith("[500 more characters]")


def test_puts_markers_into_the_replay():
    """A later run puts its own session where the old one stood."""
    raw = base64.b64decode(masking.replayable(b"POST /a HTTP/1.1\r\ncookie: a=secretvalue\r\n\r\ncsrf_token=secretvalue"))
    assert raw == b"POST /a HTTP/1.1\r\ncookie: {{cookie}}\r\n\r\ncsrf_token={{secret}}"
