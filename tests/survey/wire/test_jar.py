from __future__ import annotations

import pytest

from ringwork.survey.wire.jar import Jar, Reach

HOST = "shop.example"


def _sent(header, *, host=HOST, path="/", secure=True, reach=Reach.SAME_SITE):
    jar = Jar()
    jar.take(header, host=HOST, path="/", secure=True)
    return jar.header(host=host, path=path, secure=secure, reach=reach)


@pytest.mark.parametrize(
    ("same_site", "reach", "is_sent"),
    [
        ("; SameSite=Strict", Reach.SAME_SITE, True),
        ("; SameSite=Strict", Reach.CROSS_SITE_NAVIGATION, False),
        ("; SameSite=Strict", Reach.CROSS_SITE, False),
        ("; SameSite=Lax", Reach.CROSS_SITE_NAVIGATION, True),
        ("; SameSite=Lax", Reach.CROSS_SITE, False),
        ("; SameSite=None", Reach.CROSS_SITE, True),
        ("", Reach.CROSS_SITE_NAVIGATION, True),
        ("", Reach.CROSS_SITE, True),
    ],
)
def test_sends_a_cookie_only_as_far_as_its_same_site_word_lets_it(same_site, reach, is_sent):
    """A cookie without the word goes everywhere, as in the weakest common browser."""
    assert _sent(f"key=1; Secure{same_site}", reach=reach) == ("key=1" if is_sent else "")


def test_keeps_a_secure_cookie_off_plain_http():
    """Nobody on the wire reads it."""
    assert _sent("key=1; Secure", secure=False) == ""


@pytest.mark.parametrize(("path", "is_sent"), [("/admin", True), ("/admin/users", True), ("/administrator", False), ("/", False)])
def test_keeps_to_the_path(path, is_sent):
    """Whole segments count, no prefix of a word."""
    assert bool(_sent("key=1; Path=/admin", path=path)) is is_sent


@pytest.mark.parametrize(
    ("header", "host", "is_sent"),
    [
        ("key=1", "www.shop.example", False),
        ("key=1; Domain=shop.example", "www.shop.example", True),
        ("key=1; Domain=shop.example", "evilshop.example", False),
        ("key=1; Domain=other.example", "shop.example", False),
    ],
)
def test_keeps_to_the_domain(header, host, is_sent):
    """Without Domain only the very host gets it; a foreign Domain is not taken."""
    assert bool(_sent(header, host=host)) is is_sent


@pytest.mark.parametrize(
    "header",
    [
        "__Host-key=1; Path=/",
        "__Host-key=1; Secure",
        "__Host-key=1; Secure; Path=/a",
        "__Host-key=1; Secure; Path=/; Domain=shop.example",
        "__Secure-key=1; Path=/",
        "key=1; SameSite=None",
    ],
)
def test_refuses_what_browsers_refuse(header):
    """A prefix promises attributes, and SameSite=None asks for Secure."""
    assert _sent(header) == ""


def test_takes_a_prefixed_cookie_that_keeps_its_promise():
    """The honest opposite."""
    assert _sent("__Host-key=1; Secure; Path=/; HttpOnly") == "__Host-key=1"


@pytest.mark.parametrize("ending", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_forgets_a_cookie_that_is_deleted(ending):
    """A logout takes the session out of the browser."""
    jar = Jar()
    for header in ("key=1; Path=/", f"key=; Path=/; {ending}"):
        jar.take(header, host=HOST, path="/", secure=True)
    assert jar.header(host=HOST, path="/", secure=True) == ""
    assert len(jar.seen) == 2


def test_puts_the_longer_path_first():
    """As RFC 6265, 5.4 orders them."""
    jar = Jar()
    jar.take("a=1; Path=/", host=HOST, path="/", secure=True)
    jar.take("b=2; Path=/shop", host=HOST, path="/", secure=True)
    assert jar.header(host=HOST, path="/shop", secure=True) == "b=2; a=1"
