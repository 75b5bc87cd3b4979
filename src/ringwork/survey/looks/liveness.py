"""Whether a text that stands where a secret would stand is one: names that hold secrets, values that say nothing, values that are random.

Against two hundred findings of which none is a secret: a name alone is no evidence, and neither is chance alone; both have to be there.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from ringwork.survey.looks.seen import words

_HOLDS = frozenset({"password", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "apikey", "credential", "credentials"})
_KEYS = frozenset({
    "api", "access", "auth", "private", "encryption", "signing", "master", "service", "secret", "crypto", "fernet", "aes", "hmac", "jwt",
    "sign", "encrypt", "cookie", "session", "account",
})  # fmt: skip
_ABOUT = frozenset({
    "name", "names", "url", "uri", "path", "paths", "field", "fields", "header", "headers", "param", "params", "type", "types", "id",
    "ids", "label", "help", "text", "hint", "error", "errors", "message", "messages", "regex", "pattern", "prefix", "suffix", "length",
    "min", "max", "expiry", "expires", "ttl", "timeout", "lifetime", "algorithm", "algorithms", "format", "class", "classes", "validator",
    "validators", "hasher", "hashers", "template", "templates", "view", "form", "reset", "file", "files", "env", "var", "variable",
    "hash", "hashed", "digest", "count", "scope", "scopes", "status", "enabled", "required", "location", "endpoint", "attr", "attribute",
    "column", "placeholder", "title", "page", "route", "subject", "policy", "rule", "rules", "generator", "backend", "backends",
    "storage", "public", "description", "tag", "salt", "kind", "issuer", "audience", "version", "arn", "ref", "reference", "source",
    "input", "selector", "event", "action", "strategy",
})  # fmt: skip
"""Last words of names that tell something about a secret, and hold none."""

_SIGNING = re.compile(
    r"(?:^|_)(?:secret_?key|secret_key_base|jwt_?secret(?:_?key)?|jwt_key|jwt_signing_key|signing_(?:key|secret)|sign_key|cookie_secret"
    r"|session_(?:secret|key_secret)|csrf_secret(?:_key)?|security_password_salt|app_secret|flask_secret|django_secret)$"
)
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase"})

_NOTHING = re.compile(
    r"example|sample|change[-_ ]?(?:me|this|it)|replace|your|dummy|placeholder|insert|to[-_ ]?do|fake|mock|none|null|undefined|default"
    r"|redacted|xxx|\*\*\*|\.\.\.|<[^>]*>|\$\{|\{\{|\}\}|%\(|%s|\{[a-z_0-9.]*\}|\$\(|\$[A-Z_]{3,}|foobar|lorem|insecure|not[-_]?(?:a[-_])?(?:so[-_])?secret"
    r"|^(?:test|testing|dev|development|local|demo|admin|root|postgres|guest|user|username|secret|password|passwd|pass|token|key|string|str)[-_]?"
    r"(?:secret|password|pass|token|key)?\d{0,3}$"
    r"|\[[^\]]*(?:0-9|a-z)[^\]]*\]"  # a pattern of what tokens are made of
    r"|^(?:true|false|yes|no|on|off)$|^os\.|^env[:.]|^vault:|^enc\[|^arn:|^!|^sha\d|^ssm:|^secret[s]?[:.]|^op://|^file:|^/",
    re.IGNORECASE,
)
_MIXED = re.compile(r"\d[A-Za-z]+\d|[a-z]\d[a-z]|\d{5}")
_ALLOWED = re.compile(r"[\x21-\x7e]+")


def is_holder(name: str) -> bool:
    """Whether a name says that it holds a secret itself."""
    parts = words(name)
    ordered = [part for part in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) if part]
    if not ordered or ordered[-1] in _ABOUT or name.lower().startswith(("is_", "has_", "use_", "no_")):
        return False
    return bool(parts & _HOLDS) or (ordered[-1] in {"key", "keys"} and bool(parts & _KEYS)) or is_signing(name)


def is_signing(name: str) -> bool:
    """Whether a name is that of the key with which sessions or tokens are signed."""
    return bool(_SIGNING.search(re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())))


def is_password(name: str) -> bool:
    """Whether a name is that of a password."""
    return is_holder(name) and bool(words(name) & _PASSWORDS)


def says_nothing(value: str) -> bool:
    """Whether a value is a placeholder, a reference to where the secret is kept, or one letter over and over."""
    return not value.strip() or bool(_NOTHING.search(value)) or len(set(value)) < 4


def entropy(value: str) -> float:
    """Bits for each character, by how often each occurs."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values()) if size else 0.0


def is_random(value: str) -> bool:
    """Whether a value looks made by chance: 16 characters or more without a space, of which letters and digits are mixed."""
    if not 16 <= len(value) <= 512 or not _ALLOWED.fullmatch(value) or says_nothing(value) or "://" in value:
        return False
    if _is_of_words(value):
        return False
    digits = sum(letter.isdigit() for letter in value)
    has_letters = any(letter.isalpha() for letter in value)
    lowest = 3.0 if re.fullmatch(r"[0-9a-fA-F-]+", value) else 3.5
    return has_letters and digits >= 2 and entropy(value) >= min(lowest, math.log2(len(value)) * 0.8)


def is_guessable(value: str) -> bool:
    """Whether a value may be a password that somebody thought of: 6 to 64 characters without a space, letters and something else."""
    if not 6 <= len(value) <= 64 or not _ALLOWED.fullmatch(value) or says_nothing(value) or "://" in value:
        return False
    has_other = any(not letter.isalpha() and letter not in "_-./:[]" for letter in value)
    return has_other and any(letter.isalpha() for letter in value)


def _is_of_words(value: str) -> bool:
    """Whether it is words, versions and small numbers, joined by signs as names and addresses are."""
    parts = [part for part in re.split(r"[-_./:@,]+", value) if part]
    return len(parts) > 1 and all(part.isalnum() and not _MIXED.search(part) for part in parts)
