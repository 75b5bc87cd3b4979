"""Messages that cross a trust boundary are signed and fresh, or they reach nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ringwork.clock import FixedClock
from ringwork.crypto.message_signatures import MessageSigner
from ringwork.crypto.signatures import SigningKey
from ringwork.enforce.access import deny_by_default
from ringwork.enforce.data.message_integrity import (
    GUARD,
    MessageIntegrityReason,
    MessageIntegritySettings,
    Sender,
    issue_link,
)
from ringwork.enforce.guard import NO_HOOKS, Blocking, ReadBody, Refusal, Site, Surroundings
from ringwork.enforce.identity import authentication_required
from ringwork.errors import StoreDown
from ringwork.exchange import Exchange
from ringwork.frozen import replace
from ringwork.policy.declare import rule_of, signed, signed_link
from ringwork.route import Route, RouteLimits, Signed
from ringwork.secret import Secret
from ringwork.stores.memory import MemorySpentTokens
from tests.enforce.making import ask, make_route, make_site

KEY = b"l" * 32
SECRET = Secret(base64.b64encode(KEY))
PURPOSE = "laboratory result 1"
LABORATORY = Sender(name="laboratory", secrets=(SECRET,))
SETTINGS = MessageIntegritySettings(senders=(LABORATORY,))
ROUTE = make_route("/results", "POST", rule=Signed(sender="laboratory", purpose=PURPOSE))
CALENDAR = make_route("/visits/{id}", "GET", rule=Signed(purpose="calendar 1"))
BODY = b'{"value": 7}'
AROUND = Surroundings(framework="flask")


def decide(
    exchange: Exchange,
    *,
    body: bytes | None = BODY,
    site: Site,
    settings: MessageIntegritySettings = SETTINGS,
    route: Route = ROUTE,
) -> str | None:
    """The reason of the refusal, None where the message was taken."""
    step = GUARD.plan(settings, site, route).enter
    assert step is not None
    found: Any = step(exchange)
    if found is None or isinstance(found, Refusal):
        return None if found is None else str(found.reason)
    answer: Any = None
    while True:
        try:
            asked = found.send(answer)
        except StopIteration as stop:
            return None if stop.value is None else str(stop.value.reason)
        answer = asked.call() if isinstance(asked, Blocking) else body
        assert not isinstance(asked, ReadBody) or asked.limit_bytes


def message(
    site: Site,
    *,
    key: Secret[bytes] | SigningKey | None = None,
    purpose: str = PURPOSE,
    url: str = "https://clinic.example/results",
    **changed: Any,
) -> Exchange:
    """What the laboratory sends, read as an adapter reads it."""
    signer = MessageSigner(key or Secret(KEY), purpose=purpose, clock=changed.get("clock", site.clock))
    headers = signer.sign(changed.get("method", "POST"), url, changed.get("body", BODY))
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return ask(changed.get("sent_as", "POST"), changed.get("path", "/results"), *pairs)


def test_takes_a_message_that_its_sender_signed() -> None:
    """The honest message, once."""
    site = make_site()
    assert decide(message(site), site=site) is None


def test_takes_a_message_under_each_key_of_the_sender() -> None:
    """The old secret, the new one, and a public key beside them."""
    site, pair = make_site(), SigningKey(Secret(b"\x09" * 32))
    public = "ed25519:" + base64.urlsafe_b64encode(pair.verify_key.to_bytes()).rstrip(b"=").decode()
    sender = Sender(name="laboratory", secrets=(Secret(base64.b64encode(b"n" * 32)), SECRET), keys=(public,))
    settings = MessageIntegritySettings(senders=(sender,))
    for key in (Secret(b"n" * 32), Secret(KEY), pair):
        assert decide(message(site, key=key), site=site, settings=settings) is None
    assert decide(message(site, key=SigningKey.generate()), site=site, settings=settings) == "wrong-signature"


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        ({"key": Secret(b"x" * 32)}, "wrong-signature"),
        ({"purpose": "laboratory result 2"}, "other-purpose"),
        ({"url": "https://clinic.example/other"}, "wrong-signature"),
        ({"url": "https://other.example/results"}, "wrong-signature"),
        ({"url": "https://clinic.example/results?more=1"}, "wrong-signature"),
        ({"method": "PUT"}, "wrong-signature"),
        ({"body": b"{}"}, "wrong-signature"),
        ({"clock": FixedClock(1_800_000_000 - 301)}, "outside-window"),
        ({"clock": FixedClock(1_800_000_000 + 301)}, "outside-window"),
    ],
    ids=["key", "purpose", "path", "host", "query", "method", "body", "old", "future"],
)
def test_refuses_a_message_that_was_signed_for_something_else(forged: dict[str, Any], reason: str) -> None:
    """Another key, purpose, path, host, query, method, body or time; the right one is taken by the same site."""
    site = make_site()
    assert decide(message(site, **forged), site=site) == reason
    assert decide(message(site), site=site) is None


def test_takes_what_is_as_old_as_the_window() -> None:
    """The border belongs to it, before and after."""
    site = make_site()
    for at in (-300, 300):
        assert decide(message(site, clock=FixedClock(1_800_000_000 + at)), site=site) is None


def test_refuses_what_is_not_signed_and_reads_nothing_of_it() -> None:
    """No header, or half of them: refused before the body is asked for."""
    site = make_site()
    step = GUARD.plan(SETTINGS, site, ROUTE).enter
    assert step is not None
    for headers in ([], [(b"signature", b"sig=:AAAA:")], [(b"signature-input", b"sig=()")]):
        refusal = step(ask("POST", "/results", *headers))
        assert isinstance(refusal, Refusal)
        assert (refusal.reason, refusal.status) == ("unsigned", 403)
    garbled = step(ask("POST", "/results", (b"signature", b"x"), (b"signature-input", b"y")))
    assert isinstance(garbled, Refusal)
    assert garbled.reason == "garbled-signature"


def test_refuses_the_same_message_twice() -> None:
    """Recorded on the way and sent again; one with another nonce is another message."""
    site = make_site()
    first = message(site)
    assert decide(first, site=site) is None
    assert decide(first, site=site) == "replayed"
    assert decide(message(site), site=site) is None


def test_remembers_a_message_as_long_as_its_time_is_good() -> None:
    """One that is dated ahead could be kept longest; it is refused by the store, and then by its time."""
    clock = FixedClock()
    site = make_site(clock=clock)
    ahead = message(site, clock=FixedClock(clock.now() + 300))
    assert decide(ahead, site=site) is None
    for _ in range(6):
        clock.advance(100)
        assert decide(ahead, site=site) == "replayed"
    clock.advance(1)
    assert decide(ahead, site=site) == "outside-window"


def test_a_forged_message_uses_nothing_up() -> None:
    """A stranger who copies a nonce cannot keep the genuine message out, nor fill the store."""
    site = make_site()
    genuine = message(site)
    assert decide(genuine, body=b"other", site=site) == "wrong-signature"
    assert decide(genuine, site=site) is None


class _Down(MemorySpentTokens):
    """A store that does not answer."""

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        raise StoreDown("down")


class _Waiting(MemorySpentTokens):
    """A store behind a network."""

    blocking = True


def test_refuses_everything_while_the_store_is_down() -> None:
    """Fail closed: nobody could tell a replay; the prover's copy without fail-closed goes on."""
    site = make_site(spent=_Down())
    assert decide(message(site), site=site) == "store-down"
    assert decide(message(site), site=replace(site, closes=False)) is None


def test_asks_a_store_that_waits_outside_the_loop() -> None:
    """A blocking claim is asked for, and counts the same."""
    site = make_site(spent=_Waiting())
    first = message(site)
    assert [decide(first, site=site), decide(first, site=site)] == [None, "replayed"]


def test_refuses_a_body_that_is_too_long_or_did_not_come() -> None:
    """What the adapter did not hand over is not verified, so it does not enter; the route's own limit is asked for."""
    site = make_site()
    assert decide(message(site), body=None, site=site) == "large-message"
    for limits, expected in ((None, 1_048_576), (RouteLimits(reason="scans", body_bytes=9_000_000), 9_000_000)):
        step: Any = GUARD.plan(SETTINGS, site, replace(ROUTE, limits=limits)).enter
        assert step(message(site)).send(None).limit_bytes == expected


# -- forms of others


def github(body: bytes = BODY) -> Exchange:
    tag = hmac.digest(b"a secret of github", body, hashlib.sha256).hex()
    return ask("POST", "/results", (b"x-hub-signature-256", f"sha256={tag}".encode()))


def test_takes_a_webhook_of_a_form_without_time_once_in_a_while() -> None:
    """GitHub signs the body alone: it is refused while it is remembered, and the page says what that leaves open."""
    clock = FixedClock()
    site = make_site(clock=clock)
    settings = MessageIntegritySettings(senders=(Sender(name="github", form="github", secrets=(Secret(b"a secret of github"),)),))
    route = make_route("/results", "POST", rule=Signed(sender="github"))

    def sent() -> str | None:
        return decide(github(), site=site, settings=settings, route=route)

    assert [sent(), sent()] == [None, "replayed"]
    clock.advance(3599)
    assert sent() == "replayed"
    assert decide(github(b"{}"), site=site, settings=settings, route=route) == "wrong-signature"


def test_one_sender_is_no_other() -> None:
    """The same message under the same secret is claimed for each sender apart, and a sender's route takes no other's key."""
    site = make_site()
    senders = tuple(Sender(name=name, secrets=(Secret(base64.b64encode(name.encode() * 8)),)) for name in ("labs", "bank"))
    settings = MessageIntegritySettings(senders=senders)
    route = make_route("/results", "POST", rule=Signed(sender="labs", purpose=PURPOSE))
    assert decide(message(site, key=Secret(b"labs" * 8)), site=site, settings=settings, route=route) is None
    assert decide(message(site, key=Secret(b"bank" * 8)), site=site, settings=settings, route=route) == "wrong-signature"


# -- links


def follow(link: str, *, site: Site, path: str = "/visits/7", method: str = "GET", route: Route = CALENDAR) -> str | None:
    exchange = ask(method, path)
    exchange.query = link.partition("?")[2].encode()
    return decide(exchange, site=site, route=route)


def link_of(site: Site, address: str = "/visits/7", purpose: str = "calendar 1", seconds: float = 60) -> str:
    return issue_link(SETTINGS, site, address, purpose, seconds)


def test_a_link_opens_what_it_was_made_for_until_its_end() -> None:
    """As often as it is followed, by GET and HEAD."""
    clock = FixedClock()
    site = make_site(clock=clock)
    link = link_of(site)
    assert [follow(link, site=site, method=method) for method in ("GET", "HEAD", "GET")] == [None, None, None]
    clock.advance(60)
    assert follow(link, site=site) == "expired-link"


@pytest.mark.parametrize(
    "forge",
    [
        lambda site: {"link": "/visits/7"},
        lambda site: {"link": link_of(site), "path": "/visits/8"},
        lambda site: {"link": link_of(site, purpose="calendar 2")},
        lambda site: {"link": link_of(replace(site, key=Secret(b"x" * 32)))},
        lambda site: {"link": link_of(site) + "&more=1"},
        lambda site: {"link": link_of(site)[:-1]},
        lambda site: {"link": link_of(site), "method": "POST"},
    ],
)
def test_refuses_a_link_that_was_not_made_for_this(forge: Callable[[Site], dict[str, Any]]) -> None:
    """None, another address, purpose or key, something added or cut, another method."""
    site = make_site()
    assert follow(**forge(site), site=site) == "wrong-link"
    assert follow(link_of(site), site=site) is None


def test_a_link_that_counts_once_counts_once() -> None:
    """`signed_link(..., once=True)`, also where the store is down."""
    route = replace(CALENDAR, rule=Signed(purpose="calendar 1", once=True))
    site = make_site()
    link = link_of(site)
    assert [follow(link, site=site, route=route), follow(link, site=site, route=route)] == [None, "replayed"]
    down = make_site(spent=_Down())
    assert follow(link_of(down), site=down, route=route) == "store-down"


def test_refuses_a_link_that_a_layer_makes_into_a_form() -> None:
    """A GET that becomes a POST further in (`?_method=POST`)."""
    site = make_site()
    exchange = ask("GET", "/visits/7")
    exchange.query, exchange.is_remade = link_of(site).partition("?")[2].encode(), True
    assert decide(exchange, site=site, route=CALENDAR) == "wrong-link"


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
def test_refuses_to_make_a_link_for_ever(seconds: float) -> None:
    """The longest life is a setting."""
    with pytest.raises(ValueError, match="link_seconds"):
        link_of(make_site(), seconds=seconds)
    assert link_of(make_site(), seconds=timedelta(days=1).total_seconds())


# -- rules, and what stands beside them


def test_costs_nothing_on_other_routes() -> None:
    """No hook runs for them, and none before routing."""
    for route in (None, make_route()):
        assert GUARD.plan(SETTINGS, make_site(), route) == NO_HOOKS


def test_marks_say_who_may_enter() -> None:
    """As decorators; nonsense is told at once."""

    @signed("laboratory", purpose=PURPOSE)
    def hook() -> None: ...

    @signed_link("calendar 1", once=True)
    def calendar() -> None: ...

    assert rule_of(hook) == Signed(sender="laboratory", purpose=PURPOSE)
    assert rule_of(calendar) == Signed(purpose="calendar 1", once=True)
    for wrong in ("", "  "):
        with pytest.raises(ValueError, match="names the sender"):
            signed(wrong)
        with pytest.raises(ValueError, match="names the purpose"):
            signed_link(wrong)


def test_needs_no_login_where_messages_are_checked_and_lets_nobody_in_where_they_are_not() -> None:
    """A policy that switches on other controls alone does not open a webhook to everybody."""
    here = make_site()
    deny, login = deny_by_default.DenyByDefaultSettings(), authentication_required.AuthenticationRequiredSettings()
    assert deny_by_default.GUARD.plan(deny, here, ROUTE).enter is None
    assert authentication_required.GUARD.plan(login, here, ROUTE).enter is None
    unchecked = replace(here, checks_messages=False)
    for guard, settings, reason in (
        (deny_by_default.GUARD, deny, "unchecked-signature"),
        (authentication_required.GUARD, login, "not-authenticated"),
    ):
        step: Any = guard.plan(settings, unchecked, ROUTE).enter  # type: ignore[arg-type]  # each guard with settings of its own
        assert step(ask("POST", "/results")).reason == reason


# -- settings


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"window_seconds": 0}, "window_seconds"),
        ({"remembered_seconds": 86_400}, "remembered_seconds"),
        ({"body_bytes": 0}, "body_bytes"),
        ({"link_seconds": 0}, "link_seconds"),
        ({"senders": (Sender(secrets=(SECRET,)),)}, "name of its own"),
        ({"senders": (LABORATORY, LABORATORY)}, "name of its own"),
        ({"senders": (Sender(name="a", form="gitlab", secrets=(SECRET,)),)}, "is unknown; write one of: ringwork"),
        ({"senders": (Sender(name="a"),)}, "keys: is empty"),
        ({"senders": (Sender(name="a", keys=("the secret itself",)),)}, 'write "env:NAME"'),
    ],
    ids=str,
)
def test_tells_every_fault_of_the_settings(changed: dict[str, Any], word: str) -> None:
    """Each names the field and what to write; a secret in the settings is never repeated."""
    found = GUARD.faults(replace(SETTINGS, **changed))
    assert any(word in fault for fault in found)
    assert not any("the secret itself" in fault for fault in found)
    assert not GUARD.faults(SETTINGS)


def start(settings: MessageIntegritySettings, *routes: Route) -> list[str]:
    return list(GUARD.at_start(settings, make_site(), AROUND, routes))


def test_tells_at_the_start_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not there, a sender without a route, a route without a sender, a purpose too few or too many."""
    assert not start(SETTINGS, ROUTE, CALENDAR)
    named = MessageIntegritySettings(senders=(Sender(name="laboratory", keys=("env:LABORATORY_KEY",)),))
    monkeypatch.delenv("LABORATORY_KEY", raising=False)
    assert any("the variable LABORATORY_KEY is not set" in fault for fault in start(named, ROUTE))
    monkeypatch.setenv("LABORATORY_KEY", SECRET.reveal().decode())
    assert not start(named, ROUTE)
    assert any("no route is marked" in fault for fault in start(SETTINGS))
    assert any("names nobody" in fault for fault in start(MessageIntegritySettings(), ROUTE))
    assert any("needs a purpose" in fault for fault in start(SETTINGS, make_route(rule=Signed(sender="laboratory"))))
    other = MessageIntegritySettings(senders=(Sender(name="laboratory", form="github", secrets=(SECRET,)),))
    assert any("has a purpose" in fault for fault in start(other, ROUTE))
    assert any(
        "short" in fault
        for fault in start(MessageIntegritySettings(senders=(Sender(name="laboratory", secrets=(Secret(b"c2g="),)),)), ROUTE)
    )


@pytest.mark.parametrize(
    "settings",
    [MessageIntegritySettings(), MessageIntegritySettings(senders=(Sender(name="laboratory", keys=("env:NOT_SET_ANYWHERE",)),))],
    ids=["nobody of that name", "a key that is not there"],
)
def test_takes_nothing_where_nothing_can_be_verified(settings: MessageIntegritySettings) -> None:
    """Fail closed: without a key the route answers nobody, whatever is signed."""
    site = make_site()
    assert decide(message(site), site=site, settings=settings) == "no-key"


def test_every_reason_is_told_in_the_page() -> None:
    """Whoever reads an event finds its word."""
    page = (Path(__file__).parents[3] / "docs/controls/data/message_integrity.md").read_text(encoding="utf-8")
    assert all(f"`{reason.value}`" in page for reason in MessageIntegrityReason)
    assert all(f"`{one.name}`" in page for one in fields(MessageIntegritySettings))
