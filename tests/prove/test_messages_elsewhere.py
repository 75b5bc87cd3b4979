"""The same proof on applications without ringwork, which verify by hand, badly, or not at all."""

from __future__ import annotations

import dataclasses

import pytest

from ringwork.prove import judge
from ringwork.prove.check import MessageKey
from ringwork.prove.data.message_integrity import signature_matrix
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from tests.prove import unguarded

HEAD = """
import hashlib, hmac, json, time
from flask import Flask, abort, request
app = Flask(__name__)
PAID = []
SEEN = set()
KEY = b"a secret of the provider"
@app.get("/")
def home():
    return "home"
"""

CAREFUL = (
    HEAD
    + """
@app.post("/hooks/paid")
def paid():
    pairs = dict(piece.split("=", 1) for piece in request.headers.get("Stripe-Signature", "").split(",") if "=" in piece)
    at, tag = pairs.get("t", "0"), pairs.get("v1", "")
    wanted = hmac.new(KEY, at.encode() + b"." + request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, tag) or abs(time.time() - int(at)) > 300 or tag in SEEN:
        abort(400)
    SEEN.add(tag)
    PAID.append(request.get_json())
    return "", 204
"""
)

BODY_ALONE = (
    HEAD
    + """
@app.post("/hooks/paid")
def paid():
    wanted = "sha256=" + hmac.new(KEY, request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, request.headers.get("X-Hub-Signature-256", "")) or wanted in SEEN:
        abort(400)
    SEEN.add(wanted)
    PAID.append(request.get_json())
    return "", 204
"""
)

FORGETFUL = CAREFUL.replace(" or tag in SEEN", "").replace(" or abs(time.time() - int(at)) > 300", "")

OPEN = (
    HEAD
    + """
@app.post("/hooks/paid")
def paid():
    PAID.append(request.get_json())
    return "", 204
"""
)

KEY = MessageKey(route="POST /hooks/paid", form="stripe", key="a secret of the provider", body='{"order": 7}')


def _proof(text: str, *known: MessageKey) -> Evidence:
    with unguarded.serving(text) as stage:
        stage.messages = known
        return signature_matrix(stage)


def test_says_what_to_write_where_no_key_is_named() -> None:
    """A route that looks like a webhook: not verified, with the lines that would unlock the check; it is no pass."""
    evidence = _proof(CAREFUL)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert "looks like a webhook" in evidence.not_verified
    assert "[[prove.messages]]" in evidence.unlock
    assert 'route = "POST /hooks/paid"' in evidence.unlock


def test_does_not_apply_where_nothing_takes_messages() -> None:
    """No mark, no row, and no address that looks like it."""
    assert _proof(HEAD).not_applicable


def test_holds_where_an_application_verifies_well_by_hand() -> None:
    """Eight forgeries of Stripe's form, each refused without an effect; the honest message is taken before and after."""
    evidence = _proof(CAREFUL, KEY)
    assert {o.outcome for o in evidence.observations} == {Outcome.HELD}
    assert {"an old message", "the same message again", "a message without a signature"} <= {o.attack for o in evidence.observations}
    assert all(o.control is not None for o in evidence.observations)


def test_holds_where_the_body_alone_is_signed_and_remembered() -> None:
    """GitHub's form: what it does not cover is not tried, and the last honest message is another one, or it would be a replay."""
    evidence = _proof(BODY_ALONE, dataclasses.replace(KEY, form="github"))
    assert {o.outcome for o in evidence.observations} == {Outcome.HELD}
    assert not {o.attack for o in evidence.observations} & {"an old message", "a message signed for another path"}


def test_finds_what_a_hand_written_check_forgets() -> None:
    """The signature is right, and neither time nor first use is looked at."""
    assert set(unguarded.broken(_proof(FORGETFUL, KEY))) == {"an old message", "a message of the future", "the same message again"}


@pytest.mark.parametrize("form", ["github", "stripe", "standard-webhooks", "slack", "ringwork", "hmac-hex:X-Signature"])
def test_finds_a_webhook_that_verifies_nothing(form: str) -> None:
    """Whatever is sent changes something, in every form; what a form does not cover is not tried."""
    key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYyE=" if form in {"standard-webhooks", "ringwork"} else KEY.key
    known = dataclasses.replace(KEY, form=form, key=key)
    found = set(unguarded.broken(_proof(OPEN, known)))
    assert {"a message without a signature", "a message whose body was altered", "the same message again"} <= found
    assert ("an old message" in found) == (form in {"stripe", "standard-webhooks", "slack", "ringwork"})
    assert ("a message signed for another path" in found) == (form == "ringwork")


def test_a_key_that_is_wrong_proves_nothing() -> None:
    """Every forgery is refused, and so is the honest message: not verified, and says where to look."""
    evidence = _proof(CAREFUL, dataclasses.replace(KEY, key="a secret of somebody else"))
    assert [o.outcome for o in evidence.observations] == [Outcome.UNTRIED]
    assert "check key, form and body" in evidence.observations[0].detail
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
