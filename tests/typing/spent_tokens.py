"""Every store of spent tokens is one; mypy holds them to it."""

from __future__ import annotations

from ringwork.enforce.guard import SpentTokens
from ringwork.stores.memory import MemorySpentTokens
from ringwork.stores.redis import RedisSpentTokens
from ringwork.stores.sqlite import SqliteSpentTokens

MEMORY: type[SpentTokens] = MemorySpentTokens
SQLITE: type[SpentTokens] = SqliteSpentTokens
REDIS: type[SpentTokens] = RedisSpentTokens
