"""Where a path's parameters lead: to what the pages link, and to no other route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ringwork.prove import pages
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer


class Browser:
    """A stand-in client: every page holds the same links."""

    def __init__(self, links: Sequence[str]) -> None:
        self.body = "".join(f'<a href="{link}">x</a>' for link in links).encode()

    def page(self, path: str) -> Answer:
        """Any page."""
        return Answer(
            status=200, reason="", http_version="1.1", headers=[(b"content-type", b"text/html")], body=self.body, request=b"", answer=b""
        )


def route(path: str) -> RouteFacts:
    return RouteFacts(kind="http", path=path, methods=("GET",), handler="shop.view")


def test_fills_a_path_with_what_is_linked() -> None:
    """The first link of the route's form, and not one that leads to a route of its own."""
    routes = [route("/"), route("/admin/login/"), route("/admin/{app_label}/")]
    seen: Any = Browser(["/admin/login/", "/admin/notes/"])
    assert pages.fill(routes[2], pages.Pages(seen, routes)) == "/admin/notes/"
    alone: Any = Browser(["/admin/login/"])
    assert pages.fill(routes[2], pages.Pages(alone, routes)) != "/admin/login/"
