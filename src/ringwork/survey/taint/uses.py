"""What a value is for, as far as names tell: a secret, or a checksum that protects nobody.

Against noise that hides a real finding: the same call of a fast hash or a plain random number is a hole in one place and right in another.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SECRET = re.compile(
    r"token|secret|passw|passphrase|pwd|otp\b|_otp|\botp_|nonce|csrf|session|sessid|auth|remember|salt|api_?key|reset|verif|invit|captcha|pin_?code"
    r"|credential|private_?key|signature|access_?key|recovery|one_?time|activation",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    r"^(?:.*_)?(?:passw(?:or)?d\d?|passphrase|passcode|pwd|client_secret|card_?number|cvv|cvc)$"
    r"|^(?:(?:user|login|admin|root|db|smtp|mail|ftp)_?)?(?:pass|pw)$",  # and no first_pass, by_pass, boarding_pass
    re.IGNORECASE,
)
_TYPED = re.compile(r"pass|pwd|pw$", re.IGNORECASE)
_AGAIN = re.compile(r"bcrypt\.|hashpw|argon2|scrypt\(|pbkdf2|pwned|hibp|breach|leaked", re.IGNORECASE)
_CHECKSUM = re.compile(
    r"cache|etag|checksum|gravatar|avatar|finger_?print|slug|colou?r|dedup|bucket|sampl|file|path|storage|upload|version|static|asset|facet"
    r"|memo|content_?hash|job|schedul|shard|partition|index|anonymous|image|thumb|digest_of|revision|unique_?name|kwargs",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(r"(?:^|[_-])(?:tests?|testing|migrations|docs?|examples?|samples?|fixtures|benchmarks?|node_modules)$", re.IGNORECASE)
_OUTSIDE_FILE = re.compile(r"(?:^|_)tests?(?:_.*)?\.py$|^conftest\.py$|_test\.py$|^(?:populate|seed|demo|fake)\w*\.py$", re.IGNORECASE)
PRIVILEGES = frozenset({
    "is_admin", "is_staff", "is_superuser", "role", "roles", "permissions", "groups", "owner", "tenant", "balance", "credit", "price",
    "is_verified", "verified", "is_approved", "approved", "password", "api_key", "user_permissions", "is_moderator", "user",
})  # fmt: skip
"""Fields of a stored thing that decide what somebody may do, or has."""
_IDENTITY = re.compile(r"user|uid|role|admin|auth|account|login|logged|perm|group|tenant|owner|staff|is_|\bid\b|_id\b", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a name says that the value must not be guessed."""
    return _SECRET.search(name) is not None


def is_password(name: str) -> bool:
    """Whether a name of a field says that its text must be seen by nobody."""
    return _PASSWORD.search(name) is not None


def is_typed_password(name: str) -> bool:
    """Whether a name of a field says that a person types a password into it."""
    return _TYPED.search(name) is not None and is_password(name)


def is_hashed_again(words: str) -> bool:
    """Whether names around a hash say that a slow one follows, or that a list of leaked passwords is asked."""
    return _AGAIN.search(words) is not None


def is_checksum(words: str) -> bool:
    """Whether names around a hash say that it protects nothing from anybody."""
    return _CHECKSUM.search(words) is not None and _SECRET.search(words) is None


def is_identity(name: str) -> bool:
    """Whether a key of a session says who somebody is, or what he may do."""
    return _IDENTITY.search(name) is not None or _SECRET.search(name) is not None


def is_outside(file: str) -> bool:
    """Whether a file is no part of what runs: tests, migrations, documentation, samples."""
    path = PurePosixPath(file)
    return any(_OUTSIDE.search(part) for part in path.parts[:-1]) or _OUTSIDE_FILE.search(path.name) is not None
