"""Signed links of this site's own."""

from __future__ import annotations

import pytest

from ringwork.crypto.links import Links
from ringwork.errors import OutOfTime, TagWrong
from ringwork.secret import Secret

LINKS = Links(Secret(b"k" * 32))
PURPOSE, UNTIL, NOW = "calendar 1", 1_800_000_600, 1_800_000_000.0


def _follow(link: str, *, purpose: str = PURPOSE, now: float = NOW, links: Links = LINKS, path: str = "/visits/7") -> int:
    return links.follow(path.encode(), link.partition("?")[2].encode(), purpose, now=now).until


@pytest.mark.parametrize("address", ["/visits/7", "/visits/7?as=ics", "/visits/7?a=1&b=%20"])
def test_a_link_opens_its_address_until_its_end(address: str) -> None:
    """With a query of its own or without one, up to the last second."""
    link = LINKS.issue(address, PURPOSE, until=UNTIL)
    assert link.startswith(address)
    assert _follow(link, now=UNTIL - 1) == UNTIL
    with pytest.raises(OutOfTime):
        _follow(link, now=UNTIL)


def test_a_path_is_spelled_as_browsers_send_it() -> None:
    """What is written as text leaves percent-encoded, and is one path with it."""
    link = LINKS.issue("/gr%C3%BC%C3%9Fe/a b", PURPOSE, until=UNTIL)
    assert link.startswith("/gr%C3%BC%C3%9Fe/a%20b?")
    assert _follow(link, path="/grüße/a b") == UNTIL


def test_refuses_every_letter_changed() -> None:
    """Query, end and tag; no twin of the last letter either."""
    link = LINKS.issue("/visits/7?as=ics", PURPOSE, until=UNTIL)
    for i in range(link.index("?") + 1, len(link)):
        for other in "A0&=":
            if other != link[i]:
                with pytest.raises(TagWrong):
                    _follow(link[:i] + other + link[i + 1 :])


def test_refuses_another_address_purpose_key_and_anything_added() -> None:
    """Carried over, put to another use, made by somebody else, or given one parameter more at either end."""
    link = LINKS.issue("/visits/7", PURPOSE, until=UNTIL)
    assert _follow(link) == UNTIL
    wrong = [
        {"link": link, "path": "/visits/8"},
        {"link": link, "purpose": "calendar 2"},
        {"link": link, "links": Links(Secret(b"o" * 32))},
        {"link": link.replace("?", "?a=1&")},
        {"link": link + "&a=1"},
        {"link": link[:-1]},
        {"link": "/visits/7"},
    ]
    for one in wrong:
        with pytest.raises(TagWrong):
            _follow(**one)  # type: ignore[arg-type]  # each is a set of named arguments


def test_two_links_never_share_an_id() -> None:
    """So that one that counts once does not use another one up."""
    ids = {
        LINKS.follow(path.encode(), LINKS.issue(path, PURPOSE, until=until).partition("?")[2].encode(), PURPOSE, now=NOW).unique
        for path in ("/a", "/b")
        for until in (UNTIL, UNTIL + 1)
    }
    assert len(ids) == 4


@pytest.mark.parametrize("address", ["visits/7", "https://evil.example/", "//evil.example/", "/a#b", "/a\\b", "/a\nb", "/a?ü", ""])
def test_refuses_to_sign_what_is_no_address_of_this_site(address: str) -> None:
    """A link leads nowhere else."""
    with pytest.raises(ValueError, match=r"path of this site|percent-encoded"):
        LINKS.issue(address, PURPOSE, until=UNTIL)


def test_signs_an_address_once() -> None:
    """A link is no address to be signed again."""
    with pytest.raises(ValueError, match="signed once"):
        LINKS.issue(LINKS.issue("/visits/7", PURPOSE, until=UNTIL), PURPOSE, until=UNTIL)
