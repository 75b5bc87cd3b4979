"""The comparison of times, by a clock that the tests turn: nothing here is measured."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ringwork.prove import timing
from ringwork.prove.timing import CONFIRMATIONS, LEAST_ROUNDS, compare, signed_rank
from ringwork.testing import TimeComparison, assert_equal_time


class Machine:
    """A clock that moves only when a call is made: by its own time, and by what the machine does meanwhile."""

    def __init__(self, *, noise: Callable[[], float] = lambda: 0.0) -> None:
        self.now, self.noise, self.made = 0.0, noise, list[str]()

    def call(self, name: str, seconds: float) -> Callable[[], None]:
        def made() -> None:
            self.made.append(name)
            self.now += seconds + self.noise()

        return made

    def clock(self) -> float:
        return self.now


def _compared(machine: Machine, a: float, b: float, *, seed: int = 0, rounds: int = 60, alpha: float = 0.01) -> TimeComparison:
    return compare(
        machine.call("a", a),
        machine.call("b", b),
        rounds=rounds,
        alpha=alpha,
        relative=0.2,
        absolute=0.005,
        clock=machine.clock,
        chance=random.Random(seed),
    )


def test_tells_a_login_that_hashes_only_for_known_users() -> None:
    """50 ms against 2 ms, under noise of up to 10 ms: told, in every one of the confirming series."""
    chance = random.Random(7)
    machine = Machine(noise=lambda: chance.random() * 0.010)
    found = _compared(machine, 0.050, 0.002)
    assert found.differs
    assert len(found.series) == CONFIRMATIONS
    assert all(one.difference < -0.03 for one in found.series)


def test_passes_two_calls_that_only_noise_tells_apart() -> None:
    """The same call twice, under the same noise, is the same."""
    chance = random.Random(7)
    assert not _compared(Machine(noise=lambda: chance.random() * 0.010), 0.050, 0.050).differs


def test_passes_a_difference_too_small_to_be_worth_a_word() -> None:
    """One per cent, however plainly it is seen, is below the least effect."""
    found = _compared(Machine(), 0.0100, 0.0101)
    assert found.series[0].p < 0.01
    assert not found.differs


def test_is_not_misled_by_a_machine_that_grows_slower() -> None:
    """Each call takes longer than the one before; the order within a pair is chance, so neither of the two is blamed."""
    machine = Machine()
    machine.noise = lambda: len(machine.made) * 0.001
    assert not _compared(machine, 0.001, 0.001, rounds=100).differs


def test_raises_no_more_false_alarms_than_it_says() -> None:
    """Of 2000 series of equal calls with heavy-tailed noise, at most the stated share differs by p alone."""
    chance = random.Random(3)
    alpha, series, rounds = 0.05, 2000, 40
    alarms = sum(signed_rank([chance.paretovariate(1.5) - chance.paretovariate(1.5) for _ in range(rounds)]) < alpha for _ in range(series))
    assert alarms / series < alpha * 1.2


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        # Ten values with ranks 1 to 10, all positive: T+ = 55, mean 27.5, variance 96.25, z = 27 / 9.811.
        ([float(n) for n in range(1, 11)], 0.00593),
        # Signs in balance: T+ = 26 of a mean of 27.5, so z = 1 / 9.811.
        ([1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, -8.0, -9.0, 11.0], 0.91881),
        # The same with zeros, which count for nothing.
        ([0.0, 1.0, -2.0, 3.0, 0.0, -4.0, 5.0, -6.0, 7.0, -8.0, -9.0, 11.0], 0.91881),
        ([0.0, 0.0, 0.0], 1.0),
        # All tied: mean rank 3 each, variance 13.75 - 120 / 48 = 11.25; T+ = 15, mean 7.5, z = 7 / 3.354.
        ([2.0, 2.0, 2.0, 2.0, 2.0], 0.03689),
    ],
)
def test_ranks_as_the_published_test_does(differences: list[float], p: float) -> None:
    """Worked by hand after Hollander, Wolfe and Chicken, 3.1: ranks, ties and zeros."""
    assert signed_rank(differences) == pytest.approx(p, abs=0.0005)


def test_orders_each_pair_by_chance() -> None:
    """Were one of them always first, whatever the first call warms up would be the other's gain."""
    machine = Machine()
    _compared(machine, 0.001, 0.001)
    pairs = [tuple(machine.made[i : i + 2]) for i in range(6, len(machine.made), 2)]
    assert {("a", "b"), ("b", "a")} == set(pairs)


@pytest.mark.parametrize(
    ("given", "word"), [({"rounds": LEAST_ROUNDS - 1}, "rounds"), ({"alpha": 0.0}, "alpha"), ({"relative": -1.0}, "relative")]
)
def test_refuses_settings_that_could_show_nothing(given: dict[str, float], word: str) -> None:
    """A test that cannot fail is said to be none."""
    with pytest.raises(ValueError, match=word):
        assert_equal_time(lambda: None, lambda: None, **given)  # type: ignore[arg-type]


def test_fails_with_the_numbers_that_were_seen() -> None:
    """Whoever reads the failure sees both medians, the difference and how sure it is."""
    machine = Machine()
    with pytest.raises(AssertionError, match=r"a 1\.000 ms, b 40\.000 ms, difference 39\.000 ms, p = .* \(30 pairs\)"):
        assert_equal_time(machine.call("a", 0.001), machine.call("b", 0.040), rounds=30, clock=machine.clock)


def test_hands_back_what_was_measured_where_nothing_differs() -> None:
    """A suite can keep the numbers."""
    machine = Machine()
    found = assert_equal_time(machine.call("a", 0.001), machine.call("b", 0.001), rounds=30, clock=machine.clock)
    assert (found.rounds, found.differs, len(found.series)) == (30, False, 1)


def test_says_what_it_could_not_have_seen() -> None:
    """A quiet machine would have shown a fifth; on a busy one the same silence says nothing."""
    quiet = timing.Series(a=0.010, b=0.010, difference=0.0, p=0.6, error=timing.error_of_median([0.0001, -0.0001] * 100))
    busy = timing.Series(a=0.010, b=0.010, difference=0.0, p=0.6, error=timing.error_of_median([0.02, -0.02] * 100))
    assert timing.could_see(quiet, relative=0.2, absolute=0.005)
    assert not timing.could_see(busy, relative=0.2, absolute=0.005)
