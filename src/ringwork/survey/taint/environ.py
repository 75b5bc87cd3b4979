"""What the server puts into WSGI's dictionary: which of its keys a client writes, and of what kind each is.

Source: PEP 3333, "environ Variables". Keys that are the server's or the application's own bring nothing.
"""

from __future__ import annotations

from ringwork.survey.taint.values import NO_WORDS, NOTHING, Atom, Kind, Mark, Taint, Trail, Value

TYPE = "wsgiref.types.WSGIEnvironment"

_BROUGHT = {
    "QUERY_STRING": "query",
    "PATH_INFO": "url",
    "REQUEST_URI": "url",
    "RAW_URI": "url",
    "CONTENT_TYPE": "header",
    "HTTP_COOKIE": "cookie",
    "HTTP_HOST": "host",
    "HTTP_X_FORWARDED_HOST": "host",
}
_HEADERS = (
    "ACCEPT", "ACCEPT_LANGUAGE", "AUTHORIZATION", "ORIGIN", "REFERER", "USER_AGENT", "X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_REAL_IP",
    "X_REQUESTED_WITH", "FORWARDED", "IF_NONE_MATCH", "X_API_KEY",
)  # fmt: skip
_BODY = "wsgi.input"
OF_SERVER = frozenset({
    "CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE", "DOCUMENT_ROOT", "GATEWAY_INTERFACE", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT",
    "SERVER_PROTOCOL", "SERVER_SOFTWARE",
})  # fmt: skip
"""Keys beside the headers that the server writes, or a middleware that looked at what it writes."""


def of_request(file: str, at: int) -> Value:
    """The dictionary that a server calls with. file, at: of the parameter that takes it."""
    found = {key: _text(source, key, file, at) for key, source in _BROUGHT.items()}
    found |= {f"HTTP_{name}": _text("header", name.replace("_", "-").title(), file, at) for name in _HEADERS}
    found[_BODY] = Value(Kind.UNKNOWN, None, "io.BufferedReader", _taint("body", "", file, at))
    return Value(Kind.KEYED, (found, Value(Kind.UNKNOWN)), "builtins.dict", NOTHING)


def _text(source: str, name: str, file: str, at: int) -> Value:
    return Value(Kind.UNKNOWN, None, "builtins.str", _taint(source, name, file, at))


def _taint(source: str, name: str, file: str, at: int) -> Taint:
    said = f"{source} {name} comes in with environ" if name else f"{source} comes in with environ"
    return {Atom(source, name): Mark(NO_WORDS, Trail(file, at, said, None), weak=False)}
