"""Limits hold in each framework: for pages, logins, signed-in users, missing pages, sockets, and while the shared store is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, Secret, public, rate_limited, requires
from ringwork.clock import FixedClock
from ringwork.enforce.network.rate_limiting import RateClass, RateLimitingSettings
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.errors import PolicyInvalid
from ringwork.protect import installed
from tests.frameworks import hosts
from tests.frameworks.hosts import cookies_of
from tests.frameworks.ways import Answer, Asked, Socket, Way, Ways
from tests.stores import redis_server

ORIGIN = "https://clinic.example"
OPEN = public("a test")
CONTROL = "network.rate-limiting"
SETTINGS = RateLimitingSettings(
    arriving=("30 per minute",),
    classes=(
        RateClass(name="default", by_address=("4 per minute",), by_principal=("6 per minute",)),
        RateClass(name="login", by_address=("8 per minute",), by_account=("2 per minute",), when_down="refuse"),
        RateClass(name="expensive", by_address=("1 per minute",)),
    ),
)


def ways(tried: list[str]) -> Ways:
    """Pages, a login, and routes with a class of their own. tried: the accounts whose password was looked at."""

    def fine(asked: Asked) -> Answer:
        return Answer("fine")

    def login(asked: Asked) -> Answer:
        tried.append(asked.form["username"])
        right = asked.form.get("password") == "right"
        return Answer("welcome" if right else "no", 200 if right else 401)

    return (
        Way("/page", fine, OPEN),
        Way("/login", login, OPEN, ("POST",), "form"),
        Way("/who", fine, requires()),
        Way("/costly", fine, OPEN, marks=(rate_limited("expensive"),)),
        Way("/health", fine, OPEN, marks=(rate_limited("none", reason="asked by the balancer"),)),
        Socket("/live", lambda: None, OPEN),
    )


def identify(request: Any) -> Principal | None:
    name = cookies_of(request).get("user")
    return Principal(id=name) if name else None


class Host(hosts.Host):
    """One guarded application, asked from any address."""

    def __init__(self, framework: str, **fields: Any) -> None:
        self.tried = list[str]()
        self.clock = FixedClock()
        given = {"identify": identify, "clock": self.clock, "rate_limiting": SETTINGS}
        super().__init__(framework, hosts.builds(framework, lambda effects: ways(self.tried)), **{**given, **fields})

    def get(
        self,
        method: str,
        path: str,
        *,
        peer: str = "203.0.113.9",
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str]]:
        """Status and headers."""
        sent = dict(headers or {})
        body = None
        if form is not None:
            sent["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form).encode()
        answer = self.ask(method, path, sent, body, peer=peer)
        return answer.status, {name.title(): value for name, value in answer.headers}

    def login(self, username: str, *, peer: str = "203.0.113.9", password: str = "wrong", headers: dict[str, str] | None = None) -> int:
        """One try to sign in."""
        return self.get("POST", "/login", peer=peer, headers=headers, form={"username": username, "password": password})[0]

    @property
    def reasons(self) -> list[str]:
        """Reasons of this control's events."""
        return [event.reason for event in self.events if event.control == CONTROL]


@pytest.fixture(params=hosts.FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_refuses_a_client_that_is_too_fast_and_serves_the_next(framework: str) -> None:
    """One more than the limit is 429 with Retry-After and one event; another address is served; time gives back."""
    host = Host(framework)
    assert [host.get("GET", "/page")[0] for _ in range(4)] == [200] * 4
    status, headers = host.get("GET", "/page")
    assert (status, headers["Retry-After"], host.reasons) == (429, "15", ["address-over-limit"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert host.get("GET", "/page", peer="203.0.113.10")[0] == 200
    host.clock.advance(15)
    assert host.get("GET", "/page")[0] == 200


def test_counts_what_no_route_answers(framework: str) -> None:
    """A scanner that asks for missing pages is stopped before routing."""
    host = Host(framework)
    statuses = [host.get("GET", f"/missing{i}")[0] for i in range(31)]
    assert statuses == [404] * 30 + [429]
    assert host.reasons == ["arriving-too-fast"]


def test_counts_a_signed_in_user_over_all_addresses(framework: str) -> None:
    """The user's pace is his own, and his office keeps its pages."""
    host = Host(framework)
    statuses = [host.get("GET", "/who", peer=f"203.0.113.{i}", headers={"Cookie": "__Host-user=ada"})[0] for i in range(7)]
    assert statuses == [200] * 6 + [429]
    assert host.get("GET", "/who", peer="203.0.113.0", headers={"Cookie": "__Host-user=ben"})[0] == 200
    assert host.get("GET", "/page", peer="203.0.113.0")[0] == 200


def test_counts_a_refused_visitor(framework: str) -> None:
    """Whoever may not enter a route is counted for trying."""
    host = Host(framework)
    assert [host.get("GET", "/who")[0] for _ in range(5)] == [401] * 4 + [429]


def test_stops_guessing_at_one_account_from_everywhere(framework: str) -> None:
    """The third password is not even looked at, whichever address it comes from; another account goes on."""
    host = Host(framework)
    statuses = [host.login("ada", peer=f"198.51.100.{i}") for i in range(3)]
    assert statuses == [401, 401, 429]
    assert host.tried == ["ada", "ada"]
    assert host.login("Ada ", peer="198.51.100.9") == 429
    assert host.login("ben", peer="198.51.100.1") == 401


def test_stops_guessing_by_a_field_that_hides_beside_the_field(framework: str) -> None:
    """Against a name without quotes beside the name in a form of parts: Django, Starlette and aiohttp hand the last one to their views."""
    host = Host(framework)
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    part = "--x\r\nContent-Disposition: form-data; name={}\r\n\r\n{}\r\n"
    for i in range(4):
        body = part.format('"username"', f"own{i}") + part.format("username", "ada") + part.format('"password"', "guess") + "--x--\r\n"
        host.ask("POST", "/login", kind, body.encode(), peer=f"198.51.100.{i}")
    assert host.tried.count("ada") <= 2
    assert len(host.tried) == 2


def test_stops_guessing_by_a_method_in_small_letters() -> None:
    """Werkzeug reads "post" as POST, and so does the limit: the third password is not looked at."""
    host = Host("flask")
    client = host.app.test_client(use_cookies=False)
    asked = {"base_url": ORIGIN, "data": {"username": "ada", "password": "wrong"}}
    overrides = ({"REQUEST_METHOD": "post", "REMOTE_ADDR": f"198.51.100.{i}"} for i in range(3))
    assert [client.post("/login", environ_overrides=changed, **asked).status_code for changed in overrides] == [401, 401, 429]
    assert host.tried == ["ada", "ada"]


def test_trap_21_takes_no_header_for_an_address(framework: str) -> None:
    """Trap 21: forged forwarding headers begin no count anew."""
    host = Host(framework)
    forged = [{name: f"198.51.100.{i}"} for i, name in enumerate(("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Forwarded"))]
    statuses = [host.get("GET", "/page", headers=headers)[0] for headers in (*forged, {"X-Forwarded-For": "198.51.100.200"})]
    assert statuses == [200] * 4 + [429]


def test_trap_21_counts_whom_a_declared_proxy_names(framework: str) -> None:
    """Trap 21: behind a declared proxy each visitor has his own count, by the hop that the proxy itself saw."""
    host = Host(framework, trusted_proxies=TrustedProxiesSettings(proxies=("10.0.0.0/8",), header="x-forwarded"))
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "clinic.example"}
    spoofed = [
        host.get("GET", "/page", peer="10.0.0.1", headers={**proxied, "X-Forwarded-For": f"192.0.2.{i}, 203.0.113.50"})[0] for i in range(5)
    ]
    assert spoofed == [200] * 4 + [429]
    assert host.get("GET", "/page", peer="10.0.0.2", headers={**proxied, "X-Forwarded-For": "203.0.113.50"})[0] == 429
    assert host.get("GET", "/page", peer="10.0.0.1", headers={**proxied, "X-Forwarded-For": "203.0.113.51"})[0] == 200


def test_trap_23_a_good_login_clears_nothing(framework: str) -> None:
    """Trap 23: signing in between guesses leaves the count of the address where it is."""
    host = Host(framework)
    for i in range(4):
        assert host.login(f"own{i}", password="right") == 200
        assert host.login(f"victim{i}") == 401
    assert host.login("own9", password="right") == 429


def test_holds_a_marked_route_to_its_class(framework: str) -> None:
    """A mark on the handler decides; a route with a reason is counted at arrival alone."""
    host = Host(framework)
    assert [host.get("GET", "/costly")[0] for _ in range(2)] == [200, 429]
    assert [host.get("GET", "/health")[0] for _ in range(20)] == [200] * 20


def test_resets_nothing_by_another_spelling(framework: str) -> None:
    """A query, a slash, a letter case or a method more is the same client."""
    host = Host(framework)
    paths = ["/page?a=1", "/page?a=2", "/page", "/page?"]
    assert [host.get("GET", path)[0] for path in paths] == [200] * 4
    again = [
        host.get(method, path)[0]
        for method, path in [("GET", "/page?b"), ("HEAD", "/page"), ("GET", "//page"), ("GET", "/PAGE"), ("GET", "/page/")]
    ]
    assert 200 not in again


def test_observes_without_refusing(framework: str) -> None:
    """In observe the answers stay, and the operator reads what would have been refused."""
    host = Host(framework, mode="observe")
    assert [host.get("GET", "/page")[0] for _ in range(5)] == [200] * 5
    assert host.reasons == ["address-over-limit"]


def test_lets_a_test_suite_of_this_machine_work(framework: str) -> None:
    """The same user may sign in for every test; in production this machine is like any other."""
    host = Host(framework)
    peer = "testclient" if host.interface == "asgi" else "127.0.0.1"
    assert [host.login("ada", peer=peer, password="right") for _ in range(50)] == [200] * 50
    assert host.login("ada", peer=peer, headers={"X-Forwarded-For": "198.51.100.1"}) == 401


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "aiohttp"])
def test_counts_handshakes(framework: str) -> None:
    """A socket is a request like another until it stands."""
    host = Host(framework)
    assert [host.knock("/live", {"Origin": ORIGIN}, peer="203.0.113.9").status for _ in range(5)] == [101] * 4 + [429]


@pytest.mark.parametrize("mark", [("serch", ""), ("none", ""), ("login", "no other class takes one"), (" ", "")])
def test_refuses_a_mark_that_limits_nothing(mark: tuple[str, str]) -> None:
    """A mistyped class stops production's start; "none" without a reason is no mark at all."""
    name, reason = mark
    if name != "serch":
        with pytest.raises(ValueError, match="rate_limited"):
            rate_limited(name, reason=reason)
        return
    app = FastAPI()
    app.get("/page")(rate_limited(name)(OPEN(lambda: "fine")))
    ringwork.protect(app, Policy(origin=ORIGIN, mode="production"))  # type: ignore[arg-type]  # a word
    with pytest.raises(PolicyInvalid, match="serch"), TestClient(app, base_url=ORIGIN):
        pass


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[redis_server.Server]:
    """A server of this test alone, which it may stop."""
    if not redis_server.is_installed():
        pytest.skip("redis-server is not installed; ./run setup-system")
    with redis_server.running(tmp_path) as server:
        yield server


@pytest.mark.real
@pytest.mark.parametrize("framework", ["fastapi", "flask", "aiohttp"])  # one of each kind: each waits for the server in its own way
def test_shares_limits_through_redis_and_survives_its_outage(framework: str, redis: redis_server.Server) -> None:
    """Two applications on one server share what they count; without it entrances close, pages go on, and it comes back."""
    shared = {"store": redis.url, "key": Secret(b"k" * 32)}
    one, two = Host(framework, **shared), Host(framework, **shared)
    assert [host.get("GET", "/page")[0] for host in (one, two, one, two, one)] == [200] * 4 + [429]
    assert one.login("ada") == 401
    redis.stop()
    assert one.login("ada") == 503
    assert [one.get("GET", "/page", peer="203.0.113.77")[0] for _ in range(5)] == [200] * 4 + [429]
    assert two.get("GET", "/page", peer="203.0.113.77")[0] == 200  # each process alone
    assert two.get("GET", "/page", peer="203.0.113.77")[0] == 200
    assert two.reasons.count("store-down") == 1
    redis.start()
    for host in (one, two):
        installed(host.app).stores.server._rest_until = 0.0  # the second has passed
    assert [one.login("ada"), two.login("ada"), one.login("ada")] == [401, 401, 429]
