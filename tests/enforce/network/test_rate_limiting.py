"""Requests are counted by address, by principal, and at entrances by account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from ringwork.clock import FixedClock
from ringwork.enforce.entrances import subject_of_colons
from ringwork.enforce.guard import Blocking, ReadBody, ReadForm, Refusal, Reply, Site, Taking, remarks
from ringwork.enforce.network.rate_limiting import GUARD, RateClass, RateLimitingSettings, RouteClass, class_of
from ringwork.errors import StoreDown
from ringwork.exchange import Exchange
from ringwork.route import Rated, Route, RouteKind
from ringwork.stores.memory import MemoryCounters
from tests.enforce.making import LOOPBACK, PUBLIC, arrive, ask, make_route, make_site, make_user

SETTINGS = RateLimitingSettings(
    arriving=("8 per second", "20 per minute"),
    classes=(
        RateClass(name="default", by_address=("3 per minute",), by_principal=("5 per minute",)),
        RateClass(name="login", by_address=("6 per minute",), by_account=("2 per minute",), when_down="refuse"),
        RateClass(name="search", by_address=("1 per minute",)),
    ),
)
NOTES = make_route("/notes", "GET", "POST")
LOGIN = make_route("/login", "GET", "POST", rule=PUBLIC)
FORM = b"application/x-www-form-urlencoded"


def enter(site: Site, exchange: Exchange, route: Route = NOTES, body: bytes | None = b"", settings: RateLimitingSettings = SETTINGS) -> Any:
    """What the guard decides on a matched route whose body is `body`, None for one that is too long."""
    step = GUARD.plan(settings, site, route).enter
    found = None if step is None else step(exchange)
    if found is None or isinstance(found, Refusal | Reply):
        return found
    answer: Any = None
    while True:
        try:
            asked = found.send(answer)
        except StopIteration as stop:
            return stop.value
        answer = body
        if isinstance(asked, Blocking):
            answer = asked.call()
        elif isinstance(asked, ReadForm):
            answer = dict(pair.split("=") for pair in (body or b"").decode().splitlines() if "=" in pair and " " not in pair)
        else:
            assert isinstance(asked, ReadBody)


def login(site: Site, body: Any, *, kind: bytes = FORM, peer: str = "203.0.113.9") -> Any:
    """One try to sign in."""
    raw = body if isinstance(body, bytes) or body is None else urlencode(body).encode() if kind == FORM else json.dumps(body).encode()
    return enter(site, ask("POST", "/login", (b"content-type", kind), peer=peer), LOGIN, raw)


class Down(MemoryCounters):
    """Counters that do not answer while `down` says so, as a shared store would."""

    __slots__ = ("down", "asked")
    blocking = True

    def __init__(self) -> None:
        super().__init__()
        self.down, self.asked = True, 0

    def take(self, takings: Sequence[Taking], *, now: float) -> float:
        self.asked += 1
        if self.down:
            raise StoreDown("down")
        return super().take(takings, now=now)


def test_refuses_more_arrivals_than_one_address_may_make() -> None:
    """A flood is stopped before any route is looked for, with the time to wait, rounded up."""
    site = make_site()
    assert [arrive(GUARD, SETTINGS, site, ask()) for _ in range(8)] == [None] * 8
    refusal = arrive(GUARD, SETTINGS, site, ask())
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("network.rate-limiting", 429, "arriving-too-fast")
    assert refusal.headers == ((b"retry-after", b"1"),)


def test_lets_another_address_arrive() -> None:
    """One flood is nobody else's."""
    site = make_site()
    for _ in range(9):
        arrive(GUARD, SETTINGS, site, ask())
    assert arrive(GUARD, SETTINGS, site, ask(peer="203.0.113.10")) is None


def test_gives_back_what_time_gives_back() -> None:
    """A limit is a pace, no lock: after the wait that was told the next request passes."""
    clock = FixedClock()
    site = make_site(clock=clock)
    for _ in range(3):
        assert enter(site, ask()) is None
    refusal = enter(site, ask())
    assert refusal.headers == ((b"retry-after", b"20"),)
    clock.advance(19)
    assert enter(site, ask()) is not None
    clock.advance(1)
    assert enter(site, ask()) is None
    assert enter(site, ask()) is not None


def test_counts_a_principal_wherever_he_comes_from() -> None:
    """A signed-in user has one pace over all addresses, and costs his office none of its own."""
    site = make_site()
    answers = [enter(site, ask(peer=f"203.0.113.{i}", user=make_user("ada"))) for i in range(6)]
    assert answers[:5] == [None] * 5
    assert (answers[5].status, answers[5].reason) == (429, "principal-over-limit")
    assert enter(site, ask(peer="203.0.113.1")) is None
    assert enter(site, ask(peer="203.0.113.1", user=make_user("ben"))) is None


def test_never_takes_a_principal_for_an_address() -> None:
    """A user whose id reads like an address uses up nobody's address."""
    site = make_site()
    for _ in range(5):
        enter(site, ask(peer="198.51.100.7", user=make_user("203.0.113.9")))
    assert enter(site, ask(peer="203.0.113.9")) is None


def test_counts_all_routes_of_a_class_together() -> None:
    """Going from route to route resets nothing."""
    site = make_site()
    routes = [make_route(f"/{i}", "GET") for i in range(4)]
    assert [enter(site, ask(path=route.path), route) is None for route in routes] == [True, True, True, False]


def test_trap_21_counts_the_resolved_client_and_no_header() -> None:
    """Trap 21: the key is the resolved client; a forged X-Forwarded-For resets nothing, in any spelling, once or twice."""
    site = make_site()
    forged = [(), ((b"x-forwarded-for", b"198.51.100.1"),), ((b"forwarded", b"for=198.51.100.2"),), ((b"x-real-ip", b"198.51.100.3"),)]
    answers = [enter(site, ask("GET", "/notes", *headers)) for headers in forged]
    assert [answer is None for answer in answers] == [True, True, True, False]
    behind_proxy = ask(peer="203.0.113.9")
    behind_proxy.client = "198.51.100.77"  # as network.trusted-proxies says of a declared proxy
    assert enter(site, behind_proxy) is None


@pytest.mark.parametrize(
    ("client", "subject"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_counts_a_subscriber_and_not_his_addresses(client: str, subject: str) -> None:
    """One subscriber of IPv6 has 2**64 addresses and one pace."""
    assert subject_of_colons(client) == subject


def test_trap_23_a_success_resets_nothing() -> None:
    """Trap 23: good sign-ins between guesses leave the address counter where it is."""
    site = make_site()
    own = [login(site, {"username": f"own{i}", "password": "right"}) for i in range(3)]
    guesses = [login(site, {"username": f"victim{i}", "password": "wrong"}) for i in range(3)]
    assert own + guesses == [None] * 6
    assert login(site, {"username": "own9", "password": "right"}).status == 429


def test_counts_an_account_from_everywhere() -> None:
    """Guessing one password from a thousand addresses is one guesser's pace."""
    site = make_site()
    answers = [login(site, {"username": "ada", "password": str(i)}, peer=f"198.51.100.{i}") for i in range(3)]
    assert answers[:2] == [None, None]
    assert (answers[2].status, answers[2].reason) == (429, "entrance-over-limit")
    assert login(site, {"username": "ben", "password": "x"}, peer="198.51.100.1") is None


@pytest.mark.parametrize("spelled", ["Ada", " ada ", "\uff21\uff24\uff21", "ada\u00a0"])
def test_takes_other_spellings_for_the_same_account(spelled: str) -> None:
    """Letter case, spaces and full-width letters give no further guesses."""
    site = make_site()
    for i in range(2):
        login(site, {"username": "ada"}, peer=f"198.51.100.{i}")
    assert login(site, {"username": spelled}, peer="198.51.100.9") is not None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"username=someone&username=ada"),
        (FORM, b"username=someone&email=ada"),
        (b"application/json", b'{"username": "someone", "email": "ada"}'),
        (b"text/plain", b'{"email": "ada"}'),
        (FORM, b'{"email": "ada"}'),
        (b"multipart/form-data; boundary=x", b'{"email": "ada"}'),
        (b"", b'{"login": "ada", "password": "x"}'),
    ],
)
def test_counts_every_name_that_stands_in_a_body(kind: bytes, body: bytes) -> None:
    """A second name in front, of which guard and application read different ones, hides no account."""
    site = make_site()
    for i in range(2):
        login(site, {"username": "ada"}, peer=f"198.51.100.{i}")
    assert login(site, body, kind=kind, peer="198.51.100.9") is not None


def test_counts_bodies_that_nobody_reads_as_one_account() -> None:
    """A body padded beyond what is read, or with a crowd of names, buys no guesses."""
    site = make_site()
    crowd = "&".join(f"username=u{i}" for i in range(9)).encode()
    bodies = [None, b"&" * 5000, crowd]
    answers = [login(site, body, peer=f"198.51.100.{i}") for i, body in enumerate(bodies)]
    assert [answer is None for answer in answers] == [True, True, False]


def test_reads_the_account_of_a_multipart_form() -> None:
    """The framework's parser reads it; a field that stands there twice counts as unreadable."""
    site = make_site()
    kind = b"multipart/form-data; boundary=x"
    for i in range(2):
        assert login(site, b"username=ada", kind=kind, peer=f"198.51.100.{i}") is None
    assert login(site, b"username=ada", kind=kind, peer="198.51.100.9") is not None
    twice = b'name="username" one\nname="username" two'
    answers = [login(site, twice, kind=kind, peer=f"192.0.2.{i}") for i in range(3)]
    assert [answer is None for answer in answers] == [True, True, False]


def part(head: bytes, text: bytes) -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + text + b"\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"name=username",
        b"name*=utf-8''%75sername",
        b'name="user\\name"',
        b'filename="a"; name=username',
        b'name="x"; name="username"',
        b"\r\n name=username",
    ],
)
def test_counts_a_field_that_hides_beside_the_field(head: bytes) -> None:
    """Against a second name of which guard and application read different ones: a part that does not say its field plainly."""
    site = make_site()
    kind = b"multipart/form-data; boundary=x"
    bodies = [part(b'name="username"', b"u%d" % i) + part(head, b"ada") + b"--x--\r\n" for i in range(3)]
    answers = [login(site, body, kind=kind, peer=f"192.0.2.{i}") for i, body in enumerate(bodies)]
    assert [answer is None for answer in answers] == [True, True, False]


def test_takes_the_parts_that_browsers_send_for_plain_ones() -> None:
    """An honest form with a file shares its account with nobody."""
    site = make_site()
    file = part(b'name="photo"; filename="a; b.png"; filename*=UTF-8\'\'a%3B%20b.png\r\nContent-Type: image/png', b"PNG")
    bodies = [part(b'name="username"', b"u%d" % i) + file + b"--x--\r\n" for i in range(5)]
    kind = b"multipart/form-data; boundary=x"
    assert [login(site, body, kind=kind, peer=f"192.0.2.{i}") for i, body in enumerate(bodies)] == [None] * 5


@pytest.mark.parametrize(
    "kind", [b"application/json; charset=cp037", b'application/json; charset="utf-16"', FORM + b"; charset*=utf-8''cp037"]
)
def test_counts_bodies_in_other_alphabets_as_one_account(kind: bytes) -> None:
    """Against a body that only a parser reads which asks for its charset: aiohttp and Django REST framework do."""
    site = make_site()
    bodies = [json.dumps({"username": "ada", "password": str(i)}).encode("cp037") for i in range(3)]
    answers = [login(site, body, kind=kind, peer=f"192.0.2.{i}") for i, body in enumerate(bodies)]
    assert [answer is None for answer in answers] == [True, True, False]


@pytest.mark.parametrize("body", [b"", b"[1]", b"[" * 60_000, b"{", b"\xff\xfe", b'{"username": {"a": 1}}'])
def test_counts_by_address_where_no_account_is_named(body: bytes) -> None:
    """What is no object names nobody; whoever sent it is counted all the same."""
    site = make_site()
    answers = [login(site, body, kind=b"application/json") for _ in range(7)]
    assert answers[:6] == [None] * 6
    assert answers[6].status == 429


def test_names_no_account_outside() -> None:
    """Neither the refusal nor the counters carry the name that was tried."""
    counters = MemoryCounters()
    site = make_site(counters=counters)
    for _ in range(3):
        refusal = login(site, {"email": "ada@clinic.example"})
    assert "ada" not in repr(refusal)
    assert "ada@" not in repr([list(table.young) for table in counters._tables.values()])


def test_reads_a_login_page_at_the_ordinary_pace() -> None:
    """Only what changes something is a try to sign in."""
    site = make_site()
    answers = [enter(site, ask("GET", "/login"), LOGIN) for _ in range(4)]
    assert [answer is None for answer in answers] == [True, True, True, False]
    assert login(site, {"username": "ada"}) is None


@pytest.mark.parametrize("method", ["post", "Post", "LINK"])
def test_counts_a_login_in_small_letters_as_a_login(method: str) -> None:
    """Werkzeug reads "post" as POST; at the ordinary pace that was a way round the login's own limit."""
    site = make_site()
    body = urlencode({"username": "ada"}).encode()
    answers = [enter(site, ask(method, "/login", (b"content-type", FORM), peer=f"198.51.100.{i}"), LOGIN, body) for i in range(3)]
    assert [answer is None for answer in answers] == [True, True, False]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/login", "login"),
        ("/api/v1/Token", "login"),
        ("/account/reset", "reset"),
        ("/reset/{token}", "reset"),
        ("/register", "register"),
        ("/notes", "default"),
        ("/", "default"),
        ("/logout", "default"),
    ],
)
def test_knows_an_entrance_by_its_last_word(path: str, name: str) -> None:
    """The login that nobody thought of limiting is limited."""
    assert class_of(RateLimitingSettings(), make_route(path, "POST", rule=PUBLIC)).name == name


def test_takes_only_public_changes_for_an_entrance() -> None:
    """A page to look at, or one for signed-in users, is no way in."""
    assert class_of(SETTINGS, make_route("/login", "GET", rule=PUBLIC)).name == "default"
    assert class_of(SETTINGS, make_route("/token", "POST")).name == "default"


def test_prefers_a_mark_to_the_settings_to_a_guess() -> None:
    """What stands nearest to the handler decides."""
    settings = RateLimitingSettings(routes=(RouteClass(route="POST /login", limit="register"),))
    plain = make_route("/login", "POST", rule=PUBLIC)
    marked = Route(kind=plain.kind, path=plain.path, methods=plain.methods, handler=plain.handler, rated=Rated(name="expensive"))
    assert [class_of(settings, route).source for route in (plain, marked)] == ["settings", "mark"]
    assert class_of(settings, marked).name == "expensive"


def test_counts_no_more_than_arrivals_for_files_and_exceptions() -> None:
    """A page with a hundred pictures is one visit."""
    site = make_site()
    static = make_route("/static", "GET", kind=RouteKind.STATIC)
    health = make_route("/health", "GET", rule=PUBLIC)
    settings = RateLimitingSettings(routes=(RouteClass(route="GET /health", limit="none", reason="asked by the balancer"),))
    assert GUARD.plan(settings, site, static).enter is None
    assert GUARD.plan(settings, site, health).enter is None


def test_applies_a_class_of_its_own_to_a_route() -> None:
    """A costly route has its own pace, for signed-in users too where only addresses have rates."""
    settings = RateLimitingSettings(classes=SETTINGS.classes, routes=(RouteClass(route="GET,POST /notes", limit="search"),))
    site = make_site()
    answers = [enter(site, ask("POST", user=make_user()), settings=settings) for _ in range(2)]
    assert [answer is None for answer in answers] == [True, False]
    assert enter(site, ask("GET", user=make_user()), settings=settings) is None


def test_counts_a_socket_that_is_marked_as_an_entrance() -> None:
    """A handshake has no body to read; its address is counted."""
    site = make_site()
    route = Route(kind=RouteKind.WEBSOCKET, path="/live", methods=frozenset(), handler=LOGIN.handler, rated=Rated(name="login"))
    answers = [enter(site, ask(kind="websocket"), route) for _ in range(7)]
    assert [answer is None for answer in answers] == [True] * 6 + [False]


def test_is_generous_while_nothing_is_configured() -> None:
    """On a developer's own machine a test suite may run; limits are there all the same."""
    site = make_site(**LOOPBACK)
    answers = [enter(site, ask()) for _ in range(301)]
    assert [answer is None for answer in answers] == [True] * 300 + [False]


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", "testclient"])
def test_is_generous_with_this_machine_except_in_production(client: str) -> None:
    """A test suite may sign the same user in for every test; what a proxy here forwards, and production, get no more than others."""
    site = make_site()
    assert [enter(site, ask(peer=client)) for _ in range(300)] == [None] * 300
    assert enter(site, ask(peer=client)).status == 429
    assert [arrive(GUARD, SETTINGS, site, ask(peer=client)) for _ in range(800)] == [None] * 800
    forwarded = [enter(site, ask("GET", "/notes", (b"x-forwarded-for", b"198.51.100.1"), peer=client)) for _ in range(4)]
    assert [answer is None for answer in forwarded] == [True, True, True, False]
    production = make_site(production=True)
    assert [enter(production, ask(peer=client)) is None for _ in range(4)] == [True, True, True, False]
    exact = make_site(patience=1)
    assert [enter(exact, ask(peer=client)) is None for _ in range(4)] == [True, True, True, False]


def test_multiplies_every_limit_in_copies_of_the_prover() -> None:
    """Checks of other controls do not trip over limits."""
    site = make_site(patience=1000)
    assert [enter(site, ask()) for _ in range(3000)] == [None] * 3000
    assert enter(site, ask()).status == 429


def test_refuses_entrances_while_the_store_is_down() -> None:
    """A store that is pushed over makes no guess free."""
    site = make_site(counters=Down())
    refusal = login(site, {"username": "ada"})
    assert (refusal.status, refusal.reason) == (503, "store-down")


def test_counts_in_this_process_while_the_store_is_down() -> None:
    """Other routes go on at the same pace, and the operator is told once for each outage."""
    counters = Down()
    site = make_site(counters=counters)
    asked = [ask() for _ in range(4)]
    assert [enter(site, exchange) is None for exchange in asked] == [True, True, True, False]
    assert [len(remarks(exchange)) for exchange in asked] == [1, 0, 0, 0]
    assert remarks(asked[0])[0].reason == "store-down"
    counters.down = False
    recovered = ask()
    assert enter(site, recovered) is None
    assert not remarks(recovered)
    counters.down = True
    again = ask()
    enter(site, again)
    assert len(remarks(again)) == 1


def test_counts_a_principal_in_a_shared_store() -> None:
    """What is known of a user holds wherever it is counted."""
    counters = Down()
    counters.down = False
    site = make_site(counters=counters)
    answers = [enter(site, ask(peer=f"198.51.100.{i}", user=make_user())) for i in range(6)]
    assert [answer is None for answer in answers] == [True] * 5 + [False]
    assert answers[5].reason == "principal-over-limit"


def test_asks_a_shared_store_once_for_everything() -> None:
    """Address and account are one question, and a refused try uses up neither."""
    counters = Down()
    counters.down = False
    site = make_site(counters=counters)
    for i in range(3):
        login(site, {"username": "ada"}, peer="198.51.100.1")
        assert counters.asked == i + 1
    answers = [login(site, {"username": f"u{i}"}, peer="198.51.100.1") for i in range(5)]
    assert [answer is None for answer in answers] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (RateLimitingSettings(arriving=()), "arriving: is empty"),
        (RateLimitingSettings(arriving=("fast",)), "is no rate; write for example"),
        (RateLimitingSettings(arriving=("0 per second",)), "is no rate"),
        (RateLimitingSettings(arriving=("5 in 3 minutes",)), "is no rate"),
        (RateLimitingSettings(arriving=("9 per 1 fortnight",)), "is no rate"),
        (RateLimitingSettings(arriving=("1001 per second",)), "limits nothing"),
        (RateLimitingSettings(arriving=("1 per 99 days",)), "limits nothing"),
        (RateLimitingSettings(classes=(RateClass(name="x", by_address=("1 per second",), by_account=("2",)),)), "classes[0].by_account"),
        (RateLimitingSettings(classes=(RateClass(name="x"),)), "by_address: is empty"),
        (RateLimitingSettings(classes=(RateClass(name="none", by_address=("1 per second",)),)), "is taken"),
        (RateLimitingSettings(classes=(RateClass(name="x", by_address=("1 per second",), when_down="pass"),)), "when_down"),
        (RateLimitingSettings(routes=(RouteClass(route="GET /", limit="fast"),)), "known: default, expensive, files, login"),
        (RateLimitingSettings(routes=(RouteClass(route="GET /", limit="none"),)), "needs a reason"),
        (RateLimitingSettings(account_fields=()), "account_fields: is empty"),
    ],
)
def test_tells_what_is_wrong_with_settings(settings: RateLimitingSettings, words: str) -> None:
    """A weak or mistyped limit is a fault with the remedy, never no limit in silence."""
    assert any(words in fault for fault in GUARD.faults(settings))


def test_finds_nothing_wrong_with_the_defaults() -> None:
    """The defaults, and those of these tests, are whole."""
    assert not [*GUARD.faults(RateLimitingSettings()), *GUARD.faults(SETTINGS)]


def test_tells_at_start_of_names_that_lead_nowhere() -> None:
    """A limit on a route that is not there, or a mark of an unknown class, limits nothing."""
    settings = RateLimitingSettings(routes=(RouteClass(route="POST /logn", limit="login"), RouteClass(route="POST /login", limit="login")))
    marked = Route(kind=RouteKind.HTTP, path="/x", methods=frozenset({"GET"}), handler=LOGIN.handler, rated=Rated(name="serch"))
    faults = GUARD.at_start(settings, make_site(), None, [make_route("/login", "POST"), marked])  # type: ignore[arg-type]
    assert len(faults) == 2
    assert "POST /logn" in faults[0]
    assert "serch" in faults[1]
