"""The witness signs as the published formats say: what it makes is taken by the guard's own readers, and its forgeries are not."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from ringwork.crypto.links import Links
from ringwork.crypto.message_signatures import Message
from ringwork.crypto.webhooks import FORMS, SenderKeys, form_of
from ringwork.errors import TagWrong
from ringwork.secret import Secret
from ringwork.survey.wire import signing
from ringwork.survey.wire.signing import Written

KEY = base64.b64encode(b"k" * 32).decode()
BODY = b'{"paid": 7}'


def _written(form: str) -> Written:
    return Written(
        form=form,
        key=f"whsec_{KEY}" if form == "standard-webhooks" else KEY,
        method="POST",
        authority="shop.example:443",
        path="/hook?of=7",
        at=1_800_000_000.0,
        body=BODY,
        purpose="paid 1",
    )


def _is_taken(form: str, headers: list[tuple[str, str]], body: bytes = BODY) -> bool:
    found = dict(headers)
    known = form_of(form)
    assert known is not None
    message = Message(method="POST", scheme="https", authority="shop.example", path=b"/hook", query=b"of=7")
    try:
        claim = known.read(message, lambda name: found[name.decode()].encode() if name.decode() in found else None)
        assert claim is not None
        SenderKeys(known, [Secret(_written(form).key.encode())]).require(claim, body)
    except TagWrong:
        return False
    return True


@pytest.mark.parametrize("form", [*FORMS, "hmac-hex:X-Signature", "hmac-base64:X-Signature"])
def test_signs_what_the_other_side_takes(form: str) -> None:
    """Two codes from one published format; the second is never asked by the first."""
    honest = signing.signed(_written(form))
    assert _is_taken(form, honest)
    assert not _is_taken(form, honest, BODY + b" ")
    assert not _is_taken(form, signing.cut(honest))
    assert not _is_taken(form, signing.signed(signing.other_key(_written(form))))


def test_a_form_covers_what_it_says() -> None:
    """A message signed for another place or method is refused where the form covers them, and only there."""
    for form in FORMS:
        for changed in ({"path": "/other"}, {"method": "PUT"}):
            other = dataclasses.replace(_written(form), **changed)  # type: ignore[arg-type]  # one text field at a time
            assert _is_taken(form, signing.signed(other)) == (form not in signing.PLACED)


def test_signs_links_as_the_site_does() -> None:
    """From the base64 of the site's key."""
    link = signing.linked(KEY, "/visits/7", "calendar 1", until=1_800_000_600)
    links = Links(Secret(b"k" * 32))
    assert links.follow(b"/visits/7", link.partition("?")[2].encode(), "calendar 1", now=1_800_000_000).until == 1_800_000_600
    assert link == links.issue("/visits/7", "calendar 1", until=1_800_000_600)


def test_refuses_a_form_that_nobody_knows() -> None:
    """Rather than sending something that means nothing."""
    with pytest.raises(ValueError, match="no form"):
        signing.signed(dataclasses.replace(_written("github"), form="gitlab"))
