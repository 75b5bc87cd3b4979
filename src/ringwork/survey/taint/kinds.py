"""The closed lists of words that models, flows and findings share: kinds of entries, of sinks and of finds.

Against a misspelt kind, which no check would ever ask for: what stands in none of these lists is a fault of the model that writes it.
"""

from __future__ import annotations

ENTRIES = frozenset({
    "body", "cookie", "exception", "file", "form", "header", "host", "local", "message", "model", "path", "query", "random", "secret",
    "stored", "url",
})  # fmt: skip
"""Where a value may come from; flows.Entry tells what each of them is. exception: the text of one; secret: a password, key or token."""

SINKS = frozenset({
    "archive", "argv", "attribute", "bind", "bytes", "cache-key", "code", "command", "cookie", "csv", "deserialise", "error-detail",
    "format", "forward", "header", "html", "import", "ldap", "log", "mail", "nan", "nosql", "orm", "page", "password-hash", "password-kept",
    "path", "prompt", "redirect",
    "redos", "regex", "secret-log", "session", "soql", "sql", "ssrf", "template", "upload", "url-host", "xml",
    "xml-text", "xpath",
})  # fmt: skip
"""Where a value from a request matters. page: a variable of a template, which is told as html where the template shows it as it is."""

FINDS = frozenset({
    "address-identity", "assert-guard", "auth-optional", "autoescape", "back-door", "bind-all",
    "browser-storage", "cleartext", "cookie-flags", "cors",
    "csrf-exempt", "debug", "debugger", "default-secret", "extract-all", "fixed-nonce", "hidden-code",
    "home-made-crypto", "host-keys", "inline-script",
    "jwt-algorithms", "jwt-no-expiry", "jwt-unverified", "loader", "message-listener", "missing-authorization", "mutable-state",
    "new-window", "no-timeout", "password-hash", "permissions", "public-acl", "raw-column", "regex-backtracking", "sanitise-order",
    "secret", "suppression", "swallowed", "temp-file", "tls-ciphers", "tls-unverified", "tls-version", "variable-time", "weak-cipher",
    "weak-hash", "weak-key", "weak-mode", "weak-padding", "weak-random", "xml-parser",
})  # fmt: skip
"""What matters whatever it is given."""

ALL = "all"
"""In `cleans` and `guards`: harmless everywhere, as numbers and digests are."""

_ONLY: dict[str, frozenset[str]] = {
    "error-detail": frozenset({"exception"}),
    "secret-log": frozenset({"body", "secret"}),
    "url-host": frozenset({"host", "url"}),
}
"""Sinks that other entries reach without harm."""

_NEVER: dict[str, frozenset[str]] = {
    "exception": SINKS - {"error-detail"},
    "secret": SINKS - {"secret-log"},
    "host": frozenset({"redirect", "ssrf"}),  # nobody chooses the Host header of a victim, and behind it is the application itself
    "url": frozenset({"redirect"}),  # a request's own address leads back to where it came from
}
"""Sinks that an entry reaches without harm."""


def matters(entry: str, sink: str) -> bool:
    """Whether a value that comes in by an entry of this kind may do harm at a sink of that kind."""
    return entry in _ONLY.get(sink, ENTRIES) and sink not in _NEVER.get(entry, frozenset())
