"""Where a framework cannot be like the others: said at the test, with the reason, and shown by another test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from tests.frameworks.hosts import FRAMEWORKS

T = TypeVar("T", bound=Callable[..., Any])

_UNLIKE, _ONLY, _REMARKS = "__unlike__", "__only__", "__remarks__"


@dataclasses.dataclass(frozen=True, slots=True)
class Unlike:
    """frameworks: names. because: why the claim cannot hold there. instead: the test that shows what does."""

    frameworks: tuple[str, ...]
    because: str
    instead: str


def named(names: tuple[str, ...]) -> tuple[str, ...]:
    """Frameworks by their names or by their interface ("asgi", "wsgi", "aiohttp")."""
    return tuple(name for name, found in FRAMEWORKS.items() if {name, found.INTERFACE} & set(names))


def unlike(*names: str, because: str, instead: str) -> Callable[[T], T]:
    """The test holds on all frameworks but these."""

    def mark(test: T) -> T:
        setattr(test, _UNLIKE, (*exceptions_of(test), Unlike(named(names), because, instead)))
        return test

    return mark


def only(*names: str) -> Callable[[T], T]:
    """The test shows what is the case on these frameworks, where another test cannot hold."""

    def mark(test: T) -> T:
        setattr(test, _ONLY, named(names))
        return test

    return mark


def remark(*names: str, because: str) -> Callable[[T], T]:
    """The test holds on these frameworks too, and something has to be known about how."""

    def mark(test: T) -> T:
        setattr(test, _REMARKS, {**remarks_on(test), **dict.fromkeys(named(names), because)})
        return test

    return mark


def remarks_on(test: Any) -> dict[str, str]:
    """What has to be known, by framework."""
    return dict(getattr(test, _REMARKS, {}))


def exceptions_of(test: Any) -> tuple[Unlike, ...]:
    """Where the test does not hold, and why."""
    return getattr(test, _UNLIKE, ())


def is_footnote(test: Any) -> bool:
    """Whether the test is about the frameworks that another one leaves out."""
    return hasattr(test, _ONLY)


def frameworks_of(test: Any) -> list[str]:
    """Where the test runs."""
    if is_footnote(test):
        return list(getattr(test, _ONLY))
    left_out = {name for one in exceptions_of(test) for name in one.frameworks}
    return [name for name in FRAMEWORKS if name not in left_out]
