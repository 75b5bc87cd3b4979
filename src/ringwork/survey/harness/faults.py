"""Outages that can be switched on and off in a running copy: what ringwork's guards lean on fails, or hangs.

They lie dormant from the start, so that users can sign in first and what recovers can be seen to recover.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ringwork.errors import StoreDown
from ringwork.installation import Installation
from ringwork.principal import Principal
from ringwork.survey.harness import serving

DEADLINE_SECONDS = 0.4
_HANG_SECONDS = 4.0


class _Switch:
    """Which outage is on, "" for none."""

    def __init__(self) -> None:
        self.on = ""
        self._over = threading.Event()

    def turn(self, name: str) -> None:
        """Switch one outage on, or with "" all off."""
        self.on = name
        self._over.set()
        self._over = threading.Event()

    def hang(self) -> None:
        """Wait until the outage is over, or longer than any deadline of the copy."""
        self._over.wait(_HANG_SECONDS)


SWITCH = _Switch()


class PlantedOutage(RuntimeError):
    """What a planted outage raises."""


class _Store:
    """The store of spent tokens: refuses to answer, or hangs, while that is switched on."""

    def __init__(self, true: Any) -> None:
        self._true = true

    @property
    def blocking(self) -> bool:
        """Always, since it may hang."""
        return True

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """As the true store, unless an outage is on."""
        if SWITCH.on == "store-down":
            raise StoreDown("planted")
        if SWITCH.on == "store-raises":
            raise PlantedOutage("the store raises what no protocol names")
        if SWITCH.on == "store-hangs":
            SWITCH.hang()
        return bool(self._true.claim(token_id, now=now, until=until))


class _Counters:
    """The counters of rate limits: down while that is switched on."""

    def __init__(self, true: Any) -> None:
        self._true = true

    @property
    def blocking(self) -> bool:
        """Always, as a store on a network is."""
        return True

    def take(self, takings: Any, *, now: float) -> float:
        """As the true counters, unless they are down."""
        if SWITCH.on == "counters-down":
            raise StoreDown("planted")
        return float(self._true.take(takings, now=now))

    def single(self, allowance: Any) -> Any:
        """As the true counters, for one allowance."""
        return lambda subject, now: self.take(((allowance, subject),), now=now)


class _Roles(frozenset[str]):
    """Roles that cannot be read: the decision on them raises."""

    def __iter__(self) -> Iterator[str]:
        raise PlantedOutage("the roles cannot be read")


def plant(installation: Installation) -> None:
    """Put the switchable outages into an installation that is compiled anew afterwards."""
    if installation.policy.identify is not None and not callable(installation.policy.identify):
        installation.unsettled()  # settings name the loader of users; the start is where it is loaded
    policy = installation.policy
    true_sink = policy.events

    def sink(event: Any) -> None:
        if SWITCH.on == "sink-raises":
            raise PlantedOutage("no space left on the log's device")
        true_sink(event)

    closed = dataclasses.replace(policy.fail_closed, guard_seconds=DEADLINE_SECONDS)
    identify = _identify(policy.identify) if callable(policy.identify) else policy.identify
    installation.policy = dataclasses.replace(policy, events=sink, identify=identify, fail_closed=closed, identify_seconds=1.0)
    site = installation.site
    installation.site = dataclasses.replace(site, spent=_Store(site.spent), counters=_Counters(site.counters))


def _identify(true: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The application's own loader of users, with its outages; as it was, a coroutine or a plain function."""

    def before() -> None:
        if SWITCH.on == "identify-raises":
            raise PlantedOutage("the user table is gone")
        if SWITCH.on == "identify-hangs":
            SWITCH.hang()

    def after(found: Any) -> Any:
        if SWITCH.on != "policy-raises" or not isinstance(found, Principal):
            return found
        broken = dataclasses.replace(found)
        object.__setattr__(broken, "roles", _Roles(found.roles))
        return broken

    if inspect.iscoroutinefunction(true):

        async def waiting(request: Any) -> Any:
            before()
            return after(await true(request))

        return waiting

    def plain(request: Any) -> Any:
        before()
        return after(true(request))

    return plain


def broken_identify(how: str, canary: str) -> Any:
    """An `identify` that raises, hangs beyond a copy's deadline of one second, or returns no principal (prove.check.Fault)."""

    def raises(request: object) -> None:
        raise serving.ProbeFault(f"{canary} in identify")

    def hangs(request: object) -> None:
        time.sleep(_HANG_SECONDS)

    def wrong(request: object) -> object:
        return {"id": "administrator", "roles": ["administrator"]}

    return {"identify-raises": raises, "identify-hangs": hangs, "identify-wrong": wrong}[how]
