"""One request and one answer, in one shape for every framework."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

ORIGIN = "https://clinic.example"


@dataclasses.dataclass(frozen=True, slots=True)
class Sending:
    """One request as it goes over the wire.

    target: path and query as written in the request line. pieces: the body in pieces, or None for no body at all.
    leaves: the client is gone once its pieces are sent. stalls: it sends its pieces and then nothing, and waits.
    hears: how many pieces of the answer it waits for before it goes, 0 for all.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[bytes, ...] | None = None
    scheme: str = "https"
    peer: str = "127.0.0.1"
    leaves: bool = False
    stalls: bool = False
    hears: int = 0

    @property
    def path(self) -> str:
        """The target without its query, still escaped."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    def named(self, name: str) -> str | None:
        """The value of a header of the request, or None."""
        return next((value for found, value in self.headers if found.lower() == name), None)


class Reply:
    """An answer: status, all headers in lower case and in order, body. ends: whether its end was sent."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]], body: bytes, *, ends: bool = True) -> None:
        self.status, self.body, self.ends = status, body, ends
        self.headers = [(name.lower(), value) for name, value in headers]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for found, value in self.headers if found == name]


NOTHING = Reply(0, (), b"", ends=False)
"""What a client gets whose request was never answered."""

BARE = Reply(500, (), b"Internal Server Error")
"""What a server sends by itself when the application raised before it answered: it has no header of ours."""


def sending(
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    *,
    host: str = "clinic.example",
    pieces: tuple[bytes, ...] | None = None,
    **more: object,
) -> Sending:
    """A request with what every client adds. pieces: a body without a length, as chunked encoding brings it."""
    given = [*headers]
    names = {name.lower() for name, _ in given}
    if "host" not in names and host:
        given.insert(0, ("Host", host))
    if pieces is not None and not names & {"transfer-encoding", "content-length"}:
        given.append(("Transfer-Encoding", "chunked"))
    if pieces is None and (body is not None or method in {"POST", "PUT", "PATCH"}):
        pieces = (body or b"",)
        if "content-length" not in names:
            given.append(("Content-Length", str(len(body or b""))))
    return Sending(method, target, tuple(given), pieces, **more)  # type: ignore[arg-type]  # scheme, peer, leaves, stalls, hears
