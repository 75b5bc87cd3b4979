"""Who is asking by what an application has already: a function of the request, and the session of aiohttp-session."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import Any

import aiohttp_session
import flask
import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from ringwork import Principal, identify
from ringwork.policy import known_by
from ringwork.policy.known_by import KnownBy
from ringwork.principal import Via


def asked(way: Any, request: object = None) -> Principal | None:
    """What a way to identify answers, waited for where it has to be."""
    found = way(request)
    return asyncio.run(found) if asyncio.iscoroutine(found) else found


def row(**fields: str) -> sqlite3.Row:
    """A row as sqlite3 hands it out."""
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    try:
        found: sqlite3.Row = db.execute("SELECT " + ", ".join(f"? AS {name}" for name in fields), [*fields.values()]).fetchone()
        return found
    finally:
        db.close()


@pytest.mark.parametrize("user", ["ann", {"id": "ann"}, {"sub": "ann"}, Principal(id="ann")])
def test_takes_who_a_function_of_the_request_returns(user: object) -> None:
    """Texts, mappings and principals name somebody, whether the function waits or not."""

    async def waits(request: object) -> object:
        return user

    for way in (identify.of_request(lambda request: user), identify.of_request(waits)):
        found = asked(way)
        assert found is not None
        assert found.id == "ann"


@pytest.mark.parametrize("given", [True, 7.5, b"ann", None, object(), ""])
def test_takes_no_value_for_an_id_that_names_nobody(given: Any) -> None:
    """Against `id=True`, by which everybody would be one person: what is no text and no number says what to write instead."""
    with pytest.raises(ValueError, match=r"write id=str\(\.\.\.\), and return None for nobody|needs a non-empty id"):
        Principal(id=given)


def test_reads_a_row_of_a_database() -> None:
    """A row has keys and is no mapping; its id and its role are read by name."""
    known = KnownBy(function="app:user", id="name", roles="role", via="bearer")
    found = asked(identify.from_settings(known, lambda request: row(name="ann", role="admin")))
    assert found == Principal(id="ann", roles=frozenset({"admin"}), via=Via.BEARER)
    assert asked(identify.of_request(lambda request: row(id="7"))) == Principal(id="7")


def test_takes_nobody_for_nobody_and_a_user_without_an_id_for_a_mistake() -> None:
    """None is nobody; what names nobody and is somebody all the same refuses the request."""
    assert asked(identify.of_request(lambda request: None)) is None
    with pytest.raises(TypeError, match="has no id"):
        asked(identify.of_request(lambda request: object()))


def request_with(storage: aiohttp_session.AbstractStorage, session: Mapping[str, Any]) -> Any:
    """A request behind aiohttp-session's middleware, with this session."""
    request = make_mocked_request("GET", "/")
    request[aiohttp_session.STORAGE_KEY] = storage
    request[aiohttp_session.SESSION_KEY] = aiohttp_session.Session(None, data={"session": dict(session)}, new=False)
    return request


class Kept(aiohttp_session.AbstractStorage):
    """A storage on a server, as the library asks for one."""

    async def load_session(self, request: Any) -> Any:
        """Not asked for: the session is there."""

    async def save_session(self, request: Any, response: Any, session: Any) -> None:
        """Nothing is saved."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_takes_who_the_session_of_aiohttp_session_names() -> None:
    """The key of the application's own login names the user; without it nobody is asking."""
    way = identify.aiohttp_session("user", roles=lambda session: session.get("roles", ()))
    assert asked(way, request_with(Kept(), {"user": 7, "roles": ["admin"]})) == Principal(id="7", roles=frozenset({"admin"}))
    assert asked(way, request_with(Kept(), {})) is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_refuses_a_session_that_its_sender_writes() -> None:
    """SimpleCookieStorage signs nothing: whoever sends the cookie says who he is."""
    with pytest.raises(TypeError, match="EncryptedCookieStorage"):
        asked(identify.aiohttp_session("user"), request_with(aiohttp_session.SimpleCookieStorage(), {"user": "root"}))


def test_takes_who_flask_s_session_names() -> None:
    """The key of the application's own login names the user; a record under it names nobody that stays the same."""
    app = flask.Flask(__name__)
    app.secret_key = "k" * 32
    way = identify.flask_session("user", roles=lambda session: session.get("roles", ()))
    with app.test_request_context():
        assert way(flask.request) is None
        flask.session.update({"user": 7, "roles": ["admin"]})
        assert way(flask.request) == Principal(id="7", roles=frozenset({"admin"}))
        flask.session["user"] = {"id": 7}
        with pytest.raises(TypeError, match="keeps a dict"):
            way(flask.request)
        for left in ("", False):  # by a logout
            flask.session["user"] = left
            assert way(flask.request) is None
        flask.session["user"] = True
        with pytest.raises(TypeError, match="no id"):
            way(flask.request)


def test_reads_the_one_bearer_line_of_an_aiohttp_request() -> None:
    """aiohttp's headers have another word for all values; two lines are nobody's there too."""
    way = identify.bearer({"good": "ann"}.get)
    one, two = (
        CIMultiDict([("Authorization", "Bearer good")]),
        CIMultiDict([("Authorization", "Bearer good"), ("Authorization", "Bearer x")]),
    )
    found = asked(way, make_mocked_request("GET", "/", headers=one))
    assert found is not None
    assert (found.id, found.via) == ("ann", Via.BEARER)
    assert asked(way, make_mocked_request("GET", "/", headers=two)) is None


def test_says_how_settings_name_who_is_asking() -> None:
    """One way alone, each with what it can be told."""
    assert not known_by.faults(KnownBy(function="app:user", id="name"))
    assert not known_by.faults(KnownBy(aiohttp_session="user"))
    assert not known_by.faults(KnownBy(flask_session="user"))
    assert "name one of" in known_by.faults(KnownBy(function="app:user", flask_login=True))[0]
    assert "roles" in known_by.faults(KnownBy(aiohttp_session="user", roles="role"))[0]
    assert 'no "module:name"' in known_by.faults(KnownBy(function="app"))[0]
