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


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nCookie: theme=dark; session=secret+value%2F1\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: Bearer secret+value%2F1\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\nname=anna&password=secret+value%2F1",
        b"POST / HTTP/1.1\r\nx-api-key: secret+value%2F1\r\n\r\n",
    ],
)
@pytest.mark.parametrize("echo", [b"secret+value%2F1", b"secret value/1", b"secret%20value%2F1"])
def test_masks_a_secret_that_the_answer_repeats(request_, echo):
    """A page that shows the headers it got, or quotes a form, does not carry them into a report, as they were sent or decoded."""
    answer = b'HTTP/1.1 200 OK\r\n\r\n{"got": ["name=' + echo + b'; more"], "status": "seen"}'
    sent, got = masking.exchanged(request_, answer)
    for form in ("secret+value%2F1", "secret value/1", "secret%20value%2F1"):
        assert form not in sent + got
    assert '"status": "seen"' in got


def test_masks_a_session_that_an_answer_both_sets_and_shows():
    """The cookie of the login stands in no link of the page that follows."""
    _, got = masking.exchanged(
        b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nset-cookie: s=longsecretvalue; Path=/\r\n\r\n/next?sid=longsecretvalue"
    )
    assert "longsecretvalue" not in got
    assert "set-cookie: s=****; Path=/" in got


def test_a_short_value_does_not_blot_out_an_answer():
    """A cookie of a letter is masked where it is sent, and words that hold the letter stay."""
    _, got = masking.exchanged(b"GET / HTTP/1.1\r\nCookie: a=1; b=on\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nconfirmed 1 of 10")
    assert got.endswith("confirmed 1 of 10")


def test_what_the_target_told_is_masked_wherever_it_stands(monkeypatch):
    """Against a report with the passwords of a table: of a page that shows them, of an injection; a plain word stays readable."""
    monkeypatch.setattr(masking, "_LEARNT", set())
    request, answer = b"GET /me HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nhello mia: Zebra&Crossing-47, your word is elephants"
    assert "Zebra&Crossing-47" in masking.exchanged(request, answer)[1]
    masking.learn(["Zebra&Crossing-47", "elephants", "short", ""])
    for shown in (answer, b"<p>Zebra&amp;Crossing-47 elephants", b"/next?w=Zebra%26Crossing-47&x=elephants"):
        text = masking.exchanged(request, shown)[1]
        assert "Crossing" not in text
        assert "elephants" in text


def test_what_the_target_told_stands_in_no_request_for_another_day(monkeypatch):
    """Against a key that evidence hides and that stands in base64 beside it; what nobody told stays."""
    monkeypatch.setattr(masking, "_LEARNT", set())
    raw = b"POST /of/k3y-of-mia-99 HTTP/1.1\r\nX-Client: k3y-of-mia-99\r\n\r\npw=k3y-of-mia-99&title=of+all"
    assert base64.b64decode(masking.replayable(raw)) == raw
    masking.learn(["k3y-of-mia-99"])
    again = base64.b64decode(masking.replayable(raw))
    assert again == b"POST /of/{{secret}} HTTP/1.1\r\nX-Client: {{secret}}\r\n\r\npw={{secret}}&title=of+all"


def test_a_key_in_a_header_of_whatever_name_is_masked():
    """As those that a door beside the login asks for."""
    for name in ("x-client-key", "x-access-key", "x-service-token", "api-key", "access-token"):
        raw = f"GET / HTTP/1.1\r\n{name}: KEYacme-77aa88\r\n\r\n".encode()
        assert "KEYacme" not in masking.masked(raw)
        assert b"KEYacme" not in base64.b64decode(masking.replayable(raw))
