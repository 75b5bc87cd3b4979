"""WSGI, reading: from an environ to the Exchange, and what of it the application must not see."""

from __future__ import annotations

from ringwork.current import SERVED
from ringwork.exchange import PLAIN, Exchange, unread
from ringwork.frameworks.wsgi_names import Environ, Names, key_of, shape_of
from ringwork.pipeline import Plan

KEY = "ringwork.exchange"
"""Where the Exchange stands in an environ."""

_ASKED_FOR = (
    "SCRIPT_NAME", "PATH_INFO", "wsgi.url_scheme", "REMOTE_ADDR", "QUERY_STRING", "HTTP_HOST", "HTTP_COOKIE", "HTTP_SEC_FETCH_SITE",
    "HTTP_AUTHORIZATION",
)  # fmt: skip

_serve = SERVED.set
_WORDS: dict[str, bytes] = {}


def _word(text: str) -> bytes:
    """What many requests say alike, as it stands on the wire; kept, as long as it is short and few say something else."""
    wire = text.encode("latin-1")
    if len(text) < 64:  # Against memory that a client fills.
        if len(_WORDS) >= 256:
            _WORDS.clear()
        _WORDS[text] = wire
    return wire


def begin(environ: Environ, plan: Plan) -> Exchange:
    """A new Exchange for `environ`, noted there and as the current one."""
    script, path, scheme, peer, query, host, cookie, fetch_site, authorization = map(environ.get, _ASKED_FOR)
    if script or not path or not path.isascii():
        path = _as_sent((script or "") + (path or ""))
    exchange = unread(Exchange)
    exchange.method, exchange.path, exchange.scheme = environ["REQUEST_METHOD"], path, scheme or "http"
    exchange.peer = exchange.client = peer or ""
    shape, names = shape_of(tuple(environ)), unread(Names)
    names.environ, names.shape = environ, shape
    exchange.values, exchange.header_count = names, shape.count
    values = shape.values
    exchange.header_bytes = shape.spelled + len("".join(values(environ)))
    # What every request is asked for is set, even where the class says the same: it is found at once then.
    exchange.notes = exchange.principal = None
    exchange.is_forwarded = exchange.identified = False
    exchange.replaced, exchange.query = (), query.encode("latin-1") if query else b""
    exchange.host = (_WORDS.get(host) or _word(host)) if host else None
    exchange.fetch_site = (_WORDS.get(fetch_site) or _word(fetch_site)) if fetch_site else None
    exchange.cookie = cookie.encode("latin-1") if cookie else None
    exchange.authorization = authorization.encode("latin-1") if authorization else None
    if shape.is_bare:
        exchange.content_length = b"0"  # as in _read_more, for the keys that most requests of a browser have
        exchange.is_plain = exchange.method in PLAIN
    else:
        _read_more(exchange, environ)
    if host and "," in host:
        # Against two Host lines: a WSGI server joins repeated lines with a comma, and a host name never holds one.
        exchange.repeated, exchange.is_plain = (b"host",), False
    exchange.plan = plan
    # Against one that mod_ssl hands on unverified (optional_no_ca), with or without a word of it.
    if plan.certifies and environ.get("SSL_CLIENT_VERIFY") == "SUCCESS":
        exchange.certificate = environ.get("SSL_CLIENT_CERT") or None
    environ[KEY] = exchange
    _serve(exchange)
    return exchange


def _read_more(exchange: Exchange, environ: Environ) -> None:
    """What a body and a proxy say of a request; where no key of theirs is there, nothing is said."""
    kind, length = environ.get("CONTENT_TYPE"), environ.get("CONTENT_LENGTH")
    if kind:
        exchange.content_type = kind.encode("latin-1")
        _count(exchange, "CONTENT_TYPE", kind)
    if length:
        exchange.content_length = length.encode("latin-1")
        _count(exchange, "CONTENT_LENGTH", length)
    exchange.is_forwarded = bool(environ.get("HTTP_X_FORWARDED_FOR") or environ.get("HTTP_FORWARDED"))
    if exchange.content_length is None and "HTTP_TRANSFER_ENCODING" not in environ and not environ.get("wsgi.input_terminated"):
        exchange.content_length = b"0"  # a request that announces no body has none (RFC 9112, 6.3), whether its client says so or not
        exchange.is_plain = not kind and exchange.method in PLAIN


def _as_sent(path: str) -> str:
    """The path as its client wrote it: PEP 3333 hands bytes on as latin-1."""
    return (path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")) or "/"


def _count(exchange: Exchange, key: str, value: str) -> None:
    exchange.header_count += 1
    exchange.header_bytes += len(key) + len(value)


def rewrite(environ: Environ, exchange: Exchange, plan: Plan) -> None:
    """Take out of the request what the application must not see, and put in what guards replaced."""
    if plan.pipeline.observing:
        return
    if exchange.is_resolved:
        environ["wsgi.url_scheme"] = exchange.scheme
        if exchange.client != exchange.peer:
            environ["REMOTE_ADDR"] = exchange.client  # whom a trusted proxy named; its port and name nobody knows
            for name in ("REMOTE_PORT", "REMOTE_HOST"):
                environ.pop(name, None)
    gone = exchange.values.shape.among(plan.drops)
    if exchange.dropped:
        gone += tuple(map(key_of, exchange.dropped))
    if gone:
        for key in gone:
            environ.pop(key, None)
    for replaced, value in exchange.replaced:
        environ[key_of(replaced)] = value.decode("latin-1")
