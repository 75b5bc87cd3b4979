"""Browsers of people who use the clinic, over each framework's own test client or one of WSGI."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from starlette.testclient import TestClient

from examples.clinic import desk, fastapi_app, flask_app, sample
from examples.clinic.policy import ORIGIN
from tests.examples import apart

PASSWORDS = {person.username: person.password for person in sample.PEOPLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer, as both test clients give it."""

    status: int
    text: str
    headers: Mapping[str, str]
    json: Callable[[], Any]


class Browser:
    """A person's browser: keeps cookies, says where it comes from, takes tokens out of the page that holds the form."""

    def __init__(self, send: Callable[..., Page]) -> None:
        self._send = send

    def get(self, path: str, **headers: str) -> Page:
        return self._send("GET", path, {"accept": "text/html", "sec-fetch-site": "same-origin", **headers}, {})

    def json(self, method: str, path: str, body: object = None) -> Page:
        body = {} if body is None else {"json": body}
        return self._send(method, path, {"origin": ORIGIN, "sec-fetch-site": "same-origin", "accept": "application/json"}, body)

    def submit(self, path: str, fields: Mapping[str, str]) -> Page:
        headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "accept": "text/html"}
        return self._send("POST", path, headers, {"data": dict(fields)})

    def fill(self, page: str, action: str, **fields: str) -> Page:
        """Open `page`, fill the form whose action is `action`, send it."""
        form = Forms(self.get(page).text).of(action)
        return self.submit(action, {**form, **fields})

    def sign_in(self, username: str) -> None:
        answer = self.fill("/login", "/login", username=username, password=PASSWORDS[username])
        assert (answer.status, answer.headers["location"]) == (303, "/")


class Forms(HTMLParser):
    """The forms of a page: for each action the fields a browser would send untouched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._forms: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] = {}
        self._select: str | None = None
        self.feed(html)

    def of(self, action: str) -> dict[str, str]:
        assert action in self._forms, f"no form to {action}, only to {sorted(self._forms)}"
        return self._forms[action]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self._forms.setdefault(given["action"], {})
        elif tag == "input" and "name" in given:
            self._open[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select:
            self._open.setdefault(self._select, given["value"])


def on_fastapi() -> Iterator[Callable[[], Browser]]:
    """Browsers that talk to the FastAPI application."""
    with TestClient(fastapi_app.app, base_url=ORIGIN) as started:

        def open_browser() -> Browser:
            client = TestClient(fastapi_app.app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
            client.portal = started.portal

            def send(method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Page:
                answer = client.request(method, path, headers=headers, **body)
                return Page(status=answer.status_code, text=answer.text, headers=answer.headers, json=answer.json)

            return Browser(send)

        yield open_browser


def on_flask() -> Iterator[Callable[[], Browser]]:
    """Browsers that talk to the Flask application."""

    def open_browser() -> Browser:
        client = flask_app.app.test_client()

        def send(method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Page:
            with client.open(path, method=method, headers=headers, base_url=ORIGIN, **body) as answer:
                text = answer.get_data(as_text=True)
            return Page(
                status=answer.status_code,
                text=text,
                headers={name.lower(): value for name, value in answer.headers},
                json=lambda: json.loads(text),
            )

        return Browser(send)

    yield open_browser


def on_django() -> Iterator[Callable[[], Browser]]:
    """Browsers that talk to the Django application, whose database is the one that the test looks into."""
    clinic = apart.django()

    def open_browser() -> Browser:
        clinic.browsers = number = clinic.browsers + 1

        def send(method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Page:
            now = desk.STORE.seconds()
            status, text, given = clinic.send(number, now, path, method=method, headers=headers, base_url=ORIGIN, **body)
            return Page(status=status, text=text, headers=given, json=lambda: json.loads(text))

        return Browser(send)

    yield open_browser
