"""Redirects leave the site only for listed places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.enforce.browser.open_redirect import GUARD, OpenRedirectSettings, leads_to, safe_path
from ringwork.enforce.guard import Refusal, Site
from ringwork.exchange import Header
from tests.enforce.making import LOOPBACK, ask, leave, make_route, make_site

SETTINGS = OpenRedirectSettings(targets=("https://login.partner.example", "https://pay.example:8443"))
SITE = make_site(hosts=frozenset({b"clinic.example", b"www.clinic.example"}))
PLAIN_HTTP = make_site(canonical_origin="http://localhost:8000", hosts=frozenset({b"localhost:8000"}))

FOREIGN = [
    b"https://evil.invalid",
    b"https://evil.invalid/",
    b"//evil.invalid",
    b"https://clinic.example.evil.invalid/",
    b"https://notclinic.example/",
    b"https://clinic.example:8443/",
    b"https://clinic.example%2eevil.invalid/",
    b"https://login.partner.example.evil.invalid",
    b"http://login.partner.example",
    b"https://login.partner.example:8443",
    b"https://pay.example",
    b"https://evil.invalid?https://clinic.example",
    b"https://evil.invalid#clinic.example",
    b" \t//evil.invalid",
    b"\x00\x1fhttps://evil.invalid",
    b"/\t/evil.invalid",
    b"h\nttps://evil.invalid",
    b"\xef\xbc\x8f//evil.invalid\xff".replace(b"\xef\xbc\x8f", b""),
]
SPELLED = [
    b"/\\evil.invalid",
    b"\\\\evil.invalid",
    b"\\/evil.invalid",
    b"/\t\\evil.invalid",
    b"///evil.invalid",
    b"////evil.invalid",
    b"//\\evil.invalid",
    b"https:evil.invalid",
    b"https:/evil.invalid",
    b"https:///evil.invalid",
    b"https:\\\\evil.invalid",
    b"https://clinic.example@evil.invalid",
    b"https://clinic.example:443@evil.invalid/",
    b"//user:word@clinic.example/",
    b"https://",
    b"//",
]
RUNS = [
    b"javascript:alert(1)",
    b"JaVaScRiPt:alert(1)",
    b"java\tscript:alert(1)",
    b" data:text/html,x",
    b"vbscript:x",
    b"file:///etc",
    b"x-app://a",
]
OWN = [
    b"/",
    b"",
    b"/notes?next=https://evil.invalid",
    b"/notes//evil.invalid",
    b"notes",
    b"./notes",
    b"../",
    b"?page=2",
    b"#top",
    b"/a\\b",
    b"https://clinic.example/notes",
    b"HTTPS://CLINIC.example:443",
    b"http://clinic.example/notes",
    b"//www.clinic.example/notes",
    b"https://login.partner.example/start?x=1",
    b"https://login.partner.example:443/start",
    b"//pay.example:8443/x",
]


def judged(
    location: bytes, *, status: int = 302, site: Site = SITE, name: bytes = b"location", host: bytes = b"clinic.example"
) -> Refusal | None:
    """What the guard says to one redirect."""
    judge = GUARD.plan(SETTINGS, site, make_route("/go")).judge
    assert judge is not None
    headers: list[Header] = [(b"content-type", b"text/html"), (name, location)]
    return judge(ask(host=host), status, headers)


@pytest.mark.parametrize("location", OWN)
def test_lets_a_redirect_stay_on_the_site_or_go_to_a_listed_place(location: bytes) -> None:
    """The honest redirect passes, as a path or with the site's own name in any of its spellings."""
    assert judged(location) is None


@pytest.mark.parametrize("location", FOREIGN)
def test_refuses_a_foreign_place(location: bytes) -> None:
    """A whole origin is compared, after what browsers take out was taken out."""
    refusal = judged(location)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (400, "foreign-target")
    assert "GET,POST /go" in refusal.detail


@pytest.mark.parametrize("location", SPELLED)
def test_trap_29_refuses_what_browsers_and_servers_read_differently(location: bytes) -> None:
    """Rule: backslash, surplus slashes, missing slashes and user information are never repaired, only refused."""
    refusal = judged(location)
    assert refusal is not None
    assert refusal.reason == "spelling"


@pytest.mark.parametrize("location", RUNS)
def test_refuses_what_runs_instead_of_leading(location: bytes) -> None:
    """No other scheme than http and https is an address of a redirect."""
    refusal = judged(location)
    assert refusal is not None
    assert refusal.reason == "scheme"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
def test_looks_at_every_status_that_a_browser_follows(status: int) -> None:
    """Each kind of redirect leads away alike."""
    assert judged(b"https://evil.invalid", status=status) is not None


@pytest.mark.parametrize("status", [200, 201, 304, 404])
def test_leaves_a_location_that_nobody_follows(status: int) -> None:
    """A 201 names what was made; it leads nobody anywhere."""
    assert judged(b"https://evil.invalid", status=status) is None


def test_looks_at_both_of_two_locations() -> None:
    """Browsers differ in which of two they follow."""
    judge = GUARD.plan(SETTINGS, SITE, None).judge
    assert judge is not None
    assert judge(ask(), 302, [(b"Location", b"/"), (b"location", b"https://evil.invalid")]) is not None


@pytest.mark.parametrize(
    "value",
    [
        b"0;url=https://evil.invalid",
        b"5; URL='//evil.invalid'",
        b'0,"https://evil.invalid"',
        b"0 https://evil.invalid",
        b"0.5;url = //evil.invalid",
    ],
)
def test_refuses_a_refresh_that_leads_away(value: bytes) -> None:
    """The Refresh header leads away under any status."""
    assert judged(value, status=200, name=b"Refresh") is not None


@pytest.mark.parametrize("value", [b"5", b"5;", b"5; url=/status", b"0;url=https://clinic.example/", b"nonsense"])
def test_keeps_a_refresh_of_the_own_page(value: bytes) -> None:
    """A page that asks for itself again is no redirect to elsewhere."""
    assert judged(value, status=200, name=b"refresh") is None


def test_counts_the_asked_host_as_own_while_nothing_is_configured() -> None:
    """On a developer's machine the frameworks' absolute redirects work without any setting."""
    site = make_site(**LOOPBACK)
    assert judged(b"http://localhost:8000/notes/", site=site, host=b"localhost:8000") is None
    assert judged(b"http://localhost:9000/", site=site, host=b"localhost:8000") is not None
    assert judged(b"http://evil.invalid/", site=site, host=b"localhost:8000") is not None


def test_sends_a_frameworks_plain_http_redirect_over_https() -> None:
    """Behind a proxy frameworks believe in http; the redirect must not send path and cookies in clear."""
    sent = leave(GUARD, SETTINGS, SITE, ask(), [(b"location", b"http://clinic.example:80/visiting/?a=1")], status=307)
    assert sent == [(b"location", b"https://clinic.example/visiting/?a=1")]


@pytest.mark.parametrize("location", [b"/visiting/", b"https://clinic.example/", b"http://other.example/"])
def test_leaves_other_locations_as_they_are(location: bytes) -> None:
    """Only the own name on plain http is written anew."""
    headers = [(b"vary", b"Accept"), (b"location", location)]
    assert leave(GUARD, SETTINGS, SITE, ask(), headers, status=302) == headers
    assert leave(GUARD, SETTINGS, SITE, ask(), headers, status=200) == headers


def test_a_site_on_plain_http_keeps_its_redirects() -> None:
    """A loopback origin on http has nothing to be upgraded to."""
    headers = [(b"location", b"http://localhost:8000/x")]
    assert leave(GUARD, SETTINGS, PLAIN_HTTP, ask(), headers, status=302) == headers
    assert judged(b"http://localhost:8000/x", site=PLAIN_HTTP) is None


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("https://Partner.example", "https://partner.example"),
        ("https://partner.example/path", "https://partner.example"),
        ("https://*.partner.example", "https://partner.example"),
        ("http://partner.example", "https://partner.example"),
        ("partner.example", "https://login.partner.example"),
        ("*", "https://login.partner.example"),
        ("null", "https://login.partner.example"),
    ],
)
def test_tells_what_to_write_instead_of_a_target_that_is_no_origin(target: str, meant: str) -> None:
    """Trap 9: patterns and parts of names are no settings."""
    (fault,) = GUARD.faults(OpenRedirectSettings(targets=(target,)))
    assert "targets[0]" in fault
    assert fault.endswith(f'such as "{meant}"')


@pytest.mark.parametrize("target", ["https://login.partner.example", "https://pay.example:8443", "http://localhost:3000"])
def test_takes_exact_targets(target: str) -> None:
    """Exact origins, and a developer's own machine."""
    assert not GUARD.faults(OpenRedirectSettings(targets=(target,)))


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("/notes", "/notes"),
        ("/notes?next=/x&a=b#part", "/notes?next=/x&a=b#part"),
        ("/nötes?q=ü#ä", "/n%C3%B6tes?q=%C3%BC#%C3%A4"),
        ("/a%2Fb", "/a%2Fb"),
        ("/notes?", "/notes?"),
        ("/", "/"),
    ],
)
def test_takes_a_path_of_this_site(value: str, path: str) -> None:
    """What begins with one slash is written anew, and leads where it did."""
    assert safe_path(value) == path


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        "notes",
        "//evil.invalid",
        "/\\evil.invalid",
        "\\/evil.invalid",
        "/.//evil.invalid",
        "/notes//x",
        "https://evil.invalid",
        "https://clinic.example/notes",
        "javascript:alert(1)",
        " /notes",
        "/\t/evil.invalid",
        "/notes\r\nSet-Cookie: a=b",
        "/no tes",
        "/notes\u2028",
        "/" + "a" * 2048,
    ],
)
def test_trap_29_a_next_parameter_gives_the_default_for_all_else(value: object) -> None:
    """Rule: only a path that begins with exactly one slash is taken, and it is written anew."""
    assert safe_path(value, "/home") == "/home"
    assert safe_path(value) == "/"


@given(st.text(alphabet=st.sampled_from("/\\:@?#.%\t\n \x00aehtpsvil"), max_size=24))
def test_no_path_that_is_handed_out_leads_away(value: str) -> None:
    """Whatever comes in, what goes out is a path that every browser keeps on the site."""
    path = safe_path(value)
    assert judged(path.encode("ascii")) is None
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert safe_path(path) == path


@given(st.binary(max_size=40))
def test_every_location_is_judged_without_a_fault(location: bytes) -> None:
    """Hostile bytes end as a decision, never as an exception, and blanks in front change nothing."""
    assert leads_to(location) == leads_to(b" \x01" + location)


@pytest.mark.parametrize("location", [b" http://clinic.example/x", b"ht\ttp://clinic.example/x", b"https://clinic.example/x\x01"])
def test_stops_an_address_of_this_site_that_a_browser_has_to_repair(location: bytes) -> None:
    """It leads home in clear where its scheme is hidden from the upgrade to https, and no honest server writes one."""
    refusal = judged(location)
    assert refusal is not None
    assert refusal.reason == "spelling"
