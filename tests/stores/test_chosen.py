"""From the policy's `store` to the stores that it means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringwork.clock import FixedClock
from ringwork.errors import PolicyInvalid
from ringwork.installation import Installation
from ringwork.policy import files
from ringwork.policy.policy import Mode, Policy
from ringwork.stores import chosen
from ringwork.stores.memory import MemoryCounters, MemorySpentTokens
from ringwork.stores.redis import RedisCounters, RedisServer, RedisSpentTokens
from ringwork.stores.sqlite import SqliteSpentTokens

CLOCK = FixedClock()


def choose(named: Any) -> chosen.Stores:
    return chosen.stores(named, about="https://clinic.example", clock=CLOCK)


def test_takes_memory_for_one_process() -> None:
    """The default needs nothing."""
    found = choose("memory")
    assert isinstance(found.spent, MemorySpentTokens)
    assert isinstance(found.counters, MemoryCounters)
    assert not chosen.faults_at_start(found, clock=CLOCK, production=True)


def test_counts_in_memory_beside_a_sqlite_file(tmp_path: Path) -> None:
    """One writer at a time would be the pace of the whole site, so only tokens stand in the file."""
    found = choose(f"sqlite:{tmp_path / 'spent.db'}")
    assert isinstance(found.spent, SqliteSpentTokens)
    assert isinstance(found.counters, MemoryCounters)
    found.spent.close()


def test_takes_a_store_of_the_applications_own() -> None:
    """What counts is taken; what does not is refused."""
    own = MemorySpentTokens()
    assert choose(own).spent is own
    null = type("Null", (), {"blocking": False, "claim": lambda self, token_id, *, now, until: True})()
    with pytest.raises(PolicyInvalid, match="granted the same token twice"):
        choose(null)


def test_asks_a_server_at_the_start_and_not_before() -> None:
    """Importing an application needs no network; starting one whose store is away is a fault."""
    found = choose("redis://:sesame@127.0.0.1:1/0")
    assert isinstance(found.spent, RedisSpentTokens)
    assert isinstance(found.counters, RedisCounters)
    faults = chosen.faults_at_start(found, clock=CLOCK, production=False)
    assert len(faults) == 1
    assert "cannot be used" in faults[0]
    assert "sesame" not in faults[0]


def test_tells_a_server_that_does_not_count() -> None:
    """Against something in between that answers and forgets."""
    null: Any = type("Null", (), {"blocking": True, "claim": lambda self, token_id, *, now, until: True})()
    found = chosen.Stores(spent=null, counters=MemoryCounters(), server=RedisServer("redis://localhost"))
    assert any("granted the same token twice" in fault for fault in chosen.faults_at_start(found, clock=CLOCK, production=True))


def test_asks_for_one_key_beside_one_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against accounts that each process counts under a hash of its own, and tokens that no other one reads."""
    monkeypatch.delenv("RINGWORK_KEY", raising=False)
    address = "redis://127.0.0.1:1/0"
    installation = Installation(Policy(origin="https://clinic.example", mode=Mode.PRODUCTION, store=address), only=None, list_routes=list)
    with pytest.raises(PolicyInvalid) as caught:
        installation.settle()
    assert any("set RINGWORK_KEY, the same in all of them" in fault for fault in caught.value.faults)


def test_counts_in_memory_in_a_copy_of_the_prover() -> None:
    """A copy has no network, and shall not count in the true store."""
    installation = Installation(Policy(store="redis://127.0.0.1:1/0"), only=None, list_routes=list)
    installation.recompile(patience=1000)
    assert isinstance(installation.site.counters, MemoryCounters)
    assert isinstance(installation.site.spent, MemorySpentTokens)
    installation.settle()


def test_refuses_plain_text_over_the_network_in_production() -> None:
    """Whoever stands between could read and clear the counters."""
    found = choose("redis://203.0.113.9:1/0")
    assert any("write rediss://" in fault for fault in chosen.faults_at_start(found, clock=CLOCK, production=True))


def test_reads_an_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password stays out of the settings."""
    monkeypatch.setenv("STORE_ADDRESS", "rediss://:sesame@cache.example/0")
    assert isinstance(choose("env:STORE_ADDRESS").counters, RedisCounters)


@pytest.mark.parametrize(
    "named", ["", "disk", "sqlite:", "rediss//:sesame@host", "env:NOT_SET_ANYWHERE", "redis://:sesame@", "http://:sesame@host"]
)
def test_tells_what_can_be_written(named: str) -> None:
    """An unknown store is a fault without its secret, never memory in silence."""
    with pytest.raises(PolicyInvalid, match="store: ") as caught:
        choose(named)
    assert "sesame" not in str(caught.value)


def test_shows_no_address_with_the_policy() -> None:
    """Whoever logs a policy logs no password."""
    assert "sesame" not in repr(Policy(store="rediss://:sesame@cache.example/0"))


def test_takes_no_password_from_a_settings_file() -> None:
    """A password that is committed is no secret any more."""
    with pytest.raises(PolicyInvalid, match="env:STORE_ADDRESS") as caught:
        files.from_table({"store": "rediss://:sesame@cache.example/0"}, where="ringwork.toml")
    assert "sesame" not in str(caught.value)
