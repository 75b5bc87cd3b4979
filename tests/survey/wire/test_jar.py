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
        ("; SameSite=None", Reach.CROSS_SITE_NAVIGATION, True),
        ("; SameSite=Sometimes", Reach.CROSS_SITE, True),
        ("", Reach.CROSS_SITE_NAVIGATION, True),
        ("", Reach.SAME_SITE, True),
        ("", Reach.CROSS_SITE, True),
    ],
)
def test_sends_a_cookie_only_as_far_as_its_same_site_word_lets_it(same_site, reach, is_sent):
    """A cookie without the word, or with one that nobody knows, goes everywhere, as in the weakest common browser."""
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
        "__Host-key=path=; Secure",
        "__host-key=1; Secure; Path=/a",
        "__SECURE-key=1; Path=/",
        "__Host-key=1; Secure; Path=/a",
        "__Host-key=1; Secure; Path=/; Domain=shop.example",
        "__Secure-key=1; Path=/",
        "key=1; SameSite=None",
    ],
)
def test_refuses_what_browsers_refuse(header):
    """A prefix promises attributes, and SameSite=None asks for Secure."""
    assert _sent(header) == ""


@pytest.mark.parametrize("attributes", ["Secure; Path=/; HttpOnly", "secure; PATH = /"])
def test_takes_a_prefixed_cookie_that_keeps_its_promise(attributes):
    """The honest opposite, however the attributes are spelt."""
    assert _sent(f"__Host-key=1; {attributes}") == "__Host-key=1"


def test_takes_no_secure_cookie_from_plain_http():
    """An attacker on the wire plants no cookie that looks safe."""
    jar = Jar()
    assert jar.take("key=1; Secure", host=HOST, path="/", secure=False) is None
    assert jar.header(host=HOST, path="/", secure=True) == ""


@pytest.mark.parametrize(
    "ending",
    ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=never; Expires=Thu, 01-Jan-1970 00:00:00 GMT"],
)
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


def test_prefers_max_age_to_expires():
    """A cookie that lives by the one does not die by the other."""
    assert _sent("key=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT") == "key=1"


def test_sends_a_cookie_until_its_time_is_over():
    """A session that has run out is no way in."""
    cookie = Jar().take("key=1; Max-Age=60", host=HOST, path="/", secure=True)
    assert cookie is not None
    assert cookie.expires is not None
    asked = {"host": HOST, "path": "/", "secure": True, "reach": Reach.SAME_SITE}
    assert cookie.sent(**asked, now=cookie.expires - 1)
    assert not cookie.sent(**asked, now=cookie.expires)


@pytest.mark.parametrize("ending", ["Max-Age=soon", "Expires=tomorrow", "Max-Age=" + "9" * 400, "Max-Age="])
def test_keeps_a_cookie_whose_end_is_unreadable_for_the_session(ending):
    """Nonsense of an application is no fault of the run."""
    assert _sent(f"key=1; {ending}") == "key=1"


@pytest.mark.parametrize(("page", "kept"), [("/", "/"), ("/login", "/"), ("/shop/cart", "/shop"), ("/shop/", "/shop")])
def test_binds_a_cookie_without_path_to_the_folder_of_its_page(page, kept):
    """As RFC 6265, 5.1.4 says."""
    cookie = Jar().take("key=1", host=HOST, path=page, secure=True)
    assert cookie is not None
    assert cookie.path == kept


@pytest.mark.parametrize("header", ["", "=1; Path=/", "key; Path=/"])
def test_takes_no_cookie_without_a_name(header):
    """There is nothing to send."""
    assert _sent(header) == ""


def test_finds_a_cookie_with_or_without_its_prefix():
    """The application's plain name and the name on the wire mean the same cookie."""
    jar = Jar()
    jar.take("__Host-key=1; Secure; Path=/", host=HOST, path="/", secure=True)
    assert jar.get("key") is jar.get("__Host-key") is not None


def test_keeps_a_copy_apart():
    """What one browser forgets the other still holds."""
    jar = Jar()
    jar.take("key=1", host=HOST, path="/", secure=True)
    jar.copy().cookies.clear()
    assert jar.get("key") is not None
