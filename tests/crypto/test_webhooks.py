"""The forms of webhooks, held to what their makers publish."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringwork.clock import FixedClock
from ringwork.crypto.message_signatures import Message, MessageSigner
from ringwork.crypto.signatures import SigningKey
from ringwork.crypto.webhooks import FORMS, SenderKeys, form_of, public_key
from ringwork.errors import KeyUnusable, TagWrong
from ringwork.secret import Secret

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "webhooks_published.json").read_text())["cases"]
MESSAGE = Message(method="POST", scheme="https", authority="clinic.example", path=b"/hook")
SECRET = "a secret of the sender"
BODY = b'{"paid": 7}'


def _tag(signed: bytes, secret: bytes = SECRET.encode()) -> str:
    return hmac.digest(secret, signed, hashlib.sha256).hex()


def _verify(form: str, secret: str, headers: dict[str, str], body: bytes = BODY) -> bytes:
    claim = FORMS[form].read(MESSAGE, lambda name: headers[name.decode()].encode() if name.decode() in headers else None)
    assert claim is not None
    return SenderKeys(FORMS[form], [Secret(secret.encode())]).require(claim, body)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"]) for case in VECTORS])
def test_takes_the_published_message_and_no_other(case: dict[str, Any]) -> None:
    """Secret, headers and body as the sender's pages show them; a byte of the body changed is refused."""
    unique = _verify(case["case"], case["secret"], case["headers"], case["body"].encode())
    assert len(unique) == 32
    with pytest.raises(TagWrong):
        _verify(case["case"], case["secret"], case["headers"], case["body"].encode() + b" ")
    other = case["secret"][:-4] + ("AAAA" if case["case"] == "standard-webhooks" else "zzzz")
    with pytest.raises(TagWrong):
        _verify(case["case"], other, case["headers"], case["body"].encode())


def _stripe(*tags: str, at: str = "1800000000") -> dict[str, str]:
    return {"stripe-signature": ",".join([f"t={at}", *(f"v1={tag}" for tag in tags)])}


def test_takes_stripes_form_while_it_changes_its_secret() -> None:
    """Two v1 of two secrets: one that fits is enough, and the message counts once whichever it is."""
    signed = b"1800000000." + BODY
    good, other = _tag(signed), _tag(signed, b"the secret that comes next")
    ids = {_verify("stripe", SECRET, _stripe(*tags)) for tags in ((good,), (good, other), (other, good))}
    ids.add(_verify("stripe", "the secret that comes next", _stripe(other)))
    assert len(ids) == 1
    with pytest.raises(TagWrong):
        _verify("stripe", SECRET, _stripe(other))


def test_takes_no_test_scheme_of_stripe() -> None:
    """v0 is for events of test mode, and a downgrade."""
    with pytest.raises(TagWrong):
        _verify("stripe", SECRET, {"stripe-signature": f"t=1800000000,v0={_tag(b'1800000000.' + BODY)}"})


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("github", {"x-hub-signature-256": "sha1=" + "0" * 40}),
        ("github", {"x-hub-signature-256": "0" * 64}),
        ("github", {"x-hub-signature-256": "sha256=" + "A" * 64}),
        ("github", {"x-hub-signature-256": "sha256=" + "0" * 63}),
        ("stripe", {"stripe-signature": ""}),
        ("stripe", {"stripe-signature": "t=1,t=2,v1=" + "0" * 64}),
        ("stripe", {"stripe-signature": "t=-1,v1=" + "0" * 64}),
        ("stripe", {"stripe-signature": "t=1" + (",v1=" + "0" * 64) * 9}),
        ("stripe", {"stripe-signature": "t=1,v1=" + "0" * 64 + " " * 2000}),
        ("standard-webhooks", {"webhook-id": "a.1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}),
        ("standard-webhooks", {"webhook-id": "a", "webhook-timestamp": "1.5", "webhook-signature": "v1,AAAA"}),
        ("standard-webhooks", {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v2,AAAA"}),
        ("standard-webhooks", {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,AAB="}),
        ("standard-webhooks", {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,?"}),
        ("slack", {"x-slack-signature": "v1=" + "0" * 64, "x-slack-request-timestamp": "1"}),
        ("slack", {"x-slack-signature": "v0=" + "0" * 64, "x-slack-request-timestamp": "now"}),
    ],
)
def test_refuses_what_is_not_of_the_form(form: str, headers: dict[str, str]) -> None:
    """Other versions, other spellings, two times, an id with the dividing dot."""
    with pytest.raises(TagWrong):
        FORMS[form].read(MESSAGE, lambda name: headers.get(name.decode(), "").encode() if name.decode() in headers else None)


@pytest.mark.parametrize("form", FORMS)
def test_finds_no_claim_where_there_is_no_signature(form: str) -> None:
    """Nothing signed is told from something garbled."""
    assert FORMS[form].read(MESSAGE, lambda name: None) is None


def test_a_standard_webhook_may_be_signed_by_ed25519() -> None:
    """v1a, with a public key that the sender publishes."""
    key = SigningKey(Secret(b"\x05" * 32))
    signature = base64.b64encode(key.sign_raw(b"msg_1.1800000000." + BODY)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1800000000", "webhook-signature": f"v1a,{signature}"}
    form = FORMS["standard-webhooks"]
    claim = form.read(MESSAGE, lambda name: headers[name.decode()].encode())
    assert claim is not None
    published = "whpk_" + base64.b64encode(key.verify_key.to_bytes()).decode()
    assert SenderKeys(form, [], [public_key(published)]).require(claim, BODY)
    with pytest.raises(TagWrong):
        SenderKeys(form, [], [SigningKey.generate().verify_key]).require(claim, BODY)
    # A public key is never a secret: the same bytes under HMAC fit nothing.
    forged = base64.b64encode(hmac.digest(key.verify_key.to_bytes(), b"msg_1.1800000000." + BODY, hashlib.sha256)).decode()
    headers["webhook-signature"] = f"v1,{forged}"
    claim = form.read(MESSAGE, lambda name: headers[name.decode()].encode())
    assert claim is not None
    with pytest.raises(TagWrong):
        SenderKeys(form, [], [key.verify_key]).require(claim, BODY)


def test_the_own_form_asks_the_key_that_is_named() -> None:
    """Two keys of one sender: the one that is named fits, and no other is tried; the digest has to be the body's."""
    first, second = (base64.b64encode(letter * 32) for letter in (b"a", b"b"))
    keys = SenderKeys(FORMS["ringwork"], [Secret(first), Secret(second)])
    sent = MessageSigner(Secret(b"b" * 32), purpose="p 1", clock=FixedClock()).sign("POST", "https://clinic.example/hook", BODY)
    lowered = {name.lower(): value for name, value in sent.items()}
    claim = FORMS["ringwork"].read(MESSAGE, lambda name: lowered[name.decode()].encode())
    assert claim is not None
    assert claim.purpose == "p 1"
    assert keys.require(claim, BODY)
    with pytest.raises(TagWrong):
        SenderKeys(FORMS["ringwork"], [Secret(first)]).require(claim, BODY)
    with pytest.raises(TagWrong, match="Content-Digest"):
        keys.require(claim, BODY + b" ")


@pytest.mark.parametrize(
    ("form", "secret", "word"),
    [
        ("ringwork", "no base64!", "openssl rand"),
        ("ringwork", "c2hvcnQ=", "too short"),
        ("github", "short", "can be guessed"),
        ("stripe", "whsec_", "can be guessed"),
        ("standard-webhooks", "whsec_?", "whsec_"),
        ("standard-webhooks", "whsec_c2hvcnQ=", "can be guessed"),
    ],
)
def test_refuses_a_secret_that_the_form_cannot_have(form: str, secret: str, word: str) -> None:
    """The error says what to write, and nothing of the secret."""
    with pytest.raises(KeyUnusable, match=word):
        SenderKeys(FORMS[form], [Secret(secret.encode())])


@pytest.mark.parametrize("text", ["ed25519:?", "ed25519:AAAA", "whpk_?", "whpk_AAAA"])
def test_refuses_a_public_key_that_is_none(text: str) -> None:
    """Written wrongly, or of another length."""
    with pytest.raises(KeyUnusable):
        public_key(text)


@pytest.mark.parametrize(
    ("form", "encode"), [("hmac-hex:X-Signature", bytes.hex), ("hmac-base64:X-Signature", lambda tag: base64.b64encode(tag).decode())]
)
def test_takes_an_hmac_of_the_body_in_a_header_of_the_senders_choice(form: str, encode: Callable[[bytes], str]) -> None:
    """What most senders do by hand: the body alone, in one spelling."""
    found = form_of(form)
    assert found is not None
    keys = SenderKeys(found, [Secret(SECRET.encode())])
    good = encode(hmac.digest(SECRET.encode(), BODY, hashlib.sha256))
    claim = found.read(MESSAGE, {b"x-signature": good.encode()}.get)
    assert claim is not None
    assert keys.require(claim, BODY)
    with pytest.raises(TagWrong):
        keys.require(claim, BODY + b" ")
    for wrong in (good[:-1], good + "0", "sha256=" + good, "\xff"):
        with pytest.raises(TagWrong):
            found.read(MESSAGE, {b"x-signature": wrong.encode("latin-1")}.get)
    assert found.read(MESSAGE, {b"other": good.encode()}.get) is None


@pytest.mark.parametrize("named", ["hmac-hex", "hmac-hex:", "hmac-hex:two words", "hmac-hex:X_Signature", "hmac-md5:X-Signature", "gitlab"])
def test_knows_no_form_without_its_header(named: str) -> None:
    """A form is written whole, or it is none."""
    assert form_of(named) is None


def test_no_key_is_no_keys() -> None:
    """A sender without any key can be told."""
    assert not SenderKeys(FORMS["github"], [])
