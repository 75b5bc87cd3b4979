"""Every key table and every root is one; mypy holds them to it."""

from __future__ import annotations

from ringwork.keys.root import LocalRoot, Root
from ringwork.keys.rows import KeyTable
from ringwork.stores.memory_keys import MemoryKeyTable

MEMORY: type[KeyTable] = MemoryKeyTable
LOCAL: type[Root] = LocalRoot
