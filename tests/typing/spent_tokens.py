"""Both embedded stores are stores of spent tokens; mypy holds them to it."""

from __future__ import annotations

from ringwork.enforce.guard import SpentTokens
from ringwork.stores.memory import MemorySpentTokens
from ringwork.stores.sqlite import SqliteSpentTokens

MEMORY: type[SpentTokens] = MemorySpentTokens
SQLITE: type[SpentTokens] = SqliteSpentTokens
