"""The stage on which checks play: copies started when they are needed, users signed in, every check from an address of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import itertools
import json
import socket
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import breached_files, failing, pages, planting, sessions
from ringwork.prove.check import (
    Altered,
    Call,
    Fault,
    MessageKey,
    Noticed,
    ProbeRoute,
    Rotated,
    Server,
    Stored,
    Tampered,
    Turned,
    User,
)
from ringwork.prove.launch import Launcher
from ringwork.prove.process import Change
from ringwork.prove.rows import Difference, Kept
from ringwork.prove.running import browser, plain_browser
from ringwork.prove.sources import NotRead, Sources
from ringwork.prove.users import Entrances
from ringwork.survey.facts import AppFacts, FieldFacts, RouteFacts, to_plain
from ringwork.survey.flows import SourceFacts
from ringwork.survey.wire import entry, multipart
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.forge import Leaf

_FIRST_SOURCE = int(ipaddress.IPv4Address("127.16.0.1"))
_LOOKS, _BETWEEN_SECONDS = 4, 0.05
EMPTY_BODY = ("application/json", b"{}")  # what a script sends to a route that takes nothing
_numbers = itertools.count()


def next_source() -> str:
    """An address of 127.0.0.0/8 that no other group of checks uses; 127.0.0.1 where the machine has no other."""
    # Against one check's limits and lock-outs that fall on another: each group is a client of its own.
    address = str(ipaddress.IPv4Address(_FIRST_SOURCE + next(_numbers) % 100_000))
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind((address, 0))
        return address
    return "127.0.0.1"


class LiveServed:
    """One running copy as checks see it (check.Served)."""

    def __init__(self, launcher: Launcher, change: Change, entrances: Entrances, *, source: str) -> None:
        self.entrances, self.source = entrances, source
        # A session says nothing of a copy in which something else stands before it.
        self._keeper = entrances.keeper if change == Change(probes=change.probes) else None
        self._signed = self._keeper.signed() if self._keeper is not None else None
        self.running = running = launcher.run(change, self._signed.place if self._signed is not None else None)
        self.origin, self.canary, self.authority = running.origin, running.canary, running.authority
        self._registered: dict[str, entry.DeclaredUser] = {}
        self._left: dict[str, list[sessions.Session]] = {}
        self._read = 0
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        """What a copy that has only begun knows of its users."""
        self._registered = dict(self._signed.accounts) if self._signed is not None else {}
        self._left, self._read = {}, 0
        if self._keeper is not None and self._signed is not None:
            self._left = {user.name: self._keeper.sessions_of(self._signed, user.name) for user in self.entrances.users}

    def client(self) -> Client:
        """A fresh browser with an empty jar."""
        return browser(self.running, source=self.source)

    def plain(self) -> Client:
        """A fresh browser that asks without TLS, under the same name."""
        return plain_browser(self.running, source=self.source)

    def login(self, user: User) -> Client:
        """A fresh browser that is signed in; registers the user first where that is how they come to be."""
        client = self.client()
        with self._lock:
            self.entrances.enter(user, client, registered=self._registered)
        return client

    def signed_in(self, user: User) -> Client:
        """The same, with a session that this copy began with where it has one that nobody uses, which opens a page."""
        left = self._left.get(user.name)
        while left:
            client = self.client()
            if left.pop(0).lend(client):
                return client
            if self._keeper is not None:
                self._keeper.note_failure(user.name)
        return self.login(user)

    def username(self, user: User) -> str:
        """Under which name a user signs in."""
        known = next((one for one in self.entrances.known if one.name == user.name), self._registered.get(user.name))
        return (known.username or known.name) if known is not None and not known.token else ""

    def sign_in(self, user: User, *, query: str, fields: Mapping[str, str] | None = None) -> Answer | None:
        """The answer to a login whose page was asked for with this query, and that sends these fields too."""
        with self._lock:
            return self.entrances.enter(user, self.client(), registered=self._registered, query=query, fields=fields)

    def probe_path(self, which: ProbeRoute) -> str:
        """Where the harness put a probe route."""
        if not self.running.change.probes:
            raise TargetFailed(step="probe", problem="this copy has no probe routes", advice="serve it with probes=True")
        return f"{planting.PREFIX}/{which.value}"

    def state(self) -> Mapping[str, str]:
        """A digest for each store."""
        found: dict[str, str] = self.running.ask("state")
        return found

    def differences(self) -> Sequence[Difference]:
        """Which rows are others than when this was asked last."""
        return [Difference(**one) for one in self.running.ask("differences")]

    def kept(self, word: str) -> Sequence[Kept]:
        """The rows and objects that hold a word."""
        return [Kept(**one) for one in self.running.ask(f"kept {word}")]

    def records(self) -> Sequence[str]:
        """Everything logged or printed so far."""
        found: list[str] = self.running.ask("records")
        return found

    def failure(self) -> str:
        """The error behind an answer of 500 that has just come, with its place; "" where nothing was logged of one since the last time."""
        for _ in range(_LOOKS):
            records = self.records()
            found = failing.told(records[self._read :], self.running.copy.tree)
            if found:
                self._read = len(records)
                return found
            time.sleep(_BETWEEN_SECONDS)  # some servers log it after the answer
        return ""

    def call_out(self, *, brief: bool = False) -> Sequence[Call]:
        """What became of clients that met rogue servers."""
        papers = self.running.write_rogues()
        found: list[dict[str, Any]] = self.running.ask(f"call-out {'brief' if brief else 'all'} {papers}")
        return [Call(**one) for one in found]

    def store(self, fields: Sequence[FieldFacts], *, marks: Mapping[str, str], control: str) -> Sequence[Stored]:
        """Let the copy's own models store one canary a field."""
        found = self._stored("store", fields, marks=dict(marks), control=control)
        return [Stored(**one) for one in found]

    def tamper(self, field: FieldFacts, others: Sequence[FieldFacts], *, marks: Sequence[str], brief: bool = False) -> Tampered:
        """Let the copy alter what is stored, and read it."""
        found = self._stored("tamper", [field, *others], marks=list(marks), brief=brief)
        return Tampered(kept_in=found["kept_in"], problem=found["problem"], rows=tuple(Altered(**row) for row in found["rows"]))

    def has_stored(self, field: FieldFacts, text: str) -> bool:
        """Whether a row of the copy holds this value."""
        return bool(self._stored("find", [field], text=text))

    def rotate(self, fields: Sequence[FieldFacts], *, marks: Sequence[str]) -> Rotated:
        """Let the copy rotate its keys."""
        found = self._stored("rotate", fields, marks=list(marks))
        rows = tuple(Turned(**row) for row in found["rows"])
        return Rotated(way=found["way"], of=tuple(found["of"]), problem=found["problem"], rows=rows)

    def _stored(self, what: str, fields: Sequence[FieldFacts], **given: Any) -> Any:
        asked = {"do": what, "fields": [to_plain(field) for field in fields], **given}
        return self.running.ask(f"stored {json.dumps(asked)}")

    @property
    def folder(self) -> Path:
        """Where the copy's files lie."""
        return self.running.folder

    def strike(self, outage: str) -> None:
        """Switch one planted outage on, or with "" all off."""
        self.running.ask(f"strike {outage}")

    def watch(self, marker: str) -> None:
        """Let the copy note where a marker arrives."""
        self.running.ask(f"watch {marker}")

    def watched(self) -> Sequence[Noticed]:
        """Where it arrived."""
        return [Noticed(event=event, texts=tuple(texts)) for event, texts in self.running.ask("watched")]

    def forget(self) -> None:
        """Let every password cost what it costs the application."""
        self.running.ask("forget")

    def sockets(self) -> Sequence[str]:
        """Where the copy listens beside the two sockets that the prover made for it."""
        found: list[str] | None = self.running.ask("sockets")
        if found is None:
            raise TargetFailed(step="list", problem="this machine does not list a process's sockets", advice="run it on Linux")
        declared = {f"tcp {host}:{port}" for host, port in (self.running.address, self.running.plain_address)}
        return [one for one in found if one not in declared]

    def memory(self) -> int:
        """The resident size of the copy's own process."""
        found: int = self.running.ask("memory")
        return found

    def reset(self) -> None:
        """As right after the start: a fresh fork on the same port. Browsers of before are signed out."""
        self._signed = self._keeper.signed() if self._keeper is not None else None
        self.running.reset(self._signed.place if self._signed is not None else None)
        self._begin()


class LiveStage:
    """What one group of checks may use (check.Stage). Opened lazily; `close` ends what it started."""

    only_reads = False

    def __init__(
        self,
        launcher: Launcher,
        facts: AppFacts,
        entrances: Entrances,
        *,
        without: frozenset[str] = frozenset(),
        planted: ProbeRoute | None = None,
        world: AppFacts | None = None,
        replaced: tuple[str, ...] = (),
        sources: Sources | None = None,
        quick: bool = False,
    ) -> None:
        self.quick = quick
        self._sources = sources or NotRead()
        self._is_breached_source = planted is ProbeRoute.BREACHED_SOURCE
        self._launcher, self._entrances, self._without = launcher, entrances, without
        self._replaced = (*replaced, *planting.REPLACED.get(planted, ()))
        self.brief = bool(without) or bool(replaced) or planted is not None
        self.facts = planting.plant(planting.without(facts, without), planted)
        self._breached = tempfile.TemporaryDirectory(prefix="ringwork-") if planted is ProbeRoute.BREACHED_FILES else None
        if self._breached is not None:
            breached_files.write(Path(self._breached.name))
            self.facts = dataclasses.replace(self.facts, root=self._breached.name, sources=breached_files.SOURCES)
        self._real = Server.CARELESS if planted is ProbeRoute.CARELESS_SERVER else Server.REAL
        asked = {route.name for route in self.facts.routes}
        others = world.routes if world is not None else ()
        # An object that a route needs is often found through another one, also when that one is not asked itself.
        self._ways = (*self.facts.routes, *(route for route in others if route.name not in asked))
        self.users: Sequence[User] = entrances.users
        self.messages: Sequence[MessageKey] = entrances.messages
        self.address = next_source()
        self._served: LiveServed | None = None
        self._pages: dict[int, tuple[Client, pages.Pages]] = {}
        self._browsers: dict[str, Client] = {}

    @property
    def served(self) -> LiveServed:
        """The copy as it is (less what is taken out), with probe routes; started at first use."""
        if self._served is None:
            self._served = self._start(Change(without=self._without, replaced=self._replaced))
        return self._served

    @property
    def source(self) -> SourceFacts:
        """What reading found; waited for where the reader is not done."""
        return self._sources.breached() if self._is_breached_source else self._sources.project()

    def _start(self, change: Change) -> LiveServed:
        return LiveServed(self._launcher, change, self._entrances, source=self.address)

    @contextmanager
    def serve(
        self,
        *,
        probes: bool = True,
        fault: Fault | None = None,
        production: bool = False,
        limits: bool = False,
        leaf: Leaf = Leaf.THROW_AWAY,
        real: bool = False,
    ) -> Iterator[LiveServed]:
        """Another copy, fresh, ended with the block."""
        change = Change(
            probes=probes,
            fault=fault,
            production=production,
            limits=limits,
            without=self._without,
            replaced=self._replaced,
            leaf=leaf,
            server=self._real if real else Server.COPY,
        )
        served = self._start(change)
        try:
            if production:
                _require_first_answer(served)
            yield served
        finally:
            self._launcher.end(served.running)

    def fresh(self) -> None:
        """Put the copy back to its start, for the next check."""
        if self._served is not None:
            self._served.reset()
        self._pages.clear()
        self._browsers.clear()

    def close(self) -> None:
        """End the copy, if one was started."""
        if self._served is not None:
            self._launcher.end(self._served.running)
            self._served = None
        if self._breached is not None:
            self._breached.cleanup()

    def fill(self, route: RouteFacts, *, client: Client | None = None) -> str:
        """A path for the route whose parameters lead somewhere, as far as `client` (else a user whom it lets in) can see."""
        return pages.fill(route, self.pages(client or self.guide(route)))

    def body(self, route: RouteFacts) -> tuple[str, bytes] | None:
        """Content type and valid body, from the application's own form, the schema, or the names that the handler reads."""
        seen = self.pages(self.guide(route))
        fields = pages.fields_of(route, seen)
        if route.body == "json":
            return "application/json", json.dumps(fields).encode()
        path = pages.fill(route, seen)
        form = seen.first(route.path, lambda: seen.form_for(path))
        if form is None and not fields and route.body != "multipart":
            return EMPTY_BODY
        if form is not None:
            given = {name: value for name, value in form.fields.items() if not pages.TOKEN_NAME.search(name)}
            fields = {**fields, **{name: value or str(fields.get(name) or pages.guess_text(name)) for name, value in given.items()}}
        files = pages.files_of(route, form)
        if files and (route.body == "multipart" or (form is not None and form.files)):
            return multipart.encode(fields, files)
        return "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()

    def token(self, path: str, client: Client) -> tuple[str, str]:
        """Name and fresh value of the hidden token of a form that posts to `path`, as `client` sees it; ("", "") for none."""
        return self.pages(client).token(path)

    def pages(self, client: Client) -> pages.Pages:
        """What a browser sees by looking round; kept for each browser."""
        kept = self._pages.get(id(client))
        if kept is None:
            kept = self._pages[id(client)] = (client, pages.Pages(client, self._ways))
        return kept[1]

    def able(self, route: RouteFacts) -> list[User | None]:
        """Those who may enter by the route's rule, strongest first, else everybody; None, last, is nobody signed in."""
        allowed = [user for user in self.users if route.rule != "requires" or not route.roles or set(route.roles) & set(user.roles)]
        nobody: list[User | None] = [] if route.rule == "requires" and allowed else [None]
        return [*reversed(allowed or self.users), *nobody]

    def browser(self, user: User | None) -> Client:
        """A browser of this user that is kept for the group. Raises TargetFailed when the login does not work."""
        name = user.name if user is not None else ""
        if name not in self._browsers:
            self._browsers[name] = self.served.signed_in(user) if user is not None else self.served.client()
        return self._browsers[name]

    def guide(self, route: RouteFacts) -> Client:
        """A browser of the first user whom the route lets in and who can sign in."""
        for user in self.able(route):
            with contextlib.suppress(TargetFailed, OSError):
                return self.browser(user)
        return self.browser(None)


def _require_first_answer(served: LiveServed) -> None:
    """Raise TargetFailed when the first request meets a failure: WSGI has no start-up event, so that is where it refuses."""
    answer = served.client().get("/")
    if answer.status >= 500:
        problem = f"the first request was answered {answer.status}: {(served.records() or [''])[-1][:1500]}"
        raise TargetFailed(step="start", problem=problem, advice="production refuses to serve with a fault; see the message")
