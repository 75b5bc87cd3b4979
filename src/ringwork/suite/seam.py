"""What the tests put into a guarded application of their own process: who is asking, and an ear for its events.

Against a door that production would have too: nothing of the run time knows this seam. It is made here, in the process of the
tests, taken out at their end, refused in production's mode, and opened only by an object that no request from a socket can carry.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.events import Event
from ringwork.installation import Installation
from ringwork.policy.known_by import KnownBy
from ringwork.policy.policy import Mode
from ringwork.principal import Principal

KEY = "ringwork.suite.signed_in"
_PEER = "127.0.0.1"
"""From where the tests' clients come; a socket on loopback does too, but it brings no object."""


class SignedIn:
    """Whom the tests say is asking."""

    __slots__ = ("principal",)

    def __init__(self, principal: Principal) -> None:
        self.principal = principal


class Seam:
    """One application's policy, with the tests' words before its own."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.events: list[Event] = []
        if isinstance(installation.policy.identify, str | KnownBy):
            installation.settle()  # so that what the settings name is the function itself
        self._before = installation.policy

    def open(self) -> None:
        """Stand before `identify` and before the sink of events."""
        policy = self._before
        identify = _asking(policy.identify) if callable(policy.identify) else policy.identify
        self._use(dataclasses.replace(policy, identify=identify, events=self._heard(policy.events)))

    def close(self) -> None:
        """Leave the policy as it was."""
        self._use(self._before)

    def require_principals(self) -> None:
        """Raise TargetFailed where nobody can be put in."""
        if self.installation.mode is Mode.PRODUCTION:
            # Against a suite that runs beside what serves, and leaves a door in it.
            raise TargetFailed(
                step="as_user", problem="production takes no principal from tests", advice="run the tests with RINGWORK_MODE=enforce"
            )
        if not callable(self._before.identify):
            raise TargetFailed(
                step="as_user",
                problem="the policy has no `identify`, so no request has a principal",
                advice='declare the user under [[prove.users]] and write as_user("name")',
            )

    def _use(self, policy: Any) -> None:
        self.installation.policy = policy
        self.installation.pipeline = self.installation.pipeline.for_policy(policy)
        self.installation.plans.clear()

    def _heard(self, sink: Callable[[Event], None]) -> Callable[[Event], None]:
        def hear(event: Event) -> None:
            self.events.append(event)
            sink(event)

        return hear


def _asking(identify: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`identify` for all whom the tests did not name."""

    async def waits(request: Any) -> Any:
        named = signed_in(request)
        return await identify(request) if named is None else named

    def answers(request: Any) -> Any:
        named = signed_in(request)
        return identify(request) if named is None else named

    return waits if inspect.iscoroutinefunction(identify) else answers


def signed_in(request: Any) -> Principal | None:
    """Whom the tests named in a request of their own; None for every other request."""
    carried: Mapping[str, Any] = getattr(request, "scope", None) or getattr(request, "environ", None) or {}
    found = carried.get(KEY)
    peer = (carried.get("client") or (carried.get("REMOTE_ADDR"),))[0]
    # Against a request that wears the key: a socket brings text, never an object of this class, and names another peer.
    return found.principal if isinstance(found, SignedIn) and peer == _PEER else None
