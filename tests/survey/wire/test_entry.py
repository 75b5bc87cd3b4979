from __future__ import annotations

import json
from urllib.parse import parse_qs, parse_qsl

import pytest

from ringwork.errors import TargetFailed
from ringwork.survey.facts import AppFacts, ParameterFacts, RouteFacts
from ringwork.survey.wire import entry
from ringwork.survey.wire.entry import DeclaredUser, WayIn
from tests.survey.wire import serving

FORM_PAGE = (
    b'<form method="post" action="/signin"><input type="hidden" name="_csrf" value="page-token">'
    b'<input name="mail"><input type="password" name="word"></form>'
)


def _route(path, *names, methods=("POST",), where="form"):
    parameters = tuple(ParameterFacts(name=name, where=where, required=True) for name in names)
    return RouteFacts(kind="http", path=path, methods=methods, handler="h", parameters=parameters, body=where if names else "")


def _facts(*routes):
    return AppFacts(target="t", framework="fastapi", framework_version="1", root="", routes=routes)


@pytest.mark.parametrize("path", ["/login", "/auth/login", "/api/token", "/session", "/sign-in"])
def test_finds_a_login_by_its_path_and_fields(path):
    """The words that applications use."""
    way = entry.find_login(_facts(_route("/notes", "title", "password"), _route(path, "email", "password", where="json")))
    assert way is not None
    assert (way.path, way.kind, way.username_field, way.password_field) == (path, "json", "email", "password")


def test_finds_no_login_where_there_is_none():
    """A form that asks for no password is none."""
    assert entry.find_login(_facts(_route("/notes", "title"), _route("/login/history", "page"))) is None


def test_takes_the_login_before_the_register_route():
    """Both ask for a password."""
    facts = _facts(_route("/register", "email", "password"), _route("/login", "email", "password"))
    login, register = entry.find_login(facts), entry.find_register(facts)
    assert login is not None
    assert register is not None
    assert (login.path, register.path) == ("/login", "/register")


def _form_login(seen):
    """Takes anna with the page's token; answers 200 with the form once more to anything else."""
    if seen.method == "GET":
        return 200, [("content-type", "text/html")], FORM_PAGE
    sent = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
    if sent == {"_csrf": "page-token", "mail": "anna", "word": "right"}:
        return 303, [("location", "/"), ("set-cookie", "key=1; Path=/")], b""
    return 200, [("content-type", "text/html"), ("set-cookie", "seen=1; Path=/")], FORM_PAGE


FORM_WAY = WayIn(path="/signin", kind="form", username_field="username", password_field="password", page="/signin")


def test_signs_in_by_a_form_with_its_hidden_token_and_its_own_names():
    """What a browser would send unseen goes along, under the names that the page uses."""
    with serving.shop(lambda s: (200, [], b"") if s.path == "/" else _form_login(s)) as shop:
        client = shop.client()
        entry.sign_in(client, FORM_WAY, DeclaredUser(name="anna", password="right"))
        assert client.jar.get("key") is not None


def test_believes_no_login_that_shows_its_form_again():
    """Many applications answer a wrong password with 200 and even a cookie."""
    with serving.shop(_form_login) as shop, pytest.raises(TargetFailed, match="not signed in"):
        entry.sign_in(shop.client(), FORM_WAY, DeclaredUser(name="anna", password="wrong"))


def test_never_tells_the_password_in_a_failure():
    """The message goes into reports."""
    with serving.shop(_form_login) as shop, pytest.raises(TargetFailed) as caught:
        entry.sign_in(shop.client(), FORM_WAY, DeclaredUser(name="anna", password="hunter2000"))
    assert "hunter2000" not in str(caught.value)
    assert "hunter2000" not in repr(DeclaredUser(name="anna", password="hunter2000"))


def test_carries_the_token_of_a_json_login():
    """A bearer token is found where it is nested, too."""
    told = json.dumps({"data": {"access_token": "t" * 20}}).encode()
    way = WayIn(path="/token", kind="json", username_field="username", password_field="password")
    with serving.shop(lambda s: (200, [("content-type", "application/json")], told)) as shop:
        client = shop.client()
        entry.sign_in(client, way, DeclaredUser(name="anna", password="right"))
        assert client.bearer == "t" * 20
        assert json.loads(shop.last.body) == {"username": "anna", "password": "right"}


def test_uses_a_declared_token_without_any_request():
    """Machines have no login form."""
    with serving.shop() as shop:
        client = shop.client()
        assert entry.sign_in(client, FORM_WAY, DeclaredUser(name="robot", token="given")) is None
        assert (client.bearer, shop.seen) == ("given", [])


def test_registers_a_user_of_its_own_with_valid_values():
    """A mail address where one is asked for, the password twice where it is confirmed."""
    others = (
        ParameterFacts(name="password2", where="json", required=True),
        ParameterFacts(name="age", where="json", kind="integer", required=True),
    )
    way = WayIn(path="/register", kind="json", username_field="email", password_field="password", others=others)
    with serving.shop() as shop:
        user = entry.register(shop.client(), way, name="anna")
        sent = json.loads(shop.last.body)
    assert sent == {"email": user.username, "password": user.password, "password2": user.password, "age": 1}
    assert user.username.startswith("rwanna")
    assert user.username.endswith("@example.org")


REGISTRATION = b"""<form method="post" action="/join"><input type="hidden" name="_csrf" value="page-token">
<input name="contact" type="email" required><input name="nickname">
<input type="password" name="word"><input type="password" name="word_again">
<input type="date" name="born"><select name="country"><option value="se">Sweden</option></select>
<input type="checkbox" name="terms" value="yes"></form>"""


def test_registers_through_a_page_whose_fields_no_route_tells():
    """The page alone says that an address is asked for, the password twice and an agreement; the account goes by that address."""
    way = WayIn(path="/join", kind="form", username_field="username", password_field="password", page="/join")
    answers = {"GET": (200, [("content-type", "text/html")], REGISTRATION), "POST": (302, [("location", "/")], b"")}
    with serving.shop(lambda seen: answers[seen.method]) as shop:
        user = entry.register(shop.client(), way, name="anna")
        sent = dict(parse_qsl(shop.last.body.decode()))
    known = {"_csrf": "page-token", "born": "1990-04-23", "country": "se", "terms": "yes", "nickname": user.username.partition("@")[0]}
    assert sent == {**known, "contact": user.username, "word": user.password, "word_again": user.password}
    assert user.username.endswith("@example.org")


def test_says_when_a_registration_is_refused():
    """The advice names the other way."""
    way = WayIn(path="/register", kind="json", username_field="email", password_field="password")
    with serving.shop(lambda s: (403, [], b"")) as shop, pytest.raises(TargetFailed, match=r"tool\.ringwork\.prove"):
        entry.register(shop.client(), way, name="anna")


def test_sends_the_route_s_own_names_where_the_page_has_them():
    """The first text field of a page need not be the user's name."""
    page = b'<form method="post"><input name="tenant" value="t"><input name="email"><input type="password" name="password"></form>'
    way = WayIn(path="/login", kind="form", username_field="email", password_field="password", page="/login")
    answers = {"GET": (200, [("content-type", "text/html")], page), "POST": (204, [("set-cookie", "key=1; Path=/")], b"")}
    with serving.shop(lambda seen: answers[seen.method]) as shop:
        entry.sign_in(shop.client(), way, DeclaredUser(name="anna", password="right", fields={"tenant": "clinic"}))
        assert parse_qs(shop.last.body.decode()) == {"email": ["anna"], "password": ["right"], "tenant": ["clinic"]}


def test_posts_to_a_relative_action():
    """The form at /account/login posts to /account/enter."""
    page = b'<form method="post" action="enter"><input name="user"><input type="password" name="password"></form>'
    way = WayIn(path="/account/login", kind="form", username_field="user", password_field="password", page="/account/login")
    answers = {"GET": (200, [("content-type", "text/html")], page), "POST": (204, [("set-cookie", "key=1; Path=/")], b"")}
    with serving.shop(lambda seen: answers[seen.method]) as shop:
        entry.sign_in(shop.client(), way, DeclaredUser(name="anna", password="right"))
        assert shop.last.path == "/account/enter"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, [("set-cookie", "key=1; Path=/")]),
        (200, []),
        (302, [("location", "/signin?failed=1"), ("set-cookie", "flash=1; Path=/")]),
        (302, [("location", "signin"), ("set-cookie", "flash=1; Path=/")]),
    ],
    ids=["refused", "nothing changed", "back to the form", "back by a relative address"],
)
def test_believes_no_login_that_lets_nobody_in(status, headers):
    """A refusal counts as one in each of its shapes."""

    def answer(seen):
        return (200, [("content-type", "text/html")], FORM_PAGE) if seen.method == "GET" else (status, headers, b"")

    with serving.shop(answer) as shop, pytest.raises(TargetFailed, match=r"/signin answered"):
        entry.sign_in(shop.client(), FORM_WAY, DeclaredUser(name="anna", password="wrong"))


def test_signs_in_by_json_with_a_cookie():
    """A script's login leaves the session in the jar."""
    way = WayIn(path="/login", kind="json", username_field="email", password_field="password")
    with serving.shop(lambda _: (200, [("set-cookie", "key=1; Path=/; Secure; HttpOnly"), ("location", "//[")], b"{}")) as shop:
        client = shop.client()
        entry.sign_in(client, way, DeclaredUser(name="anna", username="anna@shop.example", password="right"))
        assert (client.jar.get("key") is not None, client.bearer) == (True, None)
        assert json.loads(shop.last.body)["email"] == "anna@shop.example"


def test_registers_by_a_form_and_signs_in_with_what_it_made():
    """The account is one that the login takes."""
    taken = {}

    def answer(seen):
        sent = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        if seen.path == "/register":
            taken[sent["username"]] = sent["password"]
            return 303, [("location", "/login")], b""
        is_known = seen.path == "/login" and taken.get(sent["username"]) == sent["password"]
        return (200, [("set-cookie", "key=1; Path=/")], b"in") if is_known else (401, [], b"")

    facts = _facts(_route("/register", "username", "password"), _route("/login", "username", "password"))
    register, login = entry.find_register(facts), entry.find_login(facts)
    assert register is not None
    assert login is not None
    with serving.shop(answer) as shop:
        client = shop.client()
        entry.sign_in(client, login, entry.register(shop.client(), register, name="anna"))
        assert client.jar.get("key") is not None


def test_takes_a_declared_login_s_names_from_its_route():
    """What the project leaves open the application tells."""
    way = entry.declared(_facts(_route("/in", "mail", "pwd", where="json")), path="/in")
    assert (way.kind, way.username_field, way.password_field, way.page) == ("json", "mail", "pwd", "")
    custom = entry.declared(_facts(), path="/in", kind="form", username_field="who")
    assert (custom.kind, custom.username_field, custom.password_field) == ("form", "who", "password")


def test_fills_what_a_registration_asks_for_from_the_facts():
    """A choice, an example or an address where the route names one, and the token that comes back is kept."""
    others = (
        ParameterFacts(name="plan", where="json", required=True, choices=("free", "paid")),
        ParameterFacts(name="city", where="json", required=True, example="Graz"),
        ParameterFacts(name="email", where="json"),
        ParameterFacts(name="nick", where="json"),
    )
    way = WayIn(path="/register", kind="json", username_field="username", password_field="password", others=others)
    told = json.dumps({"token": "t" * 20}).encode()
    with serving.shop(lambda _: (201, [("content-type", "application/json")], told)) as shop:
        client = shop.client()
        user = entry.register(client, way, name="anna")
        sent = json.loads(shop.last.body)
    assert sent == {
        "username": user.username,
        "password": user.password,
        "plan": "free",
        "city": "Graz",
        "email": f"{user.username}@example.org",
    }
    assert client.bearer == "t" * 20
