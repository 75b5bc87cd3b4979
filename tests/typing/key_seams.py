"""Every key table and every root is one; mypy holds them to it."""

from __future__ import annotations

from ringwork.keys.columns_sqlalchemy import TableBatch, TableSource
from ringwork.keys.root import LocalRoot, Root
from ringwork.keys.roots.aws import AwsRoot
from ringwork.keys.roots.pkcs11 import Pkcs11Root
from ringwork.keys.roots.vault import VaultRoot
from ringwork.keys.rows import KeyTable
from ringwork.keys.sealed_columns import Batch, SealedSource
from ringwork.stores.memory_keys import MemoryKeyTable
from ringwork.stores.sqlalchemy_keys import SqlalchemyKeyTable
from ringwork.stores.sqlite_keys import SqliteKeyTable

MEMORY: type[KeyTable] = MemoryKeyTable
SQLITE: type[KeyTable] = SqliteKeyTable
SQLALCHEMY: type[KeyTable] = SqlalchemyKeyTable
LOCAL: type[Root] = LocalRoot
VAULT: type[Root] = VaultRoot
AWS: type[Root] = AwsRoot
PKCS11: type[Root] = Pkcs11Root
SOURCE: type[SealedSource] = TableSource
BATCH: type[Batch] = TableBatch
