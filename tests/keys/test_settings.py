"""The table [keys] is checked whole: every fault with what to write instead, and no secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.crypto.chance import random_bytes
from ringwork.crypto.sealing import Suite
from ringwork.errors import KeyUnavailable, PolicyInvalid
from ringwork.keys.keyring import Keyring
from ringwork.keys.roots import environment, file
from ringwork.keys.roots.aws import AwsRoot
from ringwork.keys.roots.pkcs11 import Pkcs11Root
from ringwork.keys.roots.vault import VaultRoot
from ringwork.keys.settings import keyring_of, root_of, secret_of, settings_of, table_of
from ringwork.stores.sqlalchemy_keys import SqlalchemyKeyTable
from ringwork.stores.sqlite_keys import SqliteKeyTable

ROOT = {"root": "file:root.key"}


def test_a_root_is_enough(tmp_path: Path) -> None:
    """Everything else has a safe default."""
    file.make(tmp_path / "root.key")
    settings = settings_of(ROOT, where="ringwork.toml")
    ring = keyring_of(settings, base=tmp_path)
    assert isinstance(ring, Keyring)
    assert isinstance(ring.table, SqliteKeyTable)
    assert (ring.suite, settings.classes, settings.limits.cache_seconds) == (Suite.AES_256_GCM_SIV, ("default",), 300)


def test_takes_what_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Former roots, a database, strict algorithms, tenants' own keys."""
    monkeypatch.setenv("MY_ROOT", environment.text_of(random_bytes(32)))
    monkeypatch.setenv("DATABASE", f"sqlite:///{tmp_path}/app.db")
    file.make(tmp_path / "old.key")
    table = {
        "root": {"kind": "env", "variable": "MY_ROOT"}, "old_roots": ["file:old.key"], "table": "env:DATABASE", "strict": True,
        "tenant_keys": True, "columns": ["clinic:columns"], "classes": ["health"], "cache_seconds": 5, "lifetime_days": 30,
    }  # fmt: skip
    settings = settings_of(table, where="ringwork.toml")
    ring = keyring_of(settings, base=tmp_path)
    assert [root.reference.partition(":")[0] for root in ring.hierarchy.roots] == ["env", "file"]
    assert isinstance(ring.table, SqlalchemyKeyTable)
    assert (ring.suite, ring.hierarchy.tenant_keys, settings.lifetime_days) == (Suite.XAES_256_GCM, True, 30)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"root": 5}, "keys.root: write root ="),
        ({"root": "root.key"}, "keys.root: write root ="),
        ({"root": {"kind": "gcp"}}, "kinds: file, env, vault, aws, pkcs11"),
        ({"root": {"kind": "vault", "key": "k"}}, "a root of kind vault needs address"),
        ({"root": {"kind": "aws", "key": "k", "pin": "env:P"}}, "keys.root.pin is unknown"),
        ({"root": {"kind": "aws", "key": 5}}, "keys.root.key: give a text, not int"),
        ({"root": {"kind": "vault", "key": "k", "address": "a", "token": "s.1234"}}, 'token = "env:NAME"'),
        ({"root": {"kind": "pkcs11", "module": "m", "token": "t", "key": "k", "pin": "1234"}}, 'pin = "env:NAME"'),
        ({"root": {"kind": "file", "path": "p", "passphrase": "correct horse"}}, 'passphrase = "env:NAME"'),
        ({"old_roots": ["none"]}, r"keys.old_roots\[0\]"),
        ({"table": "postgresql://app:secret@db/app"}, 'write table = "sqlite:keys.db"'),
        ({"table": 5}, "keys.table: give a text"),
        ({"tabel": "sqlite:k.db"}, "did you mean 'table'"),
        ({"zzz": 1}, "known here: root, table"),
        ({"columns": ["clinic"]}, "package.module:function"),
        ({"classes": [5]}, "keys.classes: give a list of texts"),
        ({"cache_seconds": "5"}, "keys.cache_seconds: give a number"),
        ({"cache_seconds": 0}, "cache_seconds: give a number above 0"),
        ({"strict": 1}, "keys.strict: give true or false"),
        ({"lifetime_days": 0}, "give 1 day or more"),
        ({"lifetime_days": True}, "give a number, not bool"),
    ],
)
def test_names_each_fault_and_quotes_no_secret(changed: dict[str, object], problem: str) -> None:
    """Each fault says what to write, and a secret in the wrong place is not repeated."""
    with pytest.raises(PolicyInvalid, match=problem) as refused:
        settings_of({**ROOT, **changed}, where="ringwork.toml")
    assert len(refused.value.faults) == 1
    assert not any(word in str(refused.value) for word in ("s.1234", "'1234'", "correct horse", "secret@"))


def test_tells_all_faults_at_once() -> None:
    """Nobody mends them one by one."""
    with pytest.raises(PolicyInvalid) as refused:
        settings_of({"tabel": 1, "strict": 5}, where="ringwork.toml")
    assert len(refused.value.faults) == 3


def test_makes_each_kind_of_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets come from variables and files; nobody is asked yet."""
    monkeypatch.setenv("TOKEN", "token")
    monkeypatch.setenv("PHRASE", "correct horse battery")
    (tmp_path / "pin").write_text("1234\n")
    vault = {"kind": "vault", "address": "https://vault.example:8200", "key": "k", "token": "env:TOKEN"}
    hsm = {"kind": "pkcs11", "module": "m.so", "token": "t", "key": "k", "pin": "file:pin"}
    aws = {"kind": "aws", "key": "alias/x", "region": "eu-central-1"}
    assert [type(root_of(each, base=tmp_path)) for each in (vault, hsm, aws)] == [VaultRoot, Pkcs11Root, AwsRoot]
    locked = {"kind": "file", "path": "locked.key", "passphrase": "env:PHRASE"}
    with pytest.raises(KeyUnavailable, match="ringwork keys init"):
        root_of(locked, base=tmp_path)


@pytest.mark.parametrize("secret", ["env:NOT_SET", "file:none"])
def test_names_the_secret_that_is_missing(tmp_path: Path, secret: str) -> None:
    """By its variable or file."""
    with pytest.raises(KeyUnavailable, match=secret.partition(":")[2]):
        root_of({"kind": "vault", "address": "https://v.example", "key": "k", "token": secret}, base=tmp_path)


@pytest.mark.parametrize("address", ["", "no address", "nosuch://app:secret@db/app"])
def test_quotes_no_address_of_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """It holds a password."""
    monkeypatch.setenv("DATABASE", address)
    with pytest.raises(KeyUnavailable, match="variable DATABASE") as refused:
        table_of(settings_of({**ROOT, "table": "env:DATABASE"}, where="ringwork.toml"), base=tmp_path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("mode", "fine"), [(0o600, True), (0o444, True), (0o666, False), (0o620, False)])
def test_takes_no_secret_from_a_file_that_others_write(tmp_path: Path, mode: int, *, fine: bool) -> None:
    """Who may write it chooses the passphrase; containers hand secrets in that all may read."""
    (tmp_path / "pin").write_text("a secret of the tests\n")
    (tmp_path / "pin").chmod(mode)
    if fine:
        assert secret_of("file:pin", base=tmp_path).reveal() == "a secret of the tests"
        return
    with pytest.raises(KeyUnavailable, match=r"can be written by others.*chmod 600 pin"):
        secret_of("file:pin", base=tmp_path)
