"""State changes need proof that the site's own page sent them.

Against a foreign page that makes the victim's browser send an authenticated request. First the browser's own word counts
(Origin, Sec-Fetch-Site), then forms show a single-use token bound to browser, login and form action.
Source: OWASP CSRF Prevention Cheat Sheet; ASVS 5.0, 3.5.1 to 3.5.3; W3C Fetch Metadata Request Headers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from urllib.parse import unquote, urlsplit

from ringwork.crypto import chance
from ringwork.crypto.form_tokens import Bound, FormTokens, TokenFault
from ringwork.enforce.guard import NOTED, Asking, Blocking, Decision, Enter, Guard, Hooks, ProvenForm, ReadForm, Refusal, Site
from ringwork.errors import StoreDown
from ringwork.exchange import SAFE, Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.principal import Via
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("browser.csrf")

COOKIE = b"__Host-ringwork-csrf"
"""Ties tokens to one browser: 32 random bytes in base64url, for the browser's session, never seen by the application."""

FIELD = "csrf_token"
"""The form field that carries the token; the header X-CSRF-Token may carry it instead."""

FIELD_BESIDE = "ringwork_csrf_token"
"""The same beside Flask-WTF, which reads the first field of its own form that is called `csrf_token`."""

FORMS = frozenset({b"application/x-www-form-urlencoded", b"multipart/form-data"})
"""Forms that a framework can parse, so that the token may stand in a field."""

BINDING_BYTES = 32
BINDING_LENGTH = 43

UNBOUND = b"observe"
"""In place of a binding that observe never gives out, as it changes no answer; one that enforces takes no such token."""

_SINGLE = frozenset({b"origin", b"sec-fetch-site", b"content-type", b"x-csrf-token"})
_CACHING = frozenset(
    {
        *(b"cache-control", b"expires", b"cdn-cache-control", b"cloudflare-cdn-cache-control", b"edge-control", b"surrogate-control"),
        *(b"vercel-cdn-cache-control", b"x-accel-expires"),
    }
)
"""Cache-Control, and what outranks it in shared caches (RFC 9213)."""

_PREFLIGHTED = frozenset({"PUT", "PATCH", "DELETE"})


class CsrfSettings(Frozen):
    """How long a form may stay open, and how large it may be."""

    lifetime_seconds: int = field(
        default=7200,
        metadata={"doc": "how long a form may stay open before it is sent", "unit": "seconds, 60 to 86400", "source": "our choice"},
    )
    form_limit_bytes: int = field(
        default=1_048_576,
        metadata={
            "doc": "largest form that is read to find its token; larger ones send it in the header X-CSRF-Token",
            "unit": "bytes, 1024 to 67108864",
            "source": "ASVS 15.1.3 asks for a limit; number our choice",
        },
    )


class CsrfReason(Words):
    """Why a request was refused."""

    REPEATED_HEADER = "repeated-header"
    CROSS_SITE = "cross-site"
    FOREIGN_ORIGIN = "foreign-origin"
    UNPROVEN_ORIGIN = "unproven-origin"
    MISSING_TOKEN = "missing-token"
    UNREADABLE_FORM = "unreadable-form"
    GARBLED_TOKEN = "garbled-token"
    EXPIRED_TOKEN = "expired-token"
    USED_TOKEN = "used-token"
    OTHER_USER = "other-user"
    OTHER_SESSION = "other-session"
    OTHER_BROWSER = "other-browser"
    OTHER_FORM = "other-form"
    STORE_DOWN = "store-down"


class _Issued(Frozen):
    """Noted when a token was given out. browser: the binding cookie's value. fresh: the browser does not have it yet."""

    browser: bytes
    fresh: bool


def plan(settings: CsrfSettings, site: Site, route: Route | None) -> Hooks:
    """Unsafe requests are checked on every route without an exemption; answers that carry a token set its cookie."""
    checked = route is not None and route.csrf_exempt is None
    enter = _check(settings, site) if checked else None
    return Hooks(enter=enter, leave=_bind, leave_on=frozenset({NOTED}), passes_plain=True, asks=True)


def faults(settings: CsrfSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    if not 60 <= settings.lifetime_seconds <= 86_400:
        found.append(f"lifetime_seconds: {settings.lifetime_seconds} is out of range; write 60 to 86400, for example 7200")
    if not 1024 <= settings.form_limit_bytes <= 67_108_864:
        found.append(f"form_limit_bytes: {settings.form_limit_bytes} is out of range; write 1024 to 67108864, for example 1048576")
    return found


def issue_token(exchange: Exchange, settings: CsrfSettings, site: Site, action: str) -> str:
    """A token for one sending of the form whose action is `action`, in the browser that is being answered.

    action: a path of this site ("/notes/7"), a whole address on it, or "" for the page's own path. Returns ASCII text that is
    safe inside an HTML attribute. Raises ValueError for a relative path, and for another site's address.
    The answer then sets the binding cookie and is not cached; call it before the answer starts.
    """
    form = _form_path(exchange, site, action)
    issued = exchange.noted(CONTROL)
    if not isinstance(issued, _Issued):
        held = _binding(exchange) or (UNBOUND if site.observes else None)
        browser = held or chance.token_urlsafe(BINDING_BYTES).encode("ascii")
        issued = _Issued(browser=browser, fresh=held is None)
        exchange.note(CONTROL, issued)
    until = int(site.clock.now()) + settings.lifetime_seconds
    return FormTokens(site.key).issue(_bound(exchange, issued.browser, form), until=until)


def _check(settings: CsrfSettings, site: Site) -> Enter:
    from_own_page = _origin_check(site)
    tokens = FormTokens(site.key)

    def enter(exchange: Exchange) -> Decision | Asking:
        is_socket = exchange.kind == "websocket"
        if exchange.method in SAFE and not is_socket and not exchange.is_remade:
            return None
        principal = exchange.principal
        if principal is not None and principal.via is Via.BEARER:
            # No browser adds a bearer token by itself, so no foreign page can ride it. Client certificates it does add.
            return None
        if exchange.repeated and not _SINGLE.isdisjoint(exchange.repeated):
            return _refuse(CsrfReason.REPEATED_HEADER, "Origin, Sec-Fetch-Site, Content-Type or X-CSRF-Token came more than once")
        if exchange.origin is None and exchange.fetch_site is None:
            if exchange.cookie is None:
                # A tool or a webhook: nothing here was attached by a browser.
                return None
            return _refuse(CsrfReason.UNPROVEN_ORIGIN, "a cookie, but neither Origin nor Sec-Fetch-Site")
        # Origin before token, because a token may leak, while no page can forge what the browser says of it.
        refusal = from_own_page(exchange)
        # Against a socket that a foreign page opens in the user's name: no preflight asks, and each message may change state.
        # A handshake carries no form, so the origin is all there is to prove.
        if refusal is not None or is_socket or (_needs_no_token(exchange) and not exchange.is_remade):
            return refusal
        if exchange.cookie is None and principal is None and exchange.authorization is None:
            # Nothing here was attached by the browser: a form of the site's own page, and nobody in whose name it could act.
            return None
        return _spend(exchange, settings, site, tokens)

    return enter


def _origin_check(site: Site) -> Callable[[Exchange], Refusal | None]:
    trusted = site.origins - {site.canonical_origin.encode()}

    def from_own_page(exchange: Exchange) -> Refusal | None:
        origin = exchange.origin
        # Against a foreign page whose Origin was lost on the way; "none" and unknown words count as foreign. Only the
        # policy's further origins, which name themselves, may come from another site.
        if exchange.fetch_site is not None and exchange.fetch_site != b"same-origin" and origin not in trusted:
            return _refuse(CsrfReason.CROSS_SITE, "Sec-Fetch-Site says that another site's page sent it")
        if origin is None or origin in site.origins or (site.loopback and _is_own_loopback(exchange, origin)):
            return None
        # Against look-alikes, prefixes and "null": the whole value is compared.
        return _refuse(CsrfReason.FOREIGN_ORIGIN, "an Origin that is not served; if that page is yours, add it to trusted_origins")

    return from_own_page


def _is_own_loopback(exchange: Exchange, origin: bytes) -> bool:
    return exchange.host is not None and origin in (b"http://" + exchange.host, b"https://" + exchange.host)


def _media_type(exchange: Exchange) -> bytes:
    return (exchange.content_type or b"").partition(b";")[0].strip().lower()


def _needs_no_token(exchange: Exchange) -> bool:
    media = _media_type(exchange)
    # Against JSON sent by a foreign form as text/plain: only the type that makes a browser ask first counts as JSON.
    if media == b"application/json":
        return True
    if media.startswith(b"application/") and media.endswith(b"+json") and b"," not in media and b" " not in media:
        return True
    # No form sends nothing: it names its type even when it is empty. This is a script's, of a page whose origin was proven above.
    return not media and (exchange.content_length == b"0" or (exchange.method in _PREFLIGHTED and exchange.content_length is None))


def _spend(exchange: Exchange, settings: CsrfSettings, site: Site, tokens: FormTokens) -> Asking:
    """Find the token, check whose it is, and spend it."""
    raw_token = exchange.csrf_header
    if raw_token is None and _media_type(exchange) in FORMS:
        fields = yield ReadForm(limit_bytes=settings.form_limit_bytes)
        if fields is None:
            return _refuse(CsrfReason.UNREADABLE_FORM, "the form is larger than form_limit_bytes, or no form")
        if isinstance(fields, ProvenForm) and FIELD not in fields and FIELD_BESIDE not in fields:
            # Kept where it is there already: the framework's own token, tied to the browser's cookie.
            return None
        raw_token = (fields.get(FIELD_BESIDE) or fields.get(FIELD, "")).encode("utf-8", "replace")
    if not raw_token:
        return _refuse(CsrfReason.MISSING_TOKEN, "no token; put current().csrf_field(action) into the form, or send application/json")
    now = site.clock.now()
    opened = tokens.open(raw_token, _bound(exchange, _binding(exchange) or (UNBOUND if site.observes else b""), exchange.path), now=now)
    if isinstance(opened, TokenFault):
        return _refuse(CsrfReason(opened.value))

    def claim() -> bool | None:
        try:
            return site.spent.claim(opened.token_id, now=now, until=opened.until)
        except StoreDown:
            return None

    won = (yield Blocking(call=claim)) if site.spent.blocking else claim()
    if won is None and not site.closes:
        return None
    if won is None:
        # Fail mode: closed. Against a store that is pushed over so that old tokens count again.
        return _refuse(CsrfReason.STORE_DOWN, "the store of spent tokens did not answer", status=503)
    return None if won else _refuse(CsrfReason.USED_TOKEN)


def _bound(exchange: Exchange, browser: bytes, form: str) -> Bound:
    principal = exchange.principal
    user = session = b""
    if principal is not None:
        # Against login CSRF and tokens from before a login: nobody and somebody never share one.
        user, session = b"=" + _encoded(principal.id), _encoded(principal.session or "")
    return Bound(user=user, session=session, browser=browser, form=_encoded(form))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _binding(exchange: Exchange) -> bytes | None:
    """The binding cookie's value, or None when there is none, several, or no value of ours."""
    if exchange.cookie is None:
        return None
    found = [value for name, _, value in (piece.strip(b" \t").partition(b"=") for piece in exchange.cookie.split(b";")) if name == COOKIE]
    return found[0] if len(found) == 1 and len(found[0]) == BINDING_LENGTH else None


def _form_path(exchange: Exchange, site: Site, action: str) -> str:
    if not action:
        return exchange.path
    claimed = urlsplit(action)
    if claimed.scheme or claimed.netloc or "\\" in action:
        own = {exchange.host, site.canonical_origin.partition("://")[2].encode()} - {None, b""}
        # Against telling a token to another site: its form would be sent there.
        if claimed.scheme not in ("http", "https") or claimed.netloc.lower().encode("utf-8", "replace") not in own:
            raise ValueError('csrf_token: the action is no address of this site; write a path, for example "/appointments"')
    if not claimed.path.startswith("/"):
        raise ValueError('csrf_token: the action is relative; write the path from the root, for example "/appointments"')
    return unquote(claimed.path)


def _bind(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
    issued = exchange.noted(CONTROL)
    if not isinstance(issued, _Issued):
        return headers
    # Against one person's token in a shared cache, handed to the next.
    out = [*(pair for pair in headers if pair[0] not in _CACHING), (b"cache-control", b"no-store")]
    if not any(name == b"vary" and b"cookie" in value.lower() for name, value in headers):
        out.append((b"vary", b"Cookie"))
    if issued.fresh:
        out.append((b"set-cookie", COOKIE + b"=" + issued.browser + b"; Path=/; Secure; HttpOnly; SameSite=Lax"))
    return out


def _refuse(reason: CsrfReason, detail: str = "", *, status: int = 403) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail)


GUARD: Guard[CsrfSettings] = Guard(control=CONTROL, settings=CsrfSettings, plan=plan, faults=faults)
