"""From the policy's `store` to the stores that it means.

Against a store that is named wrongly and works for one process alone: what is unknown is a fault, told without its address.
"""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING

from ringwork.clock import Clock
from ringwork.enforce.guard import Counters, SpentTokens, require_counting, require_limiting
from ringwork.errors import PolicyInvalid, StoreDown
from ringwork.frozen import Frozen
from ringwork.stores.memory import MemoryCounters, MemorySpentTokens

if TYPE_CHECKING:
    from ringwork.stores.redis import RedisServer

_KNOWN = 'write "memory", "sqlite:path/to/file", "rediss://host:6379/0" or "env:NAME", where NAME is a variable that holds one of these'


class Stores(Frozen):
    """Where state is kept. server: the Redis server that both stand on, or None. spare: counters of this process."""

    spent: SpentTokens
    counters: Counters
    spare: Counters = field(default_factory=MemoryCounters)
    server: RedisServer | None = None


def stores(named: SpentTokens | str, *, about: str, clock: Clock) -> Stores:
    """The stores that `named` means. about: the application's origin, which keeps two of them apart in one Redis.

    Raises PolicyInvalid for an unknown name and for a store that does not count, ExtraMissing where redis-py is not installed.
    A Redis server is not asked yet.
    """
    if not isinstance(named, str):
        require_counting(named, clock=clock)
        return Stores(spent=named, counters=MemoryCounters())
    address = os.environ.get(named.removeprefix("env:"), "") if named.startswith("env:") else named
    if address.startswith(("redis://", "rediss://")):
        return _on_redis(address, about)
    if address == "memory":
        spent: SpentTokens = MemorySpentTokens()
    elif address.startswith("sqlite:") and address != "sqlite:":
        from ringwork.stores.sqlite import SqliteSpentTokens

        spent = SqliteSpentTokens(address.removeprefix("sqlite:"))
    else:
        # Against a password in a log: of an address that is not understood only the kind is shown.
        shown = (
            named if named.startswith("env:") else named.partition(":")[0] if ":" in named and "@" not in named.partition(":")[0] else "it"
        )
        raise PolicyInvalid([f"store: {shown[:20]!r} is unknown; {_KNOWN}"])
    require_counting(spent, clock=clock)
    return Stores(spent=spent, counters=MemoryCounters())


def _on_redis(address: str, about: str) -> Stores:
    from ringwork.stores import redis

    faults = redis.faults_of(address)
    if faults:
        raise PolicyInvalid(faults)
    redis.require_library()
    server = redis.RedisServer(address, about=about)
    return Stores(spent=redis.RedisSpentTokens(server), counters=redis.RedisCounters(server), server=server)


def faults_at_start(found: Stores, *, clock: Clock, production: bool) -> list[str]:
    """What is wrong with a store that only the start may ask: importing an application needs no network."""
    if found.server is None:
        return []
    faults = ["store: plain redis:// to another machine can be read and changed on the way; write rediss://"] if (
        production and not found.server.is_private
    ) else []  # fmt: skip
    try:
        require_counting(found.spent, clock=clock)
        require_limiting(found.counters, clock=clock)
    except PolicyInvalid as invalid:
        faults += invalid.faults
    except StoreDown as down:
        faults.append(str(down))
    return faults
