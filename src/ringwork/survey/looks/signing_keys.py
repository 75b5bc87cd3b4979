"""Keys that sign and seal and stand in the code, by where they go: what a key is called says less than what is done with it.

Against tokens that anybody can make who has read the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, argument, mentions, of_file, text_of
from ringwork.survey.taint import folding, ir
from ringwork.survey.taint.folding import ABSENT
from ringwork.survey.taint.units import Unit
from ringwork.survey.taint.walk import walk

_TAKES_KEY: Mapping[str, tuple[str, int]] = MappingProxyType({
    **dict.fromkeys(("jwt.encode", "jwt.decode", "jwt.decode_complete", "jwt.api_jwt.encode", "jwt.api_jwt.decode"), ("key", 1)),
    **dict.fromkeys(("jose.jwt.encode", "jose.jwt.decode", "jose.jws.sign", "jose.jws.verify", "authlib.jose.jwt.decode"), ("key", 1)),
    "authlib.jose.jwt.encode": ("key", 2),
    "joserfc.jwk.OctKey.import_key": ("value", 0),
    **dict.fromkeys(("hmac.new", "hmac.digest", "hmac.HMAC"), ("key", 0)),
    **{
        f"itsdangerous.{module}{name}": ("secret_key", 0)
        for module, names in {
            "": ("Signer", "TimestampSigner", "Serializer", "TimedSerializer", "URLSafeSerializer", "URLSafeTimedSerializer"),
            "signer.": ("Signer",),
            "timed.": ("TimestampSigner", "TimedSerializer"),
            "url_safe.": ("URLSafeSerializer", "URLSafeTimedSerializer"),
        }.items()
        for name in names
    },
    "cryptography.fernet.Fernet": ("key", 0),
    **{
        f"cryptography.hazmat.primitives.ciphers.{module}.{name}": ("key", 0)
        for module, names in {
            "algorithms": ("AES", "AES128", "AES256", "Camellia", "ChaCha20", "TripleDES"),
            "aead": ("AESCCM", "AESGCM", "AESGCMSIV", "AESOCB3", "AESSIV", "ChaCha20Poly1305"),
        }.items()
        for name in names
    },
    "nacl.secret.SecretBox": ("key", 0),
    "aiohttp_session.cookie_storage.EncryptedCookieStorage": ("secret_key", 0),
})  # fmt: skip
"""Functions and classes that take a key: its name, and its place."""
_CIPHERS = re.compile(r"\.(?:AES|ARC4|Blowfish|ChaCha20|ChaCha20_Poly1305|DES3?|Salsa20)\.new$")
"""The ciphers of pycryptodome, under whichever of its names."""
_PUBLIC = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )?(?:PUBLIC KEY|CERTIFICATE)|^ssh-|^ecdsa-")
"""What everybody may know."""


_READERS = re.compile(r"(?:^|\.)(?:jwt|jws|api_jwt)\.(?:decode|decode_complete|verify)$")
_HEADERS = frozenset({"get_unverified_header", "get_unverified_headers"})


def look(seen: Seen) -> Iterator[Flow]:
    """Such keys of one module, at the place where the key is written; and algorithms that the token itself names."""
    for call, scope in seen.of(ir.Call):
        if _READERS.search(seen.name(call.function)) and _is_named_by_token(scope, argument(call, "algorithms", 2)):
            detail = "The token says by which algorithm it is to be verified; name the one that it was signed by."
            yield seen.flow(
                "jwt-algorithms", call.at, strength=STRONG, sink="algorithms", detail=detail, scope=scope, said="asked of the token"
            )
        name = seen.name(call.function)
        if name == "functools.partial" and call.arguments:  # partial(jwt.encode, key="..."): what is given now is not given later
            call = ir.Call(call.at, call.arguments[0], call.arguments[1:], call.keywords)  # noqa: PLW2901 - the call that it stands for
            name = seen.name(call.function)
        place = _TAKES_KEY.get(name) or (("key", 0) if _CIPHERS.search(name) else None)
        key = argument(call, *place) if place is not None else None
        if key is not None and (text_of(key) != "" or _CIPHERS.search(name)):
            yield from _written(seen, scope, call, key)


def _is_named_by_token(scope: Scope, given: ir.Expression | None) -> bool:
    """Whether what is given was read from a header that nobody verified yet."""
    if given is None or scope.function is None:
        return given is not None and mentions(given, _HEADERS)
    unverified = {
        target.id
        for part in walk(scope.function.body)
        if isinstance(part, ir.Assign) and mentions(part.value, _HEADERS)
        for target in part.targets
        if isinstance(target, ir.Name)
    }
    return mentions(given, _HEADERS | unverified) and not any(
        isinstance(part, ir.Compare) and any(_is_algorithm(side, unverified) for side in (part.left, *part.rights))
        for part in walk(scope.function.body)
    )


def _is_algorithm(side: ir.Expression, unverified: AbstractSet[str]) -> bool:
    """Whether a side of a comparison is the algorithm that the token names: then it is held to those that are allowed."""
    if isinstance(side, ir.Name):
        return side.id in unverified
    return mentions(side, unverified) and any(isinstance(part, ir.Constant) and part.value == "alg" for part in walk(side))


def _written(seen: Seen, scope: Scope, call: ir.Call, key: ir.Expression) -> Iterator[Flow]:
    found = folding.constant(seen.project, seen.unit, key)
    if found is ABSENT or not isinstance(found, str | bytes):
        return
    if _PUBLIC.search(found.encode() if isinstance(found, str) else found):
        return
    name, unit = seen.name(call.function), _home(seen, key)
    if not found:  # no secret, and no key either
        detail = f"The key that {name} is given is empty."
        yield seen.flow("weak-key", key.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="an empty key is given")
        return
    detail = f"The key that {name} is given, of {len(found)} characters, is written into the code."
    if unit is None:
        yield seen.flow("secret", key.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="a key is written here")
        return
    home, at = unit
    yield of_file(
        "secret", home.file, ir.line_of(at), strength=STRONG, sink=name, detail=detail, function=home.name, said="a key is written here"
    )


def _home(seen: Seen, key: ir.Expression) -> tuple[Unit, int] | None:
    """The module whose name holds the key, and where it is given its value; None where it stands in the call itself."""
    if not isinstance(key, ir.Name | ir.Attribute):
        return None
    module, _, name = seen.project.resolve(seen.unit, key).rpartition(".")
    unit = seen.project.unit(module) if module else None
    value = unit.assigned.get(name) if unit is not None else None
    return (unit, value.at) if unit is not None and value is not None else None
