"""What a guard is.

A guard answers `plan(settings, site, route)` once for each route (and once with None, for what no route matches) with the
hooks it needs. Hooks are pure: they see an Exchange, never a framework; they return a refusal or change the answer's
headers; what they need from outside they ask for by yielding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import field
from typing import Any, Generic, Protocol, TypeVar

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.enforce.ordinary import Bounds
from ringwork.errors import PolicyInvalid
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.secret import Secret, random_hex


class Refusal(Frozen):
    """The decision that a request goes no further.

    reason: a stable lower-case word of the control's own list, the same in every event.
    detail: for the operator: what was wrong, in words, without secrets. headers: extra ones for the answer.
    """

    control: ControlId
    status: int
    reason: str
    detail: str = ""
    headers: tuple[Header, ...] = ()


class Reply(Frozen):
    """The decision to answer a request here, which is no refusal: a preflight, the intake of a report. No event is told."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""


class ReadForm(Frozen):
    """Ask: the fields of the form in the body, first value of each name, read by the framework's own parser.

    The application can still read the body afterwards. Answered with a mapping of text, or None when the body is
    larger than `limit_bytes` or no form.
    """

    limit_bytes: int


class ProvenForm(dict[str, str]):
    """The fields of a form whose token the framework's own check has found right; the answer to ReadForm on routes with an `own_token`."""


class ReadBody(Frozen):
    """Ask: the whole body. The application can still read it afterwards. Answered with bytes, or None above `limit_bytes`."""

    limit_bytes: int


class Blocking(Frozen):
    """Ask: call this in a bounded pool of threads and hand back what it returns; for stores that touch a disk."""

    call: Callable[[], Any]


Ask = ReadForm | ReadBody | Blocking
Decision = Refusal | Reply | None
DECIDED = (Refusal, Reply)
"""What a decision is that is not None; as a tuple, since a union is made anew wherever it is written."""
Asking = Generator[Ask, Any, Decision]
Arrive = Callable[[Exchange], Decision | Asking]
Enter = Callable[[Exchange], Decision | Asking]
Judge = Callable[[Exchange, int, list[Header]], Refusal | None]
Leave = Callable[[Exchange, int, list[Header]], list[Header]]
Body = Callable[[Exchange, int, list[Header], bytes], tuple[list[Header], bytes] | None]


class Limits(Frozen):
    """What the adapter holds a request to while its body is read and its answer is awaited.

    body_bytes: the body's greatest length; one byte more is answered 413, whoever reads it. Of a WebSocket: of each message.
    seconds: how long the application may take until its answer starts (ASGI; under WSGI the worker's own deadline counts).
    concurrent: how many requests may be under way at once in this process (ASGI; under WSGI the worker's threads are the bound).
    too_large, too_slow, body_late, too_many: the refusals that follow; body_late where the client is what is waited for.
    """

    body_bytes: int
    seconds: float
    concurrent: int
    too_large: Refusal
    too_slow: Refusal
    body_late: Refusal
    too_many: Refusal


class Hooks(Frozen):
    """What one guard does for one route.

    headers: constant ones that every answer carries; the application's own of the same name are taken out,
        unless their value stands in `keeps` (values at least as strict, lower case).
    secure_headers: the same for answers over TLS alone; without it the application's own are taken out all the same.
    removes: names taken out of every answer.
    drops: names taken out of every request before the application sees it.
    arrive: runs before a route is known, on every request (taken from the plan for None only).
    admit: runs before a route is known, once every `arrive` has let the request go on; it changes what the application sees, and
        refuses nothing.
    enter: runs when route and principal are known, before any code of the application's route.
    limits: what the adapter applies while the body is read and the answer is awaited.
    judge: runs when an answer of the application starts, on its own headers; a refusal takes the answer's place.
    judge_on: where not empty, `judge` runs only on answers that carry a header of one of these names.
    judge_when: whether a request is one of those whose answers `judge` may refuse, told from the request alone; None where it may be any.
    leave: runs when the answer starts; gets all headers but the constant ones, returns those to send. The list is its own to change.
    leave_on: where not empty, `leave` runs only on answers that came with a header of one of these names; ERROR means those of
        400 and above, NOTED those of requests that some guard noted something of.
    is_steady: whether `leave` looks at nothing of an ordinary answer but its status, its type and which names it has, and at nothing of
        the request but its scheme and whether there are a principal, cookies or an Authorization header.
    certifies: whether arrive looks at the client's certificate, so that the adapter hands it over.
    passes_plain: whether arrive and enter let every plain request (`Exchange.is_plain`) go on, so that it need not be asked about one.
    bounds: what plain requests keep to that `arrive` lets go on, or None; behind a guard that `resolves` they are asked for anew.
    resolves: whether arrive may change host, scheme or path, which the bounds of others speak of.
    asks: whether arrive or enter may hand back a generator of asks; from a guard that does not say so one is a fault.
    error_body: runs on the first piece of an answer of 400 or above; may replace headers and whole body.
    """

    headers: tuple[Header, ...] = ()
    secure_headers: tuple[Header, ...] = ()
    keeps: Mapping[bytes, frozenset[bytes]] | None = None
    removes: frozenset[bytes] = frozenset()
    drops: frozenset[bytes] = frozenset()
    arrive: Arrive | None = None
    admit: Callable[[Exchange], None] | None = None
    enter: Enter | None = None
    limits: Limits | None = None
    judge: Judge | None = None
    judge_on: frozenset[bytes] = frozenset()
    judge_when: Callable[[Exchange], bool] | None = None
    leave: Leave | None = None
    leave_on: frozenset[bytes] = frozenset()
    is_steady: bool = False
    error_body: Body | None = None
    certifies: bool = False
    passes_plain: bool = False
    bounds: Bounds | None = None
    resolves: bool = False
    asks: bool = False


ERROR, NOTED = b":error", b":noted"
"""Occasions of `leave_on` that no header can be named like."""


NO_HOOKS = Hooks()


class SpentTokens(Protocol):
    """Remembers which single-use tokens were spent. Its conformance suite is tests/stores/test_spent_tokens.py."""

    @property
    def blocking(self) -> bool:
        """Whether `claim` may wait for a disk or a network; guards then ask for it by `Blocking`."""
        ...

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """True for the first caller with this id, False for every later one, however many ask at once.

        token_id: 1 to 64 bytes. now, until: seconds since 1970 UTC; the id is remembered until `until` at least.
        An id whose `until` is not after `now` is never granted. Raises StoreDown when the store does not answer.
        """
        ...


def require_counting(store: SpentTokens, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Refuse a store that does not count. Raises PolicyInvalid; StoreDown passes through.

    Against a replay store that remembers nothing, which would switch single use off in silence: a canary is spent twice.
    """
    now = clock.now()
    canary = f"canary-{random_hex(16)}".encode()
    first, second = (store.claim(canary, now=now, until=now + 60) for _ in range(2))
    if first and not second:
        return
    kind = type(store).__name__
    fault = "granted the same token twice" if first else "refused a token that was never spent"
    raise PolicyInvalid([f'store: {kind} {fault}; write store = "memory" for one process, or store = "sqlite:path" for several'])


_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0


class Rate(Frozen):
    """At most `limit` at once, given back evenly over `seconds`, so that in the long run no more than `limit` in each `seconds` pass.

    limit: 1 or more. seconds: above zero.
    """

    limit: int
    seconds: float

    @classmethod
    def of(cls, text: str) -> Rate:
        """A rate from words: "60 per second", "10 per 5 minutes". Raises ValueError that says how to write it."""
        number, per, *rest = text.split() if len(text.split()) in (3, 4) else ("", "", "")
        many, unit = rest if len(rest) == 2 else ("1", *rest)
        seconds = _SECONDS.get(unit.removesuffix("s"), 0)
        if per != "per" or not _is_count(number) or not _is_count(many) or not seconds:
            raise ValueError(f'{text!r} is no rate; write for example "60 per second" or "10 per 5 minutes"')
        rate = cls(limit=int(number), seconds=float(int(many) * seconds))
        if rate.limit > 1000 * rate.seconds or rate.seconds > 31 * 86_400:
            raise ValueError(f"{text!r} limits nothing; write at most 1000 per second, over 31 days at most")
        return rate

    @property
    def step(self) -> float:
        """How long one use takes to come back, in seconds."""
        return self.seconds / self.limit


class Allowance(Frozen):
    """Something that is counted for each of its subjects.

    name: what, and by whom ("login by account"). rates: one or more, all of them hold. key: both as one text, under which stores
    keep it, so that changed rates begin anew.
    """

    name: str
    rates: tuple[Rate, ...]
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", " ".join([self.name, *(f"{rate.limit}/{rate.seconds:g}" for rate in self.rates)]))


Taking = tuple[Allowance, str]
"""One use of an allowance by a subject: an address, a principal's id, a hashed account."""


TakeOne = Callable[[str, float], float]
"""One use by a subject, at a time; the answer is that of Counters.take."""


class Counters(Protocol):
    """Counts uses. Its conformance suite is tests/stores/test_counters.py."""

    @property
    def blocking(self) -> bool:
        """Whether `take` may wait for a network; guards then ask for it by `Blocking`."""
        ...

    def take(self, takings: Sequence[Taking], *, now: float) -> float:
        """0.0 when every rate of every taking had room, and each was then used once; else the seconds until all have room.

        A refused call uses nothing, and callers at once never get more than the rates allow. now: seconds since 1970 UTC; a
        store with a clock of its own uses that. Raises StoreDown when the store does not answer.
        """
        ...

    def single(self, allowance: Allowance) -> TakeOne:
        """`take` for one allowance alone, prepared once for many subjects."""
        ...


class Outage:
    """Whether the shared counters are down, so that an outage is told once and not with each request."""

    __slots__ = ("_down",)

    def __init__(self) -> None:
        self._down = False

    def begins(self) -> bool:
        """The counters did not answer; True for the first who notices."""
        was, self._down = self._down, True
        return not was

    def ends(self) -> None:
        """The counters answered."""
        self._down = False


def require_limiting(store: Counters, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Refuse a store that does not count uses. Raises PolicyInvalid; StoreDown passes through.

    Against a counter that forgets or never grants, which would switch limits off in silence: a canary is used once too often.
    """
    canary = (Allowance(name="canary", rates=(Rate(limit=1, seconds=60.0),)), random_hex(16))
    first, second = (store.take((canary,), now=clock.now()) for _ in range(2))
    if not first and second > 0:
        return
    kind = type(store).__name__
    fault = "refused a use that was free" if first else "granted one use more than its limit"
    raise PolicyInvalid([f'store: {kind} {fault}; write store = "memory" for one process, or store = "rediss://host/0" for several'])


class Site(Frozen):
    """What every guard may know of the place it stands in, apart from its own settings.

    origins: exact origins whose pages may change state, canonical one included, such as b"https://clinic.example".
    canonical_origin: the first of them as text, "" while none is configured. hosts: names that are served, lower case.
    loopback: nothing is configured, so only this machine is served. production: faults are fatal.
    key: at least 32 random bytes; guards derive their own from it. spent: the store of single-use tokens.
    closes: what follows when a store does not answer: True refuses. False only where the prover took output.fail-closed out.
    counters: what limits are counted in. spare: counters of this process, for what needs no sharing and for outages of the others.
    outage: whether the counters are down. patience: by how much every limit is multiplied; 0: by what the mode
        says. Only the prover's copies say otherwise.
    identifies: whether the policy names a function that tells who is asking.
    knows_services: whether the policy knows callers by their certificates.
    checks_messages: whether data.message-integrity stands among the guards; where a policy switches on others alone it does not.
    observes: whether decisions are only told: no answer changes, so no cookie of a guard's reaches a browser.
    debug: what shows internals in this application, as Surroundings tell it; known once the application starts.
    """

    origins: frozenset[bytes]
    canonical_origin: str
    hosts: frozenset[bytes]
    loopback: bool
    production: bool
    clock: Clock
    key: Secret[bytes]
    spent: SpentTokens
    counters: Counters
    spare: Counters
    outage: Outage = field(default_factory=Outage)
    patience: int = 0
    closes: bool = True
    identifies: bool = True
    knows_services: bool = False
    checks_messages: bool = True
    observes: bool = False
    debug: tuple[str, ...] = ()


_REMARKS = "remarks"


def remark(exchange: Exchange, what: Refusal) -> None:
    """Leave something for the operator that changes no decision, such as a cookie that had to be left out."""
    exchange.note(_REMARKS, (*remarks(exchange), what))


def remarks(exchange: Exchange) -> tuple[Refusal, ...]:
    """What guards left for the operator, oldest first; the pipeline records them when the answer starts."""
    found = exchange.noted(_REMARKS)
    return found if isinstance(found, tuple) else ()


class Surroundings(Frozen):
    """What the adapter sees of the application at start, for guards that look at more than requests.

    framework: its name. debug: what is on that shows internals, each as users would find it ("app.debug", "FLASK_DEBUG").
    layers: faults of ringwork's own layers in this application ("the outer layer was wrapped by ..."), empty when all stand.
    static_folders: folders whose files are served, with the path they are served under.
    settings: settings of the framework and its middleware by their own names, as plain values.
    rewriters: what else decides on client address and scheme by forwarding headers, each with what to write instead.
    """

    framework: str
    debug: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    static_folders: tuple[tuple[str, str], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rewriters: tuple[str, ...] = ()


S = TypeVar("S")


def _no_faults_at_start(settings: Any, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    return ()


class Guard(Frozen, Generic[S]):
    """A guard as the pipeline lists it.

    control: its id. settings: the type of its settings. plan: its hooks for a route, None for whatever no route matches.
    faults: what is wrong with settings, one line each, saying where and what to write instead; empty when all is well.
    at_start: what is wrong with the application as it stands, told when it starts; in production each one stops the start.
    """

    control: ControlId
    settings: type[S]
    plan: Callable[[S, Site, Route | None], Hooks]
    faults: Callable[[S], Sequence[str]]
    at_start: Callable[[S, Site, Surroundings, Sequence[Route]], Sequence[str]] = _no_faults_at_start
