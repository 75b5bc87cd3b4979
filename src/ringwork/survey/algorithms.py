"""Where a project's source uses cryptography, and which algorithm by name; read from its text, nothing is imported.

Against an algorithm that nobody remembers when it falls: calls of hashlib, hmac, cryptography, PyCryptodome, JWT libraries, password
hashes and ringwork are listed with file and line. A name that is computed is listed as such, never guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ringwork.survey import copies

COMPUTED = "computed"
"""The algorithm of a call whose name is made at run time."""

_ROOTS = frozenset({
    "Crypto", "Cryptodome", "argon2", "bcrypt", "cryptography", "hashlib", "hmac", "jose", "joserfc", "jwt", "nacl", "passlib", "ringwork",
})  # fmt: skip
_HASHES: Mapping[str, str] = {
    "md5": "MD5", "sha1": "SHA-1", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512",
    "sha3_256": "SHA3-256", "sha3_512": "SHA3-512", "blake2b": "BLAKE2b", "blake2s": "BLAKE2s",
}  # fmt: skip
_JOSE: Mapping[str, str] = {
    "HS256": "HMAC-SHA-256", "HS384": "HMAC-SHA-384", "HS512": "HMAC-SHA-512", "RS256": "RSA-PKCS1v15", "PS256": "RSA-PSS",
    "ES256": "ECDSA-P256", "EdDSA": "Ed25519", "none": "none",
}  # fmt: skip
_NAMED: Mapping[str, str] = {
    **{name.upper(): called for name, called in _HASHES.items()},
    "pbkdf2_hmac": "PBKDF2", "scrypt": "scrypt", "AESGCM": "AES-GCM", "AESGCMSIV": "AES-256-GCM-SIV", "AESSIV": "AES-SIV",
    "AESCCM": "AES-CCM", "ChaCha20Poly1305": "ChaCha20-Poly1305", "Fernet": "Fernet", "MultiFernet": "Fernet", "TripleDES": "3DES",
    "ARC4": "RC4", "RC2": "RC2",
    "Blowfish": "Blowfish", "CAST5": "CAST5", "IDEA": "IDEA", "SEED": "SEED", "DES": "DES", "DES3": "3DES", "ECB": "AES-ECB",
    "CBC": "AES-CBC", "CTR": "AES-CTR", "GCM": "AES-GCM", "MODE_ECB": "AES-ECB", "MODE_CBC": "AES-CBC",
    "MODE_CTR": "AES-CTR", "MODE_GCM": "AES-GCM",
    "HMAC": "HMAC", "HKDF": "HKDF", "HKDFExpand": "HKDF", "PBKDF2HMAC": "PBKDF2", "Scrypt": "scrypt", "Argon2id": "Argon2id",
    "PasswordHasher": "Argon2id", "Ed25519PrivateKey": "Ed25519", "Ed25519PublicKey": "Ed25519", "X25519PrivateKey": "X25519",
    "X25519PublicKey": "X25519", "PKCS1v15": "RSA-PKCS1v15", "OAEP": "RSA-OAEP", "PSS": "RSA-PSS", "PKCS1_v1_5": "RSA-PKCS1v15",
    "PKCS1_OAEP": "RSA-OAEP", "hashpw": "bcrypt", "CryptContext": "passlib", "SecretBox": "XSalsa20-Poly1305",
}  # fmt: skip
_OURS: Mapping[str, str] = {
    "crypto.sealing": "AES-256-GCM-SIV", "crypto.xaes": "XAES-256-GCM", "crypto.mac": "HMAC-SHA-256", "crypto.passwords": "Argon2id",
    "crypto.signatures": "Ed25519", "crypto.agreement": "X25519", "crypto.public_sealing": "X25519",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One call. algorithm: by its usual name, or COMPUTED. call: as the source has it, names resolved. file: relative, with slashes."""

    algorithm: str
    call: str
    file: str
    line: int


def uses(root: Path) -> list[Use]:
    """Every use below `root`, tests apart, in the order of files and lines."""
    found = list[Use]()
    for path in copies.walk(root):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".py" and not _is_test(name):
            found += in_source(copies.text_of(path), name)
    return found


def _is_test(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in {"tests", "test"} for part in parts[:-1]) or parts[-1].startswith("test_") or parts[-1] == "conftest.py"


def in_source(text: str, file: str) -> list[Use]:
    """The uses in one file's text; none in what is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    known = dict(_imported(tree))
    found = {(use.line, use.algorithm): use for use in _found(tree, known, file)}
    return [found[key] for key in sorted(found)]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Local names to what they mean, as dotted names of the libraries that are looked at."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                (alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0])
                for alias in node.names
            )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _found(tree: ast.Module, known: Mapping[str, str], file: str) -> Iterator[Use]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _dotted(node.func, known)
            for algorithm in _algorithms(called, node) if called.partition(".")[0] in _ROOTS else ():
                yield Use(algorithm=algorithm, call=called, file=file, line=node.lineno)
        elif isinstance(node, ast.Attribute) and node.attr in _NAMED and node.attr.startswith("MODE_"):
            yield Use(algorithm=_NAMED[node.attr], call=_dotted(node, known), file=file, line=node.lineno)


def _dotted(node: ast.expr, known: Mapping[str, str]) -> str:
    parts = list[str]()
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([known.get(node.id, node.id), *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _algorithms(called: str, node: ast.Call) -> Sequence[str]:
    root, last = called.partition(".")[0], called.rpartition(".")[2]
    if root == "ringwork":
        return [name for module, name in _OURS.items() if called.startswith(f"ringwork.{module}.")]
    if called == "hashlib.new":
        return [_hash_of(node.args[0] if node.args else None)]
    if root == "hashlib" and last in _HASHES:
        return [_HASHES[last]]
    if called in {"hmac.new", "hmac.digest"}:
        given = next(
            (one.value for one in node.keywords if one.arg in {"digestmod", "digest"}), node.args[2] if len(node.args) > 2 else None
        )
        return [f"HMAC-{_hash_of(given)}"]
    if root in {"jwt", "jose", "joserfc"} and last in {"encode", "decode"}:
        return _jose(node)
    if last == "generate_private_key" and ".rsa." in called:
        return [_rsa(node)]
    return [_NAMED[last]] if last in _NAMED else []


def _hash_of(given: ast.expr | None) -> str:
    """The hash that an argument names: a text, hashlib.sha256, or something that is made at run time."""
    word = given.value if isinstance(given, ast.Constant) else given.attr if isinstance(given, ast.Attribute) else None
    return _HASHES.get(str(word).lower().replace("-", ""), COMPUTED)


def _jose(node: ast.Call) -> Sequence[str]:
    given = [one.value for one in node.keywords if one.arg in {"algorithm", "algorithms"}]
    words = [item.value for one in given for item in ast.walk(one) if isinstance(item, ast.Constant)]
    return [_JOSE.get(str(word), COMPUTED) for word in words] or [COMPUTED]


def _rsa(node: ast.Call) -> str:
    given = [one.value for one in node.keywords if one.arg == "key_size"] or node.args[1:2]
    size = given[0].value if given and isinstance(given[0], ast.Constant) else None
    return f"RSA-{size}" if isinstance(size, int) else f"RSA-{COMPUTED}"
