from __future__ import annotations

import base64
import json

import pytest

from ringwork.survey.wire import masking


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nCookie: a=secretvalue\r\n\r\n",
        b"GET / HTTP/1.1\r\nauthorization: Bearer secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nx-csrf-token: secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nX-XSRF-TOKEN: secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nx-csrftoken: secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nx-api-key: secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nproxy-authorization: Basic secretvalue\r\n\r\n",
        b"GET /reset?token=secretvalue HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\ncsrf_token=secretvalue&day=1",
        b"POST / HTTP/1.1\r\n\r\nauthenticity_token=secretvalue&__RequestVerificationToken=secretvalue&_token=secretvalue&xsrf=secretvalue",
        b"POST / HTTP/1.1\r\n\r\nname=a&password2=secretvalue&password_confirmation=secretvalue&pwd=secretvalue&pass=secretvalue",
        b'POST / HTTP/1.1\r\n\r\n{"password": "secretvalue"}',
        b'POST / HTTP/1.1\r\n\r\n{"password": "a b, c} <secretvalue"}',
        b'POST / HTTP/1.1\r\n\r\n{"password": "a\\"secretvalue"}',
        b'POST / HTTP/1.1\r\n\r\n{"password": "secretvalue',
        b'POST / HTTP/1.1\r\n\r\n--b\r\ncontent-disposition: form-data; name="password"\r\n\r\nsecretvalue\r\n--b--\r\n',
        b'HTTP/1.1 200 OK\r\n\r\n{"access_token":"secretvalue"}',
        b"HTTP/1.1 200 OK\r\nset-cookie: a=secretvalue; Path=/\r\n\r\n",
        b'HTTP/1.1 200 OK\r\n\r\n<input type="hidden" name="csrf_token" value="secretvalue">',
        b'HTTP/1.1 200 OK\r\n\r\n<input value="secretvalue" type="hidden" name="_csrf">',
        b"HTTP/1.1 200 OK\r\n\r\n<input name=csrf_token value=secretvalue>",
        b'HTTP/1.1 200 OK\r\n\r\n<input name="word" type="password" value="secretvalue">',
        b'HTTP/1.1 200 OK\r\n\r\n<meta name="csrf-token" content="secretvalue">',
        b'HTTP/1.1 200 OK\r\n\r\n{"csrf":"secretvalue","jwt":"secretvalue","csrfToken":"secretvalue"}',
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


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nCookie: a=secretvalue; b=secretvalue\r\n\r\n",
        b"GET / HTTP/1.1\r\nauthorization: Bearer secretvalue\r\n\r\n",
        b"POST / HTTP/1.1\r\nx-xsrf-token: secretvalue\r\n\r\n",
        b"POST /login?token=secretvalue HTTP/1.1\r\n\r\ncsrf_token=secretvalue&password=secretvalue&password2=secretvalue",
        b'POST /login HTTP/1.1\r\n\r\n{"csrf": "secretvalue", "password": "long, secretvalue"}',
        b'POST / HTTP/1.1\r\n\r\n--b\r\ncontent-disposition: form-data; name="csrf_token"\r\n\r\nsecretvalue\r\n--b--\r\n',
    ],
)
def test_keeps_no_secret_in_the_replay(raw):
    """A report that is passed around lets nobody in."""
    assert b"secretvalue" not in base64.b64decode(masking.replayable(raw))


def test_masks_short_passwords_too():
    """The weakest ones are the easiest to reuse."""
    assert masking.masked(b"user=anna&password=abc&day=1") == "user=anna&password=****&day=1"


def test_keeps_a_json_replay_valid():
    """The marker stands within the quotes, and what is no secret stays."""
    raw = base64.b64decode(masking.replayable(b'{"password": "a, b", "token": null, "n": 1}'))
    assert json.loads(raw) == {"password": "{{secret}}", "token": None, "n": 1}


@pytest.mark.parametrize(
    "raw",
    [
        b'<input type="text" name="day" value="monday">',
        b"compass=north&passenger=2",
        b'<label>Password: <input name="word" type="text"></label>',
    ],
)
def test_leaves_other_text_as_it_is(raw):
    """Evidence that is all stars proves nothing."""
    assert masking.masked(raw) == raw.decode()


def test_masks_a_large_answer_of_one_word_in_time():
    """Against a regular expression that an answer can keep busy."""
    for piece in (b"token", b"<input ", b'name="csrf', b"password: '", b"x-auth-", b'content-disposition: name="csrf"\r\n'):
        assert len(masking.masked(piece * (200_000 // len(piece)))) < 3 * masking.SHOWN_CHARACTERS
