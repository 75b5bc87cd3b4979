"""The attacking client: raw HTTP/1.1 over TLS on loopback, with a browser's cookie and header rules, so that an attack is a real one."""

from __future__ import annotations

import json
import socket as sockets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from ringwork.survey.wire import connection, masking, websocket
from ringwork.survey.wire.carried import Carried
from ringwork.survey.wire.connection import ClosedError, Place, WireError
from ringwork.survey.wire.jar import Jar, Reach
from ringwork.survey.wire.waiting import Waits

Headers = Iterable[tuple[str, str]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
EVIL = "https://evil.invalid"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. headers: lower-case names, in order. request, answer: the raw bytes of both."""

    status: int
    reason: str
    http_version: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    request: bytes
    answer: bytes

    def header(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        wanted = name.lower().encode("ascii")
        return [value.decode("latin-1") for found, value in self.headers if found == wanted]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def media_type(self) -> str:
        """The type of the body without parameters, lower case."""
        return (self.header("content-type") or [""])[0].partition(";")[0].strip().lower()

    def as_text(self) -> tuple[str, str]:
        """Request and answer for evidence, secrets masked."""
        return masking.exchanged(self.request, self.answer)

    def replay(self) -> str:
        """The request for `ringwork replay`."""
        return masking.replayable(self.request)


def _over(given: Headers, made: Headers) -> list[tuple[str, str]]:
    """The made headers that no given one replaces, and the given ones."""
    wanted = list(given)
    names = {name.lower() for name, _ in wanted}
    return [*(pair for pair in made if pair[0] not in names), *wanted]


class Client:
    """One browser with its cookie jar, on one copy.

    origin: the copy's canonical origin, "https://clinic.example:4443"; its host is spoken in SNI, Host and Origin.
    source: the 127/8 address it comes from. bearer: a token that the site's own script adds, cookies or not, when there is one.
    carried: further headers of its login. waits: what is known of slow pages, None where each is asked however slow it is.
    """

    def __init__(self, *, address: tuple[str, int], server_name: str, ca_pem: bytes | None, origin: str, source: str = "127.0.0.1") -> None:
        self._kept: sockets.socket | None = None
        self.place = Place(address=address, server_name=server_name, ca_pem=ca_pem, source=source)
        self.origin = origin
        self.host = urlsplit(origin).netloc
        self.jar = Jar()
        self.bearer: str | None = None
        self.carried: tuple[Carried, ...] = ()
        self.extra_headers: list[tuple[str, str]] = []
        self.waits: Waits | None = None

    def fork(self) -> Client:
        """Another browser window of the same user: the same cookies, a connection of its own."""
        made = self.stranger()
        made.take_login(self)
        made.extra_headers = list(self.extra_headers)
        return made

    def take_login(self, other: Client) -> None:
        """Be known as `other` is: its cookies, its token and what it carries besides."""
        self.jar, self.bearer, self.carried = other.jar.copy(), other.bearer, other.carried

    def drop_login(self) -> None:
        """Be nobody: no cookie, no token, nothing carried."""
        self.jar.cookies.clear()
        self.bearer, self.carried = None, ()

    def letters(self, path: str) -> list[tuple[str, str]]:
        """The headers by which it is known at a path, cookies apart."""
        found = [(one.name, one.value) for one in self.carried if one.is_asked(path)]
        own = [("authorization", f"Bearer {self.bearer}")] if self.bearer and not any(name == "authorization" for name, _ in found) else []
        return [*found, *own]

    @property
    def is_scripted(self) -> bool:
        """Whether it is known by what a script or a tool sends, and by nothing that a browser attaches to a foreign page's request."""
        return bool(self.bearer) or not self.jar.cookies

    def stranger(self, *, source: str = "") -> Client:
        """A fresh browser on the same copy, from the same address, or from `source`, another of 127.0.0.0/8."""
        made = Client(
            address=self.place.address,
            server_name=self.place.server_name,
            ca_pem=self.place.ca_pem,
            origin=self.origin,
            source=source or self.place.source,
        )
        made.waits = self.waits
        return made

    def close(self) -> None:
        """Drop the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def __del__(self) -> None:
        self.close()

    # -- what an honest browser sends -----------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        cookies: bool = True,
        host: str | None = None,
        same_origin: bool = True,
        fetch_metadata: bool = True,
    ) -> Answer:
        """A request of the site's own page. same_origin False leaves Origin and Sec-Fetch-* out (curl). `headers` win over defaults."""
        given = list(headers)
        honest = self._honest(method, given, fetch_metadata=fetch_metadata) if same_origin else []
        credentials = self._credentials(path, Reach.SAME_SITE) if cookies else []
        return self._request(method, path, [*credentials, *honest], given, body, host)

    def get(self, path: str, **more: Any) -> Answer:
        """GET, as following a link on the site."""
        return self.send("GET", path, **more)

    def page(self, path: str, **more: Any) -> Answer:
        """GET as a browser loads a page: it accepts HTML first."""
        return self.send("GET", path, **{"headers": [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")], **more})

    def post_form(self, path: str, fields: Mapping[str, str], **more: Any) -> Answer:
        """A form of the site's own page."""
        headers = _over(more.pop("headers", ()), [("content-type", FORM), ("accept", "text/html,*/*;q=0.8")])
        return self.send("POST", path, headers=headers, body=urlencode(fields).encode(), **more)

    def post_json(self, path: str, value: Any, **more: Any) -> Answer:
        """JSON from the site's own script."""
        headers = _over(more.pop("headers", ()), [("content-type", "application/json")])
        return self.send("POST", path, headers=headers, body=json.dumps(value).encode(), **more)

    def follow(self, answer: Answer) -> Answer:
        """Go where a redirect on the same host leads, at most five times."""
        for _ in range(5):
            target = self.led_to(answer)
            if answer.status not in {301, 302, 303, 307, 308} or not target:
                return answer
            answer = self.page(target)
        return answer

    def led_to(self, answer: Answer) -> str:
        """The path and query on this host that Location names, seen from the page that was asked; "" for none."""
        asked = answer.request.partition(b" ")[2].partition(b" ")[0].decode("latin-1")
        location = (answer.header("location") or [""])[0]
        try:
            parts = urlsplit(urljoin(self.origin + asked, location))
        except ValueError:  # no address at all, such as "//["
            return ""
        if not location or parts.netloc != self.host:
            return ""
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    # -- what a foreign page makes it send ------------------------------------------------------------

    def cross_site(
        self,
        method: str,
        path: str,
        *,
        content_type: str = "",
        body: bytes = b"",
        headers: Headers = (),
        initiator: str = EVIL,
        mode: str = "navigate",
        obey_samesite: bool = True,
        fetch_metadata: bool = True,
    ) -> Answer:
        """What a victim's browser sends when a page of `initiator` makes it. mode: navigate (form, link), no-cors or cors."""
        navigation = mode == "navigate" and method in SAFE
        reach = Reach.SAME_SITE if not obey_samesite else Reach.CROSS_SITE_NAVIGATION if navigation else Reach.CROSS_SITE
        return self._foreign(
            method, path, content_type, body, headers, initiator, mode, reach=reach, site="cross-site", metadata=fetch_metadata
        )

    def same_site(self, method: str, path: str, *, content_type: str = "", body: bytes = b"", fetch_metadata: bool = True) -> Answer:
        """What a page of a sibling host that an attacker holds makes it send: SameSite cookies are attached."""
        sibling = f"{urlsplit(self.origin).scheme}://evil.{self._name}"
        return self._foreign(
            method, path, content_type, body, (), sibling, "navigate", reach=Reach.SAME_SITE, site="same-site", metadata=fetch_metadata
        )

    def _foreign(
        self,
        method: str,
        path: str,
        content_type: str,
        body: bytes,
        headers: Headers,
        initiator: str,
        mode: str,
        *,
        reach: Reach,
        site: str,
        metadata: bool,
    ) -> Answer:
        sent = [("accept", "text/html,*/*;q=0.8")]
        if content_type:
            sent.append(("content-type", content_type))
        if method not in SAFE or mode == "cors":
            sent.append(("origin", initiator))
        if initiator != "null":  # a sandboxed frame names no page
            sent.append(("referer", initiator + "/"))
        if metadata:
            destination = "document" if mode == "navigate" else "empty" if mode == "cors" else "script"
            sent += [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)]
        # Only what a browser attaches by itself: a bearer token is the page's own script's to send, never a foreign page's.
        cookie = self.jar.header(host=self._name, path=path.partition("?")[0], secure=self._secure, reach=reach)
        return self._request(method, path, [("cookie", cookie)] if cookie else [], _over(headers, sent), body, None)

    # -- anything at all ------------------------------------------------------------------------------

    def raw(self, request: bytes) -> Answer:
        """Exactly these bytes on a fresh connection. Raises WireError when no answer comes."""
        with connection.connect(self.place) as sock:
            return self._answer(request, connection.exchange(sock, request, method=request.partition(b" ")[0].decode("latin-1")), "/")

    def pour(self, head: bytes, pieces: Iterable[bytes]) -> tuple[Answer | None, int]:
        """A request whose body goes out piece by piece until an answer comes. An empty piece is a pause in which one may come.

        Returns the answer, None where the connection was just closed, and how many bytes were poured.
        """
        with connection.connect(self.place) as sock:
            parsed, poured = connection.pour(sock, head, pieces, method=head.partition(b" ")[0].decode("latin-1"))
        return (None if parsed is None else self._answer(head, parsed, "/")), poured

    def socket(
        self,
        path: str,
        *,
        origin: str | None = None,
        cookies: bool = True,
        reach: Reach = Reach.SAME_SITE,
        listen_seconds: float = 1.0,
        headers: Headers = (),
    ) -> websocket.SocketAnswer:
        """A WebSocket handshake, as the site's own page unless `origin` and `reach` say otherwise, and what comes within a second."""
        sent = [("host", self.host), ("origin", origin if origin is not None else self.origin), *headers]
        if cookies:
            sent += self._credentials(path, reach)
        return websocket.open_socket(self.place, path, sent, listen_seconds=listen_seconds)

    def masked(self, answer: Answer) -> tuple[str, str]:
        """Request and answer for evidence, secrets masked."""
        return answer.as_text()

    # -- inside ---------------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return urlsplit(self.origin).hostname or ""

    @property
    def _secure(self) -> bool:
        return self.origin.startswith("https://")

    def _honest(self, method: str, given: list[tuple[str, str]], *, fetch_metadata: bool) -> list[tuple[str, str]]:
        names = {name.lower() for name, _ in given}
        page = any(name.lower() == "accept" and value.startswith("text/html") for name, value in given)
        # A form of the site's own page names both; Flask-WTF asks for the second over https, and refuses a login without it.
        honest = [("origin", self.origin), ("referer", f"{self.origin}/")] if method not in SAFE else []
        if "origin" in names:
            honest = []
        if fetch_metadata:
            mode, destination = ("navigate", "document") if page else ("cors", "empty")
            honest += [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)]
        return [(name, value) for name, value in honest if name not in names]

    def _credentials(self, path: str, reach: Reach) -> list[tuple[str, str]]:
        found = self.letters(path)
        cookie = self.jar.header(host=self._name, path=path.partition("?")[0], secure=self._secure, reach=reach)
        return [*found, ("cookie", cookie)] if cookie else found

    def _request(
        self, method: str, path: str, made: list[tuple[str, str]], given: list[tuple[str, str]], body: bytes, host: str | None
    ) -> Answer:
        names = {name.lower() for name, _ in given}
        headers = [
            *(pair for pair in [("host", self.host if host is None else host), *made] if pair[0] not in names),
            *given,
            *self.extra_headers,
        ]
        if "accept" not in names:
            headers.append(("accept", "application/json, */*;q=0.5"))
        if (body or method not in SAFE) and not names & {"content-length", "transfer-encoding"}:
            headers.append(("content-length", str(len(body))))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
        request = "\r\n".join(lines).encode("utf-8", "surrogateescape") + body
        return self._answer(request, self._waited(request, method, path), path)

    def _waited(self, request: bytes, method: str, path: str) -> connection.Parsed:
        """The answer, and how long it took where somebody counts; raises SlowError for a page that was slow too often."""
        if self.waits is None:
            return self._over_kept(request, method)
        self.waits.require(method, path)
        began = time.monotonic()
        try:
            return self._over_kept(request, method)
        finally:
            self.waits.note(method, path, time.monotonic() - began)

    def _over_kept(self, request: bytes, method: str) -> connection.Parsed:
        """Over the kept connection where it still lives, else over a new one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                return self._keep(kept, connection.exchange(kept, request, method=method))
            except ClosedError:
                kept.close()  # the server had closed it in the meantime
            except WireError:
                kept.close()  # it was at work on the request, so a second one would do the deed twice
                raise
        fresh = connection.connect(self.place)
        try:
            return self._keep(fresh, connection.exchange(fresh, request, method=method))
        except WireError:
            fresh.close()
            raise

    def _keep(self, sock: sockets.socket, parsed: connection.Parsed) -> connection.Parsed:
        if parsed.reusable:
            self._kept = sock
        else:
            sock.close()
        return parsed

    def _answer(self, request: bytes, parsed: connection.Parsed, path: str) -> Answer:
        for name, value in parsed.headers:
            if name == b"set-cookie":
                self.jar.take(value.decode("latin-1"), host=self._name, path=path.partition("?")[0], secure=self._secure)
        return Answer(
            status=parsed.status,
            reason=parsed.reason,
            http_version=parsed.version,
            headers=parsed.headers,
            body=parsed.body,
            request=request,
            answer=parsed.raw,
        )
