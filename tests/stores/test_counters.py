"""One suite for every store of counters, and what each of them promises beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.enforce.guard import Allowance, Counters, Rate, TakeOne, Taking, require_limiting
from ringwork.errors import PolicyInvalid
from ringwork.stores.memory import MemoryCounters
from ringwork.stores.redis import RedisCounters, RedisServer
from tests.stores import redis_server

NOW = 1_800_000_000.0


def allow(*rates: tuple[int, float], name: str = "notes by address") -> Allowance:
    return Allowance(name=name, rates=tuple(Rate(limit=limit, seconds=seconds) for limit, seconds in rates))


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.Server]:
    """One real server for this file."""
    if not redis_server.is_installed():
        pytest.skip("redis-server is not installed; ./run setup-system")
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.real)])
def counters(request: pytest.FixtureRequest) -> Iterator[Counters]:
    """Each store in turn, with nothing counted yet."""
    if request.param == "memory":
        yield MemoryCounters()
        return
    server = RedisServer(request.getfixturevalue("redis").url, about=request.node.name, wait_seconds=5)
    yield RedisCounters(server)
    server.close()


def test_grants_as_many_as_the_rate_allows(counters: Counters) -> None:
    """Ten at once are ten, and the eleventh waits for one tenth of the window."""
    ten = allow((10, 600.0))
    assert [counters.take([(ten, "a")], now=NOW) for _ in range(10)] == [0.0] * 10
    assert 59 < counters.take([(ten, "a")], now=NOW) <= 60.001


def test_keeps_subjects_and_allowances_apart(counters: Counters) -> None:
    """One client's flood is nobody else's, and one class's nobody else's."""
    one, other = allow((1, 600.0)), allow((1, 600.0), name="notes by principal")
    takings = [(one, "a"), (one, "b"), (one, ""), (one, "A"), (other, "a"), (allow((2, 600.0)), "a")]
    assert [counters.take([taking], now=NOW) for taking in takings] == [0.0] * len(takings)
    assert all(counters.take([taking], now=NOW) > 0 for taking in takings[:5])


def test_trap_38_never_confuses_names_that_run_into_each_other(counters: Counters) -> None:
    """Trap 38: neither a separator nor a border moved by one letter makes one key of two."""
    pairs = [("a", "bc"), ("ab", "c"), ("a:b", "c"), ("a", "b:c"), ("a\x00", "b"), ("a", "\x00b"), ("", "abc"), ("abc", "")]
    takings = [(allow((1, 600.0), name=name), subject) for name, subject in pairs]
    assert [counters.take([taking], now=NOW) for taking in takings] == [0.0] * len(pairs)


def test_holds_every_rate_at_once(counters: Counters) -> None:
    """A short and a long window hold together; the one with less room decides."""
    both = allow((3, 600.0), (2, 3600.0))
    assert [counters.take([(both, "a")], now=NOW) for _ in range(2)] == [0.0, 0.0]
    assert 1799 < counters.take([(both, "a")], now=NOW) <= 1800.001


def test_uses_nothing_up_when_it_refuses(counters: Counters) -> None:
    """A refused request costs no other limit anything, however often it is tried."""
    full, wide = allow((1, 600.0), name="full"), allow((2, 600.0), name="wide")
    assert counters.take([(full, "a"), (wide, "a")], now=NOW) == 0.0
    assert all(counters.take([(full, "a"), (wide, "a")], now=NOW) > 0 for _ in range(5))
    assert counters.take([(wide, "a")], now=NOW) == 0.0
    assert counters.take([(wide, "a")], now=NOW) > 0


def test_takes_one_by_one_from_the_same_count(counters: Counters) -> None:
    """What is prepared for one allowance counts with everything else, for any number of rates."""
    for rates in ([(3, 600.0)], [(3, 600.0), (4, 3600.0)], [(9, 600.0), (3, 3600.0), (8, 7200.0)]):
        allowance = allow(*rates)
        one = counters.single(allowance)
        assert [one("a", NOW), counters.take([(allowance, "a")], now=NOW), one("a", NOW)] == [0.0, 0.0, 0.0]
        assert one("a", NOW) == pytest.approx(counters.take([(allowance, "a")], now=NOW), abs=5)
        assert one("b", NOW) == 0.0
        assert one("a", NOW) > 0


def test_asks_nothing_of_nobody(counters: Counters) -> None:
    """No limit, no wait."""
    assert counters.take([], now=NOW) == 0.0


def test_never_grants_too_much_to_many_at_once(counters: Counters) -> None:
    """Two hundred requests at once, of which fifty have room: fifty pass."""
    fifty = allow((50, 86_400.0), (60, 86_400.0))
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: counters.take([(fifty, "a")], now=NOW), range(200)))
    assert waits.count(0.0) == 50


def test_gives_back_by_itself(counters: Counters) -> None:
    """What was used comes back with time, whoever's clock it is."""
    quick, now = allow((1, 0.05)), NOW
    assert counters.take([(quick, "a")], now=now) == 0.0
    waits = []
    while not waits or (waits[-1] and len(waits) < 100_000):
        now += 0.001
        waits.append(counters.take([(quick, "a")], now=now))
    assert waits[-1] == 0.0


def test_says_whether_it_blocks(counters: Counters) -> None:
    """Guards send what waits for a network to the pool."""
    assert counters.blocking is isinstance(counters, RedisCounters)


def test_passes_the_canary(counters: Counters) -> None:
    """Every store of ours counts."""
    require_limiting(counters)


class Never:
    """A store that stands for something that does not count."""

    blocking = False

    def __init__(self, answers: Callable[[], float]) -> None:
        self.answers = answers

    def take(self, takings: Sequence[Taking], *, now: float) -> float:
        return self.answers()

    def single(self, allowance: Allowance) -> TakeOne:
        return lambda subject, now: self.answers()


@pytest.mark.parametrize(("answers", "words"), [(lambda: 0.0, "one use more"), (lambda: 5.0, "that was free")])
def test_trap_24_refuses_a_store_that_does_not_count(answers: Callable[[], float], words: str) -> None:
    """Trap 24: a null store would switch every limit off, or refuse everybody; the canary tells before anybody is served."""
    with pytest.raises(PolicyInvalid, match=words):
        require_limiting(Never(answers))


def test_trap_25_remembers_a_bounded_number_of_subjects() -> None:
    """Trap 25: a million addresses take no more memory than the limit; those seen last keep their count."""
    tight, one = MemoryCounters(limit=10), allow((1, 60.0))
    for i in range(1000):
        assert tight.take([(one, f"flood{i}")], now=NOW) == 0.0
        tight.take([(one, "seen all along")], now=NOW)
    table = tight._tables[one.key]
    assert len(table.young) + len(table.old) <= 20
    assert tight.take([(one, "seen all along")], now=NOW) > 0
    assert tight.take([(one, "flood999")], now=NOW) > 0
    assert tight.take([(one, "flood0")], now=NOW) == 0.0  # forgotten: a new allowance, no more


def test_trap_25_keeps_allowances_out_of_each_others_memory() -> None:
    """Trap 25: a flood of arrivals makes nobody forget the guesses at an account."""
    tight, arriving, accounts = MemoryCounters(limit=10), allow((9, 60.0), name="arriving"), allow((1, 60.0), name="login by account")
    tight.take([(accounts, "ada")], now=NOW)
    for i in range(1000):
        tight.take([(arriving, str(i))], now=NOW)
    assert tight.take([(accounts, "ada")], now=NOW) > 0


def test_forgets_who_has_nothing_left_to_remember() -> None:
    """Memory follows those who come, not all who ever came."""
    memory, one = MemoryCounters(), allow((5, 60.0))
    for minute in range(0, 600, 2):
        for i in range(10):
            memory.take([(one, f"{minute}-{i}")], now=NOW + minute * 60)
    table = memory._tables[one.key]
    assert len(table.young) + len(table.old) <= 20


def test_keeps_nobody_out_when_the_clock_is_set_back() -> None:
    """An operator who corrects the time by an hour does not stop the site for an hour."""
    memory, one = MemoryCounters(), allow((2, 60.0))
    for _ in range(2):
        memory.take([(one, "a")], now=NOW)
    assert memory.take([(one, "a")], now=NOW - 3600) == pytest.approx(30)
    assert memory.take([(one, "a")], now=NOW - 3569) == 0.0


def test_takes_no_memory_without_room() -> None:
    """A store for nobody would forget everything."""
    with pytest.raises(ValueError, match="limit"):
        MemoryCounters(limit=0)


@given(st.integers(1, 20), st.integers(1, 100), st.lists(st.floats(0, 30), max_size=80))
def test_never_grants_more_than_a_burst_and_what_came_back(limit: int, seconds: int, pauses: list[float]) -> None:
    """Whatever the pauses: from the first use on, no more than the limit and what time has given back since."""
    memory, rate, now, granted = MemoryCounters(), allow((limit, float(seconds))), NOW, 0
    for pause in pauses:
        now += pause
        granted += memory.take([(rate, "a")], now=now) == 0.0
        assert granted <= limit + (now - NOW) * limit / seconds + 0.01


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5)), max_size=60))
def test_two_rates_grant_what_each_of_them_grants(uses: list[tuple[str, float]]) -> None:
    """The quick way for two rates decides as the plain one does for one after the other."""
    both, alone = MemoryCounters(), MemoryCounters()
    pair, first, second, now = allow((3, 7.0), (5, 20.0)), allow((3, 7.0), name="first"), allow((5, 20.0), name="second"), NOW
    quick = both.single(pair)
    for subject, pause in uses:
        now += pause
        plain = alone.take([(first, subject), (second, subject)], now=now)
        assert quick(subject, now) == pytest.approx(plain, abs=1e-3)
