"""Every store of counters is one; mypy holds them to it."""

from __future__ import annotations

from ringwork.enforce.guard import Counters
from ringwork.stores.memory import MemoryCounters
from ringwork.stores.redis import RedisCounters

MEMORY: type[Counters] = MemoryCounters
REDIS: type[Counters] = RedisCounters
