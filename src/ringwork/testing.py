"""For an application's own test suite: a test client that says, as a browser does, which page its requests come from."""

from __future__ import annotations

from typing import Any, TypeVar

C = TypeVar("C")


def as_browser(client: C, *, origin: str = "http://localhost") -> C:
    """The same client, with `Origin` on every request. client: Flask's test client, or Starlette's TestClient.

    origin: what a browser would send: the policy's own where one is set, else the client's base address.
    """
    told: Any = client
    if hasattr(told, "environ_base"):
        told.environ_base["HTTP_ORIGIN"] = origin
    elif hasattr(told, "headers"):
        told.headers["origin"] = origin
    else:
        raise TypeError(f"as_browser() takes a test client of Flask or Starlette, not {type(client).__name__}")
    return client
