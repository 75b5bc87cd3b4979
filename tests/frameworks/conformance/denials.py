"""Every reason for which ringwork refuses, the request that meets it, and what the client gets: the same on every framework.

What one framework or its interface answers otherwise stands in `elsewhere`, with the reason; the table of docs/frameworks.md is made
from here, and test_denials.py holds each line true.
"""

from __future__ import annotations

import base64
import dataclasses
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import ringwork
from ringwork.clock import FixedClock
from ringwork.crypto.links import Links
from ringwork.crypto.message_signatures import MessageSigner
from ringwork.enforce.browser.cors import CorsSettings, SharedRoute
from ringwork.enforce.browser.csrf import CsrfSettings
from ringwork.enforce.data.message_integrity import MessageIntegritySettings, Sender
from ringwork.enforce.network.rate_limiting import RateClass, RateLimitingSettings, RouteClass
from ringwork.enforce.network.request_limits import RequestLimitsSettings
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.enforce.transport.mutual_tls import MutualTlsSettings, Service
from ringwork.errors import StoreDown
from ringwork.policy.policy import Mode
from ringwork.secret import Secret
from ringwork.stores.memory import MemorySpentTokens
from ringwork.survey.wire import forge
from tests.frameworks.clients.replies import sending
from tests.frameworks.hosts import FRAMEWORKS, ORIGIN, Host, Reply, cookies_of

APP, OTHER = "https://app.example", "https://other.example"
ALICE = {"Cookie": "__Host-user=alice"}
ERIN = {"Cookie": "__Host-user=erin"}
SAME_SITE = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
FORM = {**SAME_SITE, "Content-Type": "application/x-www-form-urlencoded"}
JSON = {**SAME_SITE, "Content-Type": "application/json"}
REPORTS = "/.ringwork/csp-reports"
REPORT = {"Content-Type": "application/csp-report"}


class Store(MemorySpentTokens):
    """A store of spent tokens that fails as a test says; it is asked as one that touches a disk."""

    fault: Exception | None = None

    @property
    def blocking(self) -> bool:
        return True

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        if self.fault is not None:
            raise self.fault
        return super().claim(token_id, now=now, until=until)


class Unreadable(frozenset[str]):
    """Roles on which every decision raises."""

    def __iter__(self) -> Any:
        raise LookupError("the roles cannot be read")


def identify(request: Any) -> ringwork.Principal | None:
    """The user of a cookie, with a session; one of them has roles that cannot be read, one a loader that raises."""
    cookies = cookies_of(request)
    name = cookies.get("user")
    if name == "broken":
        raise LookupError("the user table is gone")
    if name is None:
        return None
    roles = Unreadable({"admin"}) if name == "unreadable" else frozenset({"admin"} if name == "erin" else {"patient"})
    return ringwork.Principal(id=name, roles=roles, session=cookies.get("session"))


SITE_KEY, SENDER_KEY = Secret(b"s" * 32), Secret(b"l" * 32)
MESSAGES = MessageIntegritySettings(
    senders=(Sender(name="laboratory", secrets=(Secret(base64.b64encode(SENDER_KEY.reveal())),)),), body_bytes=1000
)


def usual() -> dict[str, Any]:
    """Settings under which most reasons can be met, small so that tests are quick; a clock that stands."""
    return {
        "clock": FixedClock(),
        "store": Store(),
        "identify": identify,
        "cors": CorsSettings(origins=(APP,), methods=("GET", "PUT"), routes=(SharedRoute(route="GET,PUT /own-items", origins=(OTHER,)),)),
        "trusted_origins": (APP, OTHER),
        "trusted_proxies": TrustedProxiesSettings(proxies=("10.0.0.7",)),
        "mutual_tls": MutualTlsSettings(services=(Service(name="spiffe://clinic.example/laboratory"),), header="client-cert"),
        "request_limits": RequestLimitsSettings(
            body_bytes=2000, form_fields=10, json_depth=5, url_bytes=300, headers=20, header_bytes=2048, seconds=20.0, concurrent=50
        ),
        "rate_limiting": RateLimitingSettings(
            arriving=("30 per minute",),
            classes=(
                RateClass(name="default", by_address=("4 per minute",), by_principal=("6 per minute",)),
                RateClass(name="login", by_address=("8 per minute",), by_account=("1 per minute",), when_down="refuse"),
            ),
            routes=(RouteClass(route="POST /unset", limit="none", reason="the suite"),),
        ),
        "csrf": CsrfSettings(form_limit_bytes=1024),
        "message_integrity": MESSAGES,
        "key": SITE_KEY,
        "mode": Mode.ENFORCE,
    }


SETTINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "usual": usual,
    "unconfigured": lambda: {"origin": "", "identify": identify},
    "hasty": lambda: {"request_limits": RequestLimitsSettings(seconds=0.05)},
    "crowded": lambda: {"request_limits": RequestLimitsSettings(concurrent=1)},
}
"""By name, the settings of the hosts that denials are asked of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Otherwise:
    """What is the case in one framework or interface instead, and why.

    control, reason, status: of the refusal there; without a status there is none. shown: the test elsewhere that shows what holds then.
    """

    because: str
    control: str = ""
    reason: str = ""
    status: int = 0
    shown: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Denial:
    """One reason.

    asks: sends what has to be refused, after whatever has to come first. after: the handler has run, and its answer is taken back.
    hsts: whether the answer tells of it: not in clear, and not where only this machine is served.
    """

    control: str
    reason: str
    status: int
    asks: Callable[[Host], Reply]
    settings: str = "usual"
    after: bool = False
    hsts: bool = True
    elsewhere: Mapping[str, Otherwise] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """Control and reason."""
        return f"{self.control}/{self.reason}"

    def otherwise(self, framework: str) -> Otherwise | None:
        """What holds in this framework instead, or None."""
        return self.elsewhere.get(framework) or self.elsewhere.get(FRAMEWORKS[framework].INTERFACE)

    def is_met(self, framework: str) -> bool:
        """Whether anything is refused there for this reason or another one."""
        otherwise = self.otherwise(framework)
        return otherwise is None or bool(otherwise.status)


def form_of(host: Host, headers: Mapping[str, str] = ALICE) -> tuple[str, str]:
    """A token of the page's form, and the cookie that binds it."""
    page = host.ask("GET", "/form", headers)
    token = page.text.split('value="')[1].split('"')[0]
    return token, next(cookie.split(";")[0] for cookie in page.all("set-cookie") if "csrf" in cookie)


def spend(
    host: Host, token: str, binding: str, *, cookie: str = ALICE["Cookie"], path: str = "/write", headers: Mapping[str, str] = FORM
) -> Reply:
    """Send the form."""
    body = f"csrf_token={token}&text=hello".encode()
    return host.ask("POST", path, {**headers, "Cookie": f"{cookie}; {binding}"}, body)


def spent_twice(host: Host) -> Reply:
    """The same token again."""
    token, binding = form_of(host)
    assert spend(host, token, binding).status == 200
    host.forget()
    return spend(host, token, binding)


def late(host: Host) -> Reply:
    """A token of the day before yesterday."""
    token, binding = form_of(host)
    host.policy.clock.advance(100_000)
    return spend(host, token, binding)


def while_the_store_fails(host: Host) -> Reply:
    """A form whose token the store cannot spend."""
    store = host.policy.store
    token, binding = form_of(host)
    store.fault = StoreDown("planted")
    try:
        return spend(host, token, binding)
    finally:
        store.fault = None


def message(
    body: bytes = b"{}", *, path: str = "/hook", purpose: str = "result 1", late: float = 0.0, sent: bytes | None = None, **more: str
) -> Callable[[Host], Reply]:
    """A message of the laboratory. late: how long it was on the way. sent: another body. more: headers in place of its own."""

    def ask(host: Host) -> Reply:
        clock = FixedClock(host.policy.clock.now() - late)
        signed = MessageSigner(SENDER_KEY, purpose=purpose, clock=clock).sign("POST", ORIGIN + path, body)
        headers = {**signed, "Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in more.items()}}
        reply: Reply = host.ask("POST", path, headers, body if sent is None else sent)
        return reply

    return ask


def message_twice(host: Host) -> Reply:
    """The same message again, byte for byte."""
    signed = MessageSigner(SENDER_KEY, purpose="result 1", clock=host.policy.clock).sign("POST", f"{ORIGIN}/hook", b"{}")
    headers = {**signed, "Content-Type": "application/json"}
    assert host.ask("POST", "/hook", headers, b"{}").text == "written"
    host.forget()
    return host.ask("POST", "/hook", headers, b"{}")


def message_while_the_store_fails(host: Host) -> Reply:
    """A message that nobody can tell from one that was there before."""
    host.policy.store.fault = StoreDown("planted")
    try:
        return message()(host)
    finally:
        host.policy.store.fault = None


def link(*, to: str = "/calendar", left: int = 60) -> Callable[[Host], Reply]:
    """A link that this site has made for some address, followed at another."""

    def ask(host: Host) -> Reply:
        made = Links(SITE_KEY).issue(to, "calendar 1", until=int(host.policy.clock.now()) + left)
        return host.ask("GET", "/calendar?" + made.partition("?")[2])

    return ask


def in_a_crowd(host: Host) -> Reply:
    """A request while another one is under way, whose client stalls, and leaves afterwards."""
    reply: Reply = host.client.beside(sending("POST", "/unset", pieces=(b"a",), stalls=True), sending("GET", "/ok"))
    host.events[:] = [event for event in host.events if event.reason != "answered"]
    return reply


def proxied(*names: str, **how: Any) -> Callable[[Host], Reply]:
    """A caller behind a trusted proxy, which tells whose certificate it has checked; good for long, since the clock stands."""
    certificate = forge.make_authority().client(names, **{"days": (-9999, 9999), **how})[0].decode("ascii")
    return get("/ok", {"Client-Cert": f":{base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate)).decode()}:"}, peer="10.0.0.7")


def again(times: int, *asked: Any, **more: Any) -> Callable[[Host], Reply]:
    """The last of many requests alike."""

    def ask(host: Host) -> Reply:
        for _ in range(times - 1):
            host.ask(*asked, **more)
        host.forget()
        return host.ask(*asked, **more)

    return ask


def preflight(origin: str = APP, method: str = "PUT", headers: str = "content-type", **more: str) -> Callable[[Host], Reply]:
    """What a browser asks before."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return lambda host: host.ask("OPTIONS", "/items", {**asked, **{name.replace("_", "-"): value for name, value in more.items()}})


def write(headers: Mapping[str, str] | list[tuple[str, str]], body: bytes = b"{}") -> Callable[[Host], Reply]:
    """A state change with these headers, of somebody signed in."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
    return lambda host: host.ask("POST", "/write", [*ALICE.items(), *pairs], body)


def get(path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Callable[[Host], Reply]:
    """A page."""
    return lambda host: host.ask("GET", path, headers, **more)


def post(path: str, headers: Mapping[str, str], body: bytes = b"", **more: Any) -> Callable[[Host], Reply]:
    """A body."""
    return lambda host: host.ask("POST", path, headers, body, **more)


WORKER = "a running thread cannot be cut short; the deadline is the worker's"
SERVERS = "tests/servers/test_serve.py::"
JOINED = "WSGI hands over the lines of one header joined by commas, so two of them are seen as one that is wrong"

PARSER = Otherwise("aiohttp's own parser refuses it before any guard", "output.error-handling", "answered", 400)

DENIALS: tuple[Denial, ...] = (
    Denial("network.host-validation", "missing", 421, get("/ok", host=""), elsewhere={"aiohttp": PARSER}),
    Denial(
        "network.host-validation",
        "repeated",
        421,
        lambda host: host.ask("GET", "/ok", [("Host", "clinic.example"), ("Host", "clinic.example")]),
        elsewhere={"aiohttp": PARSER},
    ),
    Denial("network.host-validation", "malformed", 421, get("/ok", host="clinic.example@evil.invalid")),
    Denial("network.host-validation", "unknown", 421, get("/ok", host="evil.invalid")),
    Denial("network.host-validation", "target-form", 400, lambda host: host.ask("OPTIONS", "*")),
    Denial("network.host-validation", "not-configured", 421, get("/ok"), settings="unconfigured", hsts=False),
    Denial("transport.tls-required", "plaintext", 403, get("/ok", scheme="http"), hsts=False),
    Denial(
        "transport.tls-required",
        "proxy-unknown",
        403,
        get("/ok", {"X-Forwarded-Proto": "https"}, scheme="http", peer="192.0.2.1"),
        hsts=False,
    ),
    Denial("network.trusted-proxies", "malformed", 400, get("/ok", {"X-Forwarded-Proto": "gopher"}, peer="10.0.0.7")),
    Denial("transport.mutual-tls", "unknown-name", 403, proxied("spiffe://clinic.example/kitchen")),
    Denial("transport.mutual-tls", "expired-certificate", 403, proxied("spiffe://clinic.example/laboratory", days=(-9999, -9998))),
    Denial("transport.mutual-tls", "wrong-purpose", 403, proxied("spiffe://clinic.example/laboratory", purpose=forge.FOR_SERVERS)),
    Denial("transport.mutual-tls", "malformed", 400, get("/ok", {"Client-Cert": "nonsense"}, peer="10.0.0.7")),
    Denial("network.rate-limiting", "arriving-too-fast", 429, again(31, "GET", "/missing", peer="203.0.113.1")),
    Denial("network.rate-limiting", "address-over-limit", 429, again(5, "GET", "/ok", peer="203.0.113.2")),
    Denial(
        "network.rate-limiting", "principal-over-limit", 429, again(7, "GET", "/who", {"Cookie": "__Host-user=ada"}, peer="203.0.113.3")
    ),
    Denial(
        "network.rate-limiting",
        "entrance-over-limit",
        429,
        again(2, "POST", "/login", {"Content-Type": "application/json"}, b'{"username": "ada"}', peer="203.0.113.4"),
    ),
    Denial("network.request-limits", "long-url", 414, get("/ok?" + "a" * 300)),
    Denial("network.request-limits", "many-headers", 431, get("/ok", {f"X-{n}": "1" for n in range(20)})),
    Denial("network.request-limits", "long-headers", 431, get("/ok", {"X-Long": "a" * 2048})),
    Denial("network.request-limits", "garbled-length", 400, post("/unset", {"Content-Length": "+2"}, b"{}"), elsewhere={"aiohttp": PARSER}),
    Denial("network.request-limits", "large-body", 413, post("/unset", {}, b"a" * 2001)),
    Denial("network.request-limits", "many-fields", 400, post("/unset", {"Content-Type": FORM["Content-Type"]}, b"&".join([b"a=1"] * 11))),
    Denial("network.request-limits", "deep-json", 400, post("/unset", {"Content-Type": "application/json"}, b"[" * 6 + b"]" * 6)),
    Denial(
        "network.request-limits",
        "late-body",
        408,
        lambda host: host.ask("POST", "/unset", pieces=(b"a",), stalls=True),
        settings="hasty",
        elsewhere={"wsgi": Otherwise(WORKER, shown=f"{SERVERS}test_gives_a_slow_body_no_more_than_the_requests_time")},
    ),
    Denial(
        "network.request-limits",
        "late-answer",
        503,
        get("/hangs"),
        elsewhere={"wsgi": Otherwise(WORKER, shown=f"{SERVERS}test_ends_a_wsgi_request_that_never_ends")},
    ),
    Denial(
        "network.request-limits",
        "crowded",
        503,
        in_a_crowd,
        settings="crowded",
        elsewhere={"wsgi": Otherwise("the number of its threads is the bound", shown=f"{SERVERS}test_silent_connections_hold_no_thread")},
    ),
    Denial("browser.content-security-policy", "report-method", 405, get(REPORTS)),
    Denial("browser.content-security-policy", "report-type", 415, post(REPORTS, {"Content-Type": "text/plain"})),
    Denial("browser.content-security-policy", "report-too-large", 413, post(REPORTS, REPORT, b"a" * 16_500)),
    Denial("browser.content-security-policy", "report-malformed", 400, post(REPORTS, REPORT, b"no report")),
    Denial("browser.cors", "foreign-origin", 403, preflight("https://evil.invalid")),
    Denial("browser.cors", "method", 403, preflight(method="DELETE")),
    Denial("browser.cors", "header", 403, preflight(headers="x-other")),
    Denial("browser.cors", "private-network", 403, preflight(Access_Control_Request_Private_Network="true")),
    Denial(
        "browser.cors",
        "repeated-header",
        403,
        lambda host: host.ask("OPTIONS", "/items", [("Origin", APP), ("Origin", APP), ("Access-Control-Request-Method", "PUT")]),
        elsewhere={"wsgi": Otherwise(JOINED, "browser.cors", "foreign-origin", 403)},
    ),
    Denial("browser.cors", "other-route", 403, lambda host: host.ask("PUT", "/items", {**ALICE, **JSON, "Origin": OTHER}, b"{}")),
    Denial("browser.open-redirect", "foreign-target", 400, get("/go?to=https://evil.invalid/"), after=True),
    Denial("browser.open-redirect", "scheme", 400, get("/go?to=javascript:alert(1)"), after=True),
    Denial("browser.open-redirect", "spelling", 400, get("/go?to=https:evil.invalid"), after=True),
    Denial("browser.cache-control", "static-suffix", 404, get("/account/me.css", ALICE), after=True),
    Denial(
        "browser.security-headers",
        "cross-site-load",
        403,
        get("/who", {**ALICE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
    ),
    Denial("identity.authentication-required", "not-authenticated", 401, get("/who")),
    Denial("identity.authentication-required", "identify-failed", 503, get("/who", {"Cookie": "__Host-user=broken"})),
    Denial("access.deny-by-default", "no-rule", 403, get("/bare", ALICE)),
    Denial("access.deny-by-default", "wrong-role", 403, get("/admin", ALICE)),
    Denial("output.information-disclosure", "hidden-file", 404, get("/files/.env")),
    Denial("output.information-disclosure", "extension", 404, get("/files/notes.sql")),
    Denial("output.information-disclosure", "build-file", 404, get("/files/package.json")),
    Denial("output.information-disclosure", "no-extension", 404, get("/files/Dockerfile"), after=True),
    Denial("output.fail-closed", "guard-failed", 503, get("/admin", {"Cookie": "__Host-user=unreadable"})),
    Denial("output.error-handling", "exception", 500, get("/boom"), after=True),
    Denial(
        "browser.csrf",
        "repeated-header",
        403,
        write([("Origin", ORIGIN), ("Origin", ORIGIN), ("Content-Type", "application/json")]),
        elsewhere={"wsgi": Otherwise(JOINED, "browser.csrf", "foreign-origin", 403)},
    ),
    Denial("browser.csrf", "cross-site", 403, write({**JSON, "Sec-Fetch-Site": "none"})),
    Denial("browser.csrf", "foreign-origin", 403, write({"Content-Type": "application/json", "Origin": "https://evil.invalid"})),
    Denial("browser.csrf", "unproven-origin", 403, write({"Content-Type": "application/json"})),
    Denial("browser.csrf", "missing-token", 403, write(FORM, b"text=hello")),
    Denial("browser.csrf", "garbled-token", 403, lambda host: spend(host, "nonsense", form_of(host)[1])),
    Denial("browser.csrf", "expired-token", 403, late),
    Denial("browser.csrf", "used-token", 403, spent_twice),
    Denial("browser.csrf", "other-user", 403, lambda host: spend(host, *form_of(host), cookie="__Host-user=bob")),
    Denial("browser.csrf", "other-session", 403, lambda host: spend(host, *form_of(host), cookie=f"{ALICE['Cookie']}; __Host-session=2")),
    Denial("browser.csrf", "other-browser", 403, lambda host: spend(host, form_of(host)[0], form_of(host)[1])),
    Denial("browser.csrf", "other-form", 403, lambda host: spend(host, *form_of(host), path="/unset")),
    Denial("browser.csrf", "unreadable-form", 403, write(FORM, b"text=" + b"a" * 1500)),
    Denial("browser.csrf", "store-down", 503, while_the_store_fails),
    Denial("data.message-integrity", "unsigned", 403, post("/hook", {"Content-Type": "application/json"}, b"{}")),
    Denial("data.message-integrity", "garbled-signature", 403, message(Signature="nonsense")),
    Denial("data.message-integrity", "outside-window", 403, message(late=301)),
    Denial("data.message-integrity", "other-purpose", 403, message(purpose="result 2")),
    Denial("data.message-integrity", "large-message", 413, message(b"[" + b" " * 1000 + b"]")),
    Denial("data.message-integrity", "wrong-signature", 403, message(sent=b"[]")),
    Denial("data.message-integrity", "replayed", 403, message_twice),
    Denial("data.message-integrity", "store-down", 503, message_while_the_store_fails),
    Denial("data.message-integrity", "no-key", 503, message(path="/strangers-hook")),
    Denial("data.message-integrity", "wrong-link", 403, link(to="/calendar/other")),
    Denial("data.message-integrity", "expired-link", 403, link(left=0)),
)

NOT_MET: dict[str, str] = {
    "observation.security-event-logging/operation": "no refusal: it tells that a marked operation begins",
    "observation.security-event-logging/start-refused": "at the start, not of a request: tests/frameworks/test_security_event_logging.py",
    "observation.security-event-logging/sink-down": "needs a sink that fails: tests/frameworks/test_security_event_logging.py",
    "transport.mutual-tls/no-certificate": "needs a listener that is internal as a whole: tests/servers/test_client_identity.py",
    "network.rate-limiting/store-down": "needs a server of counters: tests/frameworks/test_rate_limiting.py",
    "browser.content-security-policy/violation-reported": "no refusal: it tells what a browser blocked",
    "browser.cookie-attributes/malformed": "no refusal: the cookie alone is left out, see test_answers.py",
    "browser.cookie-attributes/oversized": "no refusal: the cookie alone is left out, see test_answers.py",
    "access.deny-by-default/unchecked-signature": "where other controls alone are switched on: test_messages.py",
    "access.deny-by-default/unknown-rule": "needs a rule of a later version: tests/enforce/access/test_deny_by_default.py",
    "output.debug-disabled/debug-tool": "each framework has tools of its own: tests/frameworks/test_debug_disabled.py",
    "transport.certificate-verification/unverified-peer": "of a client of the application, not of a request: tests/enforce/transport",
    "output.fail-closed/guard-hung": "needs a store that hangs: tests/frameworks/test_fail_closed.py",
}
"""Reasons that no single request to this application can meet, and where they are met."""
