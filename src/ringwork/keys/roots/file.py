"""A root key in a file of its own, for its owner alone, and under a passphrase where somebody can enter one at start.

Against a key that is committed, copied into an image or readable by every account of the machine: the file is made with mode 0600 and
refused with any other rights. It protects a stolen database and its backups, not a machine that was taken over; a KMS or HSM does more.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path

from ringwork.crypto.chance import random_bytes
from ringwork.crypto.keywrap import KEY_BYTES, unwrap_key, wrap_key
from ringwork.crypto.passphrases import SALT_BYTES, Cost, key_of
from ringwork.crypto.places import framed
from ringwork.errors import KeyUnavailable, TagWrong
from ringwork.keys.root import LocalRoot
from ringwork.secret import Secret

KIND = "file"
FORMAT = "ringwork-root-1"
SHORTEST = 12
"""Characters of a passphrase, at least."""
_LIMIT_BYTES = 4096


def make(path: Path, *, passphrase: Secret[str] | None = None) -> LocalRoot:
    """Make the file with a new root key. Raises KeyUnavailable where it is there already, or cannot be made."""
    if passphrase is not None and len(passphrase) < SHORTEST:
        raise KeyUnavailable(f"the passphrase of the root key has {len(passphrase)} characters; choose one of {SHORTEST} or more")
    key = Secret(random_bytes(KEY_BYTES))
    text = f"{FORMAT} {_text(key.reveal())}" if passphrase is None else _locked(key, passphrase)
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise KeyUnavailable(f"the folder of {path} cannot be made ({error.strerror}); name a file in a folder of yours") from error
    try:
        # Against a root that is replaced, and with it everything lost: a file that is there is never written.
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyUnavailable(f"{path} is there already, and a root key is never replaced; name another file for a new one") from error
    except OSError as error:
        raise KeyUnavailable(f"{path} cannot be made ({error.strerror}); name a file in a folder of yours") from error
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return LocalRoot(key, kind=KIND)


def read(path: Path, *, passphrase: Secret[str] | None = None) -> LocalRoot:
    """The root key of a file. Raises KeyUnavailable that says what to change; nothing of the file is quoted."""
    words = _content(path).split()
    if words[:1] != [FORMAT] or len(words) not in {2, 7}:
        raise KeyUnavailable(f"{path} holds no root key of this ringwork; make one with: ringwork keys init")
    if len(words) == 2:
        if passphrase is not None:
            # Against a passphrase that protects nothing, and is believed to.
            raise KeyUnavailable(f"{path} is not under a passphrase, and the settings name one; take it out, or make a new root under it")
        return LocalRoot(Secret(_bytes(words[1], path)), kind=KIND)
    if passphrase is None:
        raise KeyUnavailable(f'{path} is under a passphrase; name the variable that holds it: passphrase = "env:NAME"')
    return LocalRoot(_unlocked(words, passphrase, path), kind=KIND)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            # Against a file that is exchanged between the look and the reading: the rights are those of what was opened.
            _require_private(os.fstat(file.fileno()), path)
            return file.read(_LIMIT_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise KeyUnavailable(f"the root key {path} cannot be read ({error.strerror}); make it with: ringwork keys init") from error


def _require_private(status: os.stat_result, path: Path) -> None:
    if os.name != "posix":
        return
    if not stat.S_ISREG(status.st_mode):
        raise KeyUnavailable(f"{path} is no file; name the file of the root key")
    if status.st_mode & 0o077:
        raise KeyUnavailable(f"{path} can be read by others (mode {status.st_mode & 0o777:04o}); write: chmod 600 {path}")
    if status.st_uid not in {0, os.geteuid()}:
        raise KeyUnavailable(f"{path} belongs to another user (uid {status.st_uid}); write: chown {os.geteuid()} {path}")


def _locked(key: Secret[bytes], passphrase: Secret[str]) -> str:
    cost, salt = Cost(), random_bytes(SALT_BYTES)
    words = [FORMAT, "argon2id", str(cost.memory_kib), str(cost.passes), str(cost.lanes), _text(salt)]
    wrapped = wrap_key(key_of(passphrase, salt=salt, cost=cost), key, bound=framed(*(word.encode() for word in words)))
    return " ".join([*words, _text(wrapped)])


def _unlocked(words: list[str], passphrase: Secret[str], path: Path) -> Secret[bytes]:
    _, scheme, memory, passes, lanes, salt, wrapped = words
    try:
        cost = Cost(memory_kib=int(memory), passes=int(passes), lanes=int(lanes))
    except ValueError as error:
        raise KeyUnavailable(f"{path} names a cost that no ringwork has written; restore it from its copy") from error
    if scheme != "argon2id":
        raise KeyUnavailable(f"{path} is of another release; restore it from its copy")
    try:
        key = key_of(passphrase, salt=_bytes(salt, path), cost=cost)
        return unwrap_key(key, _bytes(wrapped, path), bound=framed(*(word.encode() for word in words[:6])))
    except TagWrong as error:
        raise KeyUnavailable(f"the passphrase does not open {path}, or the file was altered") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str, path: Path) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise KeyUnavailable(f"{path} is damaged; restore it from its copy") from error
