"""Signed messages and links: the honest ones enter without a login, and the handler sees what came."""

from __future__ import annotations

from ringwork.clock import FixedClock
from ringwork.crypto.message_signatures import MessageSigner
from tests.frameworks.conformance.conftest import kept
from tests.frameworks.conformance.denials import SENDER_KEY, link, message
from tests.frameworks.hosts import ORIGIN, Host


def test_hands_a_verified_message_to_its_handler(framework: str) -> None:
    """Byte for byte, although it was read before; without a login, a cookie or an Origin."""
    host = kept(framework, "usual")
    host.forget()
    body = b'{"value": "\xc3\xbc", "sp":  1}'
    assert message(body)(host).text == "written"
    assert host.effects.done == [body.decode()]
    assert not host.events


def test_verifies_a_message_that_comes_in_pieces(framework: str) -> None:
    """The whole is verified, and handed on whole."""
    host = kept(framework, "usual")
    host.forget()
    headers = MessageSigner(SENDER_KEY, purpose="result 1", clock=host.policy.clock).sign("POST", f"{ORIGIN}/hook", b"[1,2,3]")
    reply = host.ask("POST", "/hook", {**headers, "Content-Type": "application/json", "Content-Length": "7"}, pieces=(b"[1,", b"2,3]"))
    assert (reply.text, host.effects.done) == ("written", ["[1,2,3]"])


def test_opens_no_webhook_where_other_controls_alone_are_switched_on(framework: str) -> None:
    """Whoever adopts rules first has not switched the check off that `signed` means: the route is refused, not open."""
    host = Host(framework, only=["access.deny-by-default"], clock=FixedClock())
    assert host.ask("POST", "/hook", {"Content-Type": "application/json"}, b"{}").status == 403
    assert message()(host).status == 403
    assert host.effects.done == []
    assert set(host.told) == {("access.deny-by-default", "unchecked-signature")}
    assert host.ask("GET", "/ok").text == "fine"


def test_lets_the_holder_of_a_link_in_until_its_end(framework: str) -> None:
    """More than once, with no login."""
    host = kept(framework, "usual")
    host.forget()
    assert [link()(host).text, link()(host).text] == ["fine", "fine"]
    assert not host.events
