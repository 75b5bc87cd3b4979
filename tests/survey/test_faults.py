"""The outages that a copy can be made to have: dormant at first, then on, then over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ringwork import Policy, Principal
from ringwork.clock import FixedClock
from ringwork.errors import StoreDown
from ringwork.installation import Installation
from ringwork.survey.harness import faults


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No outage is left on for the next test."""
    yield
    faults.SWITCH.turn("")


def planted(identify: Any = None, sink: Any = lambda event: None) -> Installation:
    """An installation with every outage in it, all off."""
    policy = Policy(origin="https://clinic.example", clock=FixedClock(), identify=identify, events=sink)
    installation = Installation(policy, only=None, list_routes=list)
    faults.plant(installation)
    return installation


def claim(installation: Installation, token: bytes = b"one") -> bool:
    return installation.site.spent.claim(token, now=1.0, until=9.0)


def test_spends_tokens_as_before_while_nothing_is_switched_on() -> None:
    """Users have to be able to sign in before anything breaks."""
    installation = planted()
    assert claim(installation)
    assert not claim(installation)


@pytest.mark.parametrize(("outage", "raised"), [("store-down", StoreDown), ("store-raises", faults.PlantedOutage)])
def test_the_store_fails_while_its_outage_is_on(outage: str, raised: type[Exception]) -> None:
    """It raises what was asked for, and works again afterwards."""
    installation = planted()
    faults.SWITCH.turn(outage)
    with pytest.raises(raised):
        claim(installation)
    faults.SWITCH.turn("")
    assert claim(installation)


def test_the_counters_fail_while_their_outage_is_on() -> None:
    """The store of the rate limits is another one than that of the tokens."""
    installation = planted()
    assert installation.site.counters.take((), now=1.0) == 0.0
    faults.SWITCH.turn("counters-down")
    with pytest.raises(StoreDown):
        installation.site.counters.take((), now=1.0)
    assert claim(installation)


def test_the_sink_fails_while_its_outage_is_on() -> None:
    """What it takes before is the application's own to keep."""
    told: list[object] = []
    sink: Any = planted(sink=told.append).policy.events
    sink("one")
    faults.SWITCH.turn("sink-raises")
    with pytest.raises(faults.PlantedOutage):
        sink("two")
    assert told == ["one"]


def found(identify: Any) -> Any:
    """What a loader hands back, awaited where it has to be."""
    made = identify(object())
    return asyncio.run(_wait(made)) if asyncio.iscoroutine(made) else made


async def _wait(made: Any) -> Any:
    return await made


async def waiting(request: object) -> Principal:
    return Principal(id="ada", roles=frozenset({"admin"}))


def plain(request: object) -> Principal:
    return Principal(id="ada", roles=frozenset({"admin"}))


@pytest.mark.parametrize("identify", [waiting, plain])
def test_the_loader_of_users_fails_while_its_outage_is_on(identify: Any) -> None:
    """As it was, a coroutine or a plain function, with the outage before it or in what it hands back."""
    broken = planted(identify).policy.identify
    assert found(broken).roles == {"admin"}
    faults.SWITCH.turn("identify-raises")
    with pytest.raises(faults.PlantedOutage):
        found(broken)
    faults.SWITCH.turn("policy-raises")
    with pytest.raises(faults.PlantedOutage):
        frozenset({"admin"}).isdisjoint(found(broken).roles)


def test_a_loader_that_is_named_is_loaded() -> None:
    """Policies may name it as "module:function"; its outages stand before it all the same."""
    broken = planted("tests.frameworks.hosts:identify").policy.identify
    faults.SWITCH.turn("identify-raises")
    with pytest.raises(faults.PlantedOutage):
        found(broken)


def test_an_application_without_users_has_none_with_outages_either() -> None:
    """Nothing is put in where nothing was."""
    assert planted().policy.identify is None


def test_what_hangs_goes_on_as_soon_as_the_outage_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a copy longer than the attack takes."""
    waited: list[object] = []
    monkeypatch.setattr(faults.SWITCH, "hang", lambda: waited.append("hung"))
    installation = planted(plain)
    faults.SWITCH.turn("store-hangs")
    assert claim(installation)
    faults.SWITCH.turn("identify-hangs")
    assert found(installation.policy.identify).id == "ada"
    assert waited == ["hung", "hung"]
