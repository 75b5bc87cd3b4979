"""For an application's own test suite: clients that say which page their requests come from, and assertions about answers and time.

The fixtures `ringwork_app`, `as_user` and `assert_denied` come with the pytest plugin; `AsUser` and `AssertDenied` are their types.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from ringwork.events import Event
from ringwork.frameworks import suite_clients
from ringwork.principal import Principal
from ringwork.prove import timing
from ringwork.prove.timing import TimeComparison
from ringwork.suite import answers

C = TypeVar("C")

__all__ = ["AsUser", "AssertDenied", "TimeComparison", "as_browser", "assert_equal_time", "assert_same_answer"]


class AsUser(Protocol):
    """The fixture `as_user`."""

    def __call__(self, who: str | Principal, /) -> Any:
        """A fresh test client that is signed in.

        who: the name of a user declared under [[prove.users]], who signs in through the application's own login; or a Principal,
        whom the guard then takes for the one who asks, in place of what `identify` would say. The latter works only inside the
        tests' own process, never in production's mode, and says nothing to a login check of the application's own.
        """


class AssertDenied(Protocol):
    """The fixture `assert_denied`."""

    def __call__(
        self,
        subject: Any,
        /,
        *,
        control: str = "",
        reason: str = "",
        status: int | None = None,
        unchanged: Callable[[], object] | None = None,
    ) -> Event:
        """The event of the refusal. Raises AssertionError unless ringwork refused and recorded it under the answer's own incident number.

        subject: an answer of a test client, or a call without arguments that makes one. control, reason: of the event, as
        `ringwork explain` and the log name them; "" for any. status: 400 to 499; None for any. unchanged: reads what the refused
        request would have changed; called before and after, so it needs a call as subject.
        """


def as_browser(client: C, *, origin: str = "http://localhost", forms: bool = True) -> C:
    """The same client, saying on every request which page it comes from, and sending forms as from the page that holds them.

    client: Flask's or Django's test client, Starlette's or aiohttp's TestClient.
    origin: what a browser would send: the policy's own where one is set, else the client's base address. aiohttp's client learns its
    address when it starts, so there it says "same-origin", and keeps Secure cookies on loopback, as browsers do.
    forms: a form without a token counts as sent from its page, as Django's own client has it; never in production's mode, and one with a
    wrong token is refused as ever. False where the suite tries what happens without.
    """
    told: Any = client
    said = {suite_clients.HEADER: suite_clients.word()} if forms else {}
    if type(told).__module__ == "aiohttp.test_utils":
        told.session.headers.update({"Sec-Fetch-Site": "same-origin", **said})
        told.session.cookie_jar._treat_as_secure_origin = _Loopback()  # noqa: SLF001  # its constructor takes addresses alone
    elif type(told).__module__ == "django.test.client":
        told.defaults["HTTP_ORIGIN"] = origin
    elif hasattr(told, "environ_base"):
        told.environ_base |= {"HTTP_ORIGIN": origin, **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in said.items()}}
    elif hasattr(told, "headers"):
        told.headers.update({"origin": origin, **said})
    else:
        raise TypeError(f"as_browser() takes a test client of Flask, Starlette, Django or aiohttp, not {type(client).__name__}")
    return client


class _Loopback:
    """The origins of this machine, whatever their port."""

    def __contains__(self, origin: Any) -> bool:
        return getattr(origin, "host", "") in {"127.0.0.1", "::1", "localhost"}


def assert_same_answer(a: Any, b: Any, *, ignoring: Iterable[str | re.Pattern[str]] = ()) -> None:
    """Raise AssertionError, with each difference, unless two answers tell the same: status, headers with repeated ones, body.

    a, b: answers of Starlette's, Flask's or httpx's client. ignoring: header names, and patterns whose text is passed over in
    header values and bodies. Left out by itself is what ringwork and servers make anew each time: Date, incident numbers, nonces,
    form tokens, the values of cookies. Does not promise that the answers take the same time: `assert_equal_time`.
    Source: CWE-204; ASVS 5.0, 6.3.8.
    """
    __tracebackhide__ = True
    ignored = list(ignoring)
    found = list(answers.seen(a, ignored).differences(answers.seen(b, ignored)))
    if found:
        raise AssertionError("\n".join(["the answers can be told apart:", *(f"  {line}" for line in found)]))


def assert_equal_time(
    call_a: Callable[[], object],
    call_b: Callable[[], object],
    *,
    rounds: int = 200,
    alpha: float = 0.01,
    relative: float = 0.2,
    absolute: float = 0.005,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> TimeComparison:
    """Raise AssertionError when two calls can be told apart by the time they take; else what was measured.

    rounds: pairs in a series, 30 or more. alpha: the rate of false alarms of one series, by Wilcoxon's signed-rank test on pairs in
    random order. A series counts only with a median difference of at least `relative` of the faster one's time, or `absolute`
    seconds; and three in a row have to show it in the same direction: two calls that take the same time fail at most once in
    4 / alpha**3 assertions. seed: of the order within pairs. clock: seconds, growing.
    Raises ValueError for settings that could show nothing. Does not promise that smaller differences are absent, nor anything about
    a machine or a network other than this one. Source: Wilcoxon 1945; the least effect is our choice. CWE-208.
    """
    __tracebackhide__ = True
    found = timing.compare(
        call_a,
        call_b,
        rounds=rounds,
        alpha=alpha,
        relative=relative,
        absolute=absolute,
        clock=clock,
        chance=random.Random(seed),  # noqa: S311  # the order within a pair; nothing is kept secret by it
    )
    if found.differs:
        raise AssertionError(f"the calls can be told apart by their time:\n{found}")
    return found
