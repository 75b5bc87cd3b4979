"""A tiny shop, served over TLS in a thread, on which proofs are judged: each defence can be switched off by itself.

It stands in for a stage without any copy or fork, so that a proof's judgement is tried in a fraction of a second.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ringwork.errors import TargetFailed
from ringwork.prove.check import Fault, ProbeRoute, User
from ringwork.prove.rows import Difference, Kept
from ringwork.survey.facts import AppFacts, ErrorHandlers, RouteFacts
from ringwork.survey.wire import forms
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.forge import make_authority

HOST = "shop.example"
CANARY = f"canary-{secrets.token_hex(8)}"
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shop:
    """Which defences stand. cookie: the session cookie's attributes. effect: when orders are written ("honest", "always", "never")."""

    tokens: bool = True
    spends: bool = True
    effect: str = "honest"
    cookie: str = "; Path=/; Secure; HttpOnly; SameSite=Lax"
    headers: Mapping[str, str] = dataclasses.field(default_factory=lambda: HEADERS)
    twice: str = ""
    hosts: bool = True
    echoes_host: bool = False
    shows_faults: bool = False
    reading_writes: bool = False
    obeys_override: bool = False
    constant_token: str = ""
    private_bare: bool = True


class _Stores:
    """What the shop keeps."""

    def __init__(self) -> None:
        self.orders, self.sessions, self.tokens, self.spent = list[str](), dict[str, str](), dict[str, str](), set[str]()
        self.records, self.visits = list[str](), 0

    def clear(self) -> None:
        """As at the start."""
        self.__init__()  # type: ignore[misc]  # the same fields anew


def _application(shop: Shop, stores: _Stores) -> Any:
    def who(request: Request) -> str:
        return stores.sessions.get(request.cookies.get("__Host-key") or request.cookies.get("key", ""), "")

    async def login(request: Request) -> Response:
        key = secrets.token_hex(16)
        stores.sessions[key] = request.path_params["name"]
        answer = PlainTextResponse("in")
        name = "__Host-key" if "Path=/;" in shop.cookie else "key"
        answer.headers.append("set-cookie", f"{name}={key}{shop.cookie}")
        return answer

    async def orders(request: Request) -> Response:
        name = who(request)
        if not name:
            return PlainTextResponse("who?", 401)
        if shop.reading_writes:
            stores.visits += 1
        token = shop.constant_token or secrets.token_urlsafe(32)
        stores.tokens[token] = request.headers.get("cookie", "") + name
        field = f'<input type="hidden" name="csrf_token" value="{token}">' if shop.tokens else ""
        other = secrets.token_urlsafe(32)
        leave = f'<form method="post" action="/leave"><input type="hidden" name="csrf_token" value="{other}"></form>' if shop.tokens else ""
        return HTMLResponse(f'<form method="post" action="/orders">{field}<input name="item" value="tea"></form>{leave}')

    async def order(request: Request) -> Response:
        name = who(request)
        form = await request.form()
        token = str(form.get("csrf_token", ""))
        is_right = not shop.tokens or (stores.tokens.get(token) == request.headers.get("cookie", "") + name and token not in stores.spent)
        is_honest = bool(name) and is_right
        if (shop.effect == "honest" and is_honest) or (shop.effect == "always" and name):
            stores.orders.append(str(form.get("item")))
        if shop.spends:
            stores.spent.add(token)
        if not name:
            return PlainTextResponse("who?", 401)
        return RedirectResponse("/orders", 303) if is_right or shop.effect == "never" else PlainTextResponse("no", 403)

    async def home(request: Request) -> Response:
        return HTMLResponse(f"<p>welcome to {request.headers['host'] if shop.echoes_host else HOST}</p>")

    async def plain(request: Request) -> Response:
        return PlainTextResponse("plain")

    async def bare(request: Request) -> Response:
        return PlainTextResponse("no", 403) if shop.private_bare else PlainTextResponse("bare")

    async def raises(request: Request) -> Response:
        number = secrets.token_hex(8)
        stores.records.append(f"{number}: {CANARY}")
        return PlainTextResponse(f"fault {number}" + (f" {CANARY} Traceback (most recent call last)" if shop.shows_faults else ""), 500)

    async def aborts(request: Request) -> Response:
        raise HTTPException(int(request.query_params["status"]))

    async def empty(request: Request) -> Response:
        return Response(status_code=204)

    async def moved(request: Request) -> Response:
        return RedirectResponse("/ringwork-probe/plain", 302)

    probes = {"plain": plain, "bare": bare, "raises": raises, "raises-html": raises, "raises-stream": raises, "aborts": aborts}
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/login/{name}", login),
            Route("/orders", orders),
            Route("/orders", order, methods=["POST"]),
            *(Route(f"/ringwork-probe/{name}", probe) for name, probe in {**probes, "empty": empty, "moved": moved}.items()),
        ]
    )
    return _guarded(app, shop, stores)


def _guarded(app: Any, shop: Shop, stores: _Stores) -> Any:
    """Hosts checked, headers put on every answer, an override obeyed."""

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        sent = dict(scope["headers"])
        if shop.obeys_override and b"x-http-method-override" in sent:
            stores.orders.append("deleted")
        own = [(n.encode(), v.encode()) for n, v in shop.headers.items()]
        own += [(n, v) for n, v in own if n.decode() == shop.twice]

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *own]
            await send(message)

        if shop.hosts and not re.fullmatch(rf"{HOST}(:[0-9]+)?", sent.get(b"host", b"").decode("latin-1")):
            await PlainTextResponse("not here", 421)(scope, receive, told)
        else:
            await app(scope, receive, told)

    return outer


class Stand:
    """Stage and Served in one (check.Stage, check.Served)."""

    def __init__(self, address: tuple[str, int], ca_pem: bytes, stores: _Stores, facts: AppFacts) -> None:
        self.address, self.ca_pem, self.stores, self.facts = address, ca_pem, stores, facts
        self.origin, self.canary, self.brief = f"https://{HOST}:{address[1]}", CANARY, False
        self.quick = False
        self.looked: dict[str, str] = {}
        self.users: Sequence[User] = (User(name="anna", roles=()), User(name="ben", roles=()))

    @property
    def served(self) -> Stand:
        """The one copy."""
        return self

    def client(self) -> Client:
        """A fresh browser."""
        return Client(address=self.address, server_name=HOST, ca_pem=self.ca_pem, origin=self.origin)

    def login(self, user: User) -> Client:
        """A fresh browser, signed in."""
        client = self.client()
        client.get(f"/login/{user.name}")
        return client

    def signed_in(self, user: User) -> Client:
        """The same: nothing was kept."""
        return self.login(user)

    def sign_in(self, user: User, *, query: str, fields: Mapping[str, str] | None = None) -> Answer | None:
        """The login leads nowhere, whatever is asked and sent."""
        return self.client().get(f"/login/{user.name}?{query}")

    def probe_path(self, which: ProbeRoute) -> str:
        """Where a probe stands."""
        return f"/ringwork-probe/{which.value}"

    def username(self, user: User) -> str:
        """As the shop knows them."""
        return user.name

    def kept(self, word: str) -> Sequence[Kept]:
        """Nothing: the shop keeps no rows."""
        return []

    def differences(self) -> Sequence[Difference]:
        """The stores that changed, and of none which row."""
        before, self.looked = self.looked, dict(self.state())
        names = sorted(name for name in self.looked if before and before.get(name) != self.looked[name])
        return [Difference(store=name, kind="other", cells={}, was={}) for name in names]

    def state(self) -> Mapping[str, str]:
        """Orders, sessions and visits."""
        return {"orders": repr(self.stores.orders), "sessions": repr(self.stores.sessions), "visits": str(self.stores.visits)}

    def records(self) -> Sequence[str]:
        """What was logged."""
        return list(self.stores.records)

    def reset(self) -> None:
        """As at the start."""
        self.stores.clear()

    @contextlib.contextmanager
    def serve(self, *, probes: bool = True, fault: Fault | None = None, production: bool = False) -> Iterator[Stand]:
        """There is only one copy."""
        raise TargetFailed(step="start", problem="one copy only", advice="")
        yield self

    def token(self, path: str, client: Client) -> tuple[str, str]:
        """The token of the form that posts to `path`."""
        found = [form for form in forms.forms_of(client.page("/orders").text, "/orders") if form.action == path and form.token_field]
        return (found[0].token_field, found[0].fields[found[0].token_field]) if found else ("", "")

    def fill(self, route: RouteFacts, *, client: Client | None = None) -> str:
        """No route of the shop has a parameter."""
        return route.path

    def body(self, route: RouteFacts) -> tuple[str, bytes] | None:
        """One order of tea."""
        return "application/x-www-form-urlencoded", b"item=tea"


FACTS = AppFacts(
    target="shop",
    framework="flask",
    is_wsgi=True,  # so that no socket is asked for: the shop has none
    framework_version="0",
    root="",
    routes=(
        RouteFacts(kind="http", path="/", methods=("GET",), handler="home", file="shop.py", line=1),
        RouteFacts(kind="http", path="/orders", methods=("GET",), handler="orders", file="shop.py", line=2, guarded_by=("login",)),
        RouteFacts(
            kind="http",
            path="/orders",
            methods=("POST",),
            handler="order",
            file="shop.py",
            line=3,
            guarded_by=("login_required",),
            body="form",
        ),
    ),
    error_handlers=ErrorHandlers(names=("Exception",), catch_all=True),
)


@contextlib.contextmanager
def stand(shop: Shop | None = None, facts: AppFacts = FACTS) -> Iterator[Stand]:
    """Serve a shop while the block runs."""
    stores, authority = _Stores(), make_authority()
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))  # made with its protocol named: asyncio switches Nagle off only then
        certificate, key = authority.leaf([HOST])
        (Path(folder) / "leaf.pem").write_bytes(certificate + key)
        config = uvicorn.Config(
            _application(shop or Shop(), stores),
            http="h11",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ssl_certfile=f"{folder}/leaf.pem",
            ssl_keyfile=f"{folder}/leaf.pem",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield Stand(listening.getsockname()[:2], authority.certificate_pem, stores, facts)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(5)
