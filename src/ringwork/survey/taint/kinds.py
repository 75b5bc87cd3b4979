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
    "format", "forward", "header", "html", "import", "ldap", "log", "mail", "nosql", "orm", "path", "prompt", "redirect", "redos", "regex",
    "secret-log", "session", "soql", "sql", "ssrf", "template", "upload", "url-host", "xml", "xpath",
})  # fmt: skip
"""Where a value from a request matters."""

FINDS = frozenset({
    "address-identity", "assert-guard", "auth-optional", "autoescape", "bind-all", "browser-storage", "cookie-flags", "cors", "csrf-exempt",
    "debug", "debugger", "default-secret", "extract-all", "fixed-nonce", "home-made-crypto", "host-keys", "inline-script",
    "jwt-algorithms", "jwt-no-expiry", "jwt-unverified", "loader", "message-listener", "missing-authorization", "mutable-state",
    "new-window", "no-timeout", "password-hash", "permissions", "public-acl", "raw-column", "regex-backtracking", "sanitise-order",
    "secret", "suppression", "swallowed", "temp-file", "tls-ciphers", "tls-unverified", "tls-version", "variable-time", "weak-cipher",
    "weak-hash", "weak-key", "weak-mode", "weak-padding", "weak-random", "xml-parser",
})  # fmt: skip
"""What matters whatever it is given."""

ALL = "all"
"""In `cleans` and `guards`: harmless everywhere, as numbers and digests are."""
