"""One suite for every store of spent tokens."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.enforce.guard import SpentTokens
from ringwork.errors import StoreDown
from ringwork.stores.memory import MemorySpentTokens
from ringwork.stores.redis import RedisServer, RedisSpentTokens
from ringwork.stores.sqlite import SKEW_SECONDS, SWEEP_SECONDS, SqliteSpentTokens
from tests.stores import redis_server

NOW = 1_800_000_000.0
LATER = NOW + 7200


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.Server]:
    """One real server for this file."""
    if not redis_server.is_installed():
        pytest.skip("redis-server is not installed; ./run setup-system")
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.real)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpentTokens]:
    """Each store in turn, empty."""
    if request.param == "memory":
        yield MemorySpentTokens()
        return
    if request.param == "redis":
        server = RedisServer(request.getfixturevalue("redis").url, about=request.node.name, wait_seconds=5)
        yield RedisSpentTokens(server)
        server.close()
        return
    sqlite = SqliteSpentTokens(tmp_path / "spent.db")
    yield sqlite
    sqlite.close()


def test_grants_the_first_claim_only(store: SpentTokens) -> None:
    """A token that was sent once is spent."""
    assert [store.claim(b"a", now=NOW, until=LATER) for _ in range(3)] == [True, False, False]


def test_keeps_tokens_apart(store: SpentTokens) -> None:
    """One person's form spends nobody else's token."""
    ids = [b"a", b"b", b"\x00", b"\x00\x00", bytes(16), b"A"]
    assert all(store.claim(token_id, now=NOW, until=LATER) for token_id in ids)


def test_remembers_until_the_end(store: SpentTokens) -> None:
    """A token is refused for as long as it would be good."""
    assert store.claim(b"a", now=NOW, until=LATER)
    for i in range(50):
        now = NOW + i * 143
        store.claim(b"other%d" % i, now=now, until=now + 7200)
    assert not store.claim(b"a", now=LATER - 1, until=LATER)


def test_never_grants_what_has_expired(store: SpentTokens) -> None:
    """An expired token may be forgotten, never accepted."""
    assert not store.claim(b"a", now=LATER, until=LATER)
    assert not store.claim(b"a", now=LATER + 1, until=LATER)


def test_lets_one_of_many_threads_win(store: SpentTokens) -> None:
    """Twenty clicks at once spend one token once."""
    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(lambda _: store.claim(b"a", now=NOW, until=LATER), range(40)))
    assert won.count(True) == 1


def test_says_whether_it_blocks(store: SpentTokens) -> None:
    """Guards send what touches a disk to the pool."""
    assert store.blocking is not isinstance(store, MemorySpentTokens)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.integers(-50, 200), st.integers(-5, 300)), max_size=60))
def test_grants_nothing_twice_whatever_the_clock_does(claims: list[tuple[bytes, int, int]]) -> None:
    """With memory for two tokens and a clock that jumps, no token with one expiry is granted twice."""
    tight = MemorySpentTokens(limit=2)
    granted = [(token_id, until) for token_id, now, until in claims if tight.claim(token_id, now=NOW + now, until=NOW + until)]
    assert len(granted) == len(set(granted))


def test_stays_within_its_memory_and_refuses_rather_than_forgets() -> None:
    """Filling the store costs older tokens their use; nobody gains a second one, and new tokens go on working."""
    tight = MemorySpentTokens(limit=10)
    claims = [(b"%d" % i, NOW + i, LATER + i) for i in range(200)]
    assert all(tight.claim(token_id, now=now, until=until) for token_id, now, until in claims)
    assert len(tight._spent) == len(tight._ends) <= 10
    assert not any(tight.claim(token_id, now=NOW + 200, until=until) for token_id, _, until in claims)
    assert not tight.claim(b"unused and old", now=NOW + 200, until=LATER + 5)
    assert tight.claim(b"fresh", now=NOW + 200, until=LATER + 200)


def test_goes_on_taking_short_lived_tokens_beside_one_that_lasts_for_a_year() -> None:
    """One link that was followed once must not end everybody's forms and messages until its own end."""
    tight = MemorySpentTokens(limit=10)
    assert tight.claim(b"link", now=NOW, until=NOW + 31_536_000)
    assert all(tight.claim(b"%d" % i, now=NOW + i, until=NOW + i + 300) for i in range(1000))
    assert not tight.claim(b"link", now=NOW + 1000, until=NOW + 31_536_000)


def test_loses_nothing_that_lasts_to_one_that_ends_before() -> None:
    """A full store refuses who comes with less time than all that it holds, and stays as it is."""
    tight = MemorySpentTokens(limit=2)
    assert all(tight.claim(token_id, now=NOW, until=LATER) for token_id in (b"a", b"b"))
    assert not any(tight.claim(b"%d" % i, now=NOW, until=NOW + 300) for i in range(50))
    assert not tight.claim(b"a", now=NOW, until=LATER)
    assert tight.claim(b"c", now=NOW, until=LATER + 1)


def test_refuses_what_the_last_claim_put_beyond_the_horizon() -> None:
    """What is as old as what was forgotten may be the forgotten one."""
    tight = MemorySpentTokens(limit=1)
    assert tight.claim(b"a", now=NOW, until=LATER)
    assert tight.claim(b"b", now=NOW, until=LATER + 9)
    assert not tight.claim(b"c", now=NOW, until=LATER - 1)


def test_forgets_what_has_expired() -> None:
    """Memory does not grow with the years."""
    memory = MemorySpentTokens()
    for hour in range(100):
        now = NOW + hour * 3600
        for i in range(10):
            assert memory.claim(b"%d-%d" % (hour, i), now=now, until=now + 7200)
    assert len(memory._spent) == len(memory._ends) <= 30


def test_takes_no_store_without_room() -> None:
    """A store for nothing would refuse everything."""
    with pytest.raises(ValueError, match="limit"):
        MemorySpentTokens(limit=0)


def test_shares_one_file_between_workers(tmp_path: Path) -> None:
    """A token spent at one worker is spent at all."""
    one, two = SqliteSpentTokens(tmp_path / "spent.db"), SqliteSpentTokens(tmp_path / "spent.db")
    assert one.claim(b"a", now=NOW, until=LATER)
    assert not two.claim(b"a", now=NOW, until=LATER)
    assert two.claim(b"b", now=NOW, until=LATER)
    assert not one.claim(b"b", now=NOW, until=LATER)
    one.close()
    two.close()
    two.close()


def test_opens_the_file_anew_after_a_fork(tmp_path: Path) -> None:
    """A worker forked after the start check uses a connection of its own, and knows what was spent before."""
    sqlite = SqliteSpentTokens(tmp_path / "spent.db")
    assert sqlite.claim(b"a", now=NOW, until=LATER)
    process = os.getpid()
    sqlite._owner = process + 1
    assert not sqlite.claim(b"a", now=NOW, until=LATER)
    assert len(sqlite._inherited) == 1
    assert sqlite.claim(b"b", now=NOW, until=LATER)
    sqlite._inherited.pop().close()
    sqlite.close()


def test_sweeps_expired_tokens_from_the_file(tmp_path: Path) -> None:
    """The file does not grow with the years; clocks of workers may differ by some minutes."""
    path = tmp_path / "spent.db"
    sqlite = SqliteSpentTokens(path)
    assert sqlite.claim(b"old", now=NOW, until=NOW + 1)
    assert sqlite.claim(b"soon", now=NOW + SWEEP_SECONDS + 1, until=LATER)
    assert not sqlite.claim(b"old", now=NOW, until=NOW + 1)
    assert sqlite.claim(b"new", now=NOW + SKEW_SECONDS + SWEEP_SECONDS + 2, until=LATER)
    sqlite.close()
    reader = sqlite3.connect(path)
    assert {row[0] for row in reader.execute("SELECT id FROM ringwork_spent_1")} == {b"soon", b"new"}
    reader.close()


def test_says_that_it_is_down(tmp_path: Path) -> None:
    """A missing folder, or a file that is no database, is an outage with advice, not an unspent token; it recovers."""
    folder = tmp_path / "later"
    sqlite = SqliteSpentTokens(folder / "spent.db")
    with pytest.raises(StoreDown, match="its folder is there"):
        sqlite.claim(b"a", now=NOW, until=LATER)
    folder.mkdir()
    (folder / "spent.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(StoreDown):
        sqlite.claim(b"a", now=NOW, until=LATER)
    (folder / "spent.db").unlink()
    assert sqlite.claim(b"a", now=NOW, until=LATER)
    sqlite.close()


def test_is_down_while_another_holds_the_file(tmp_path: Path) -> None:
    """A lock that is not given back refuses within the waiting time."""
    sqlite = SqliteSpentTokens(tmp_path / "spent.db", wait_seconds=0.01)
    assert sqlite.claim(b"a", now=NOW, until=LATER)
    holder = sqlite3.connect(tmp_path / "spent.db")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreDown):
        sqlite.claim(b"b", now=NOW, until=LATER)
    holder.rollback()
    holder.close()
    assert sqlite.claim(b"b", now=NOW, until=LATER)
    sqlite.close()
