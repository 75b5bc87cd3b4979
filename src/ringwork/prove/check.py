"""What a check is, and the stage on which it plays.

A proof lists its checks in `CHECKS`; each is a function from a Stage to Evidence. The stage starts copies of the target,
logs users in and tells what changed; a check never starts anything itself and never leaves loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ringwork.names import CheckId
from ringwork.prove.evidence import Evidence
from ringwork.prove.rows import Difference, Kept
from ringwork.survey.facts import AppFacts, FieldFacts, RouteFacts
from ringwork.survey.flows import SourceFacts
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.forge import Authority, Leaf


class Kind(StrEnum):
    """How a check looks; the kinds of the catalogue."""

    STATIC = "static"
    DEPS = "deps"
    CONFIG = "config"
    ROUTES = "routes"
    LIVE = "live"
    INFRA = "infra"
    PROCESS = "process"


class ProbeRoute(StrEnum):
    """Routes that the harness adds to a copy, so that a class of answer can be provoked in any application.

    All are public except BARE. Their paths are `served.probe_path(which)`. Each carries the copy's canary text in what
    it raises, so that a leak can be told from an ordinary answer.
    """

    BARE = "bare"  # answers 200 and has no rule at all
    PLAIN = "plain"  # answers 200 text/plain
    PAGE = "page"  # a page with an inline script that carries the nonce which ringwork gives, if it guards the copy
    EMPTY = "empty"  # answers 204
    MOVED = "moved"  # answers 302 to PLAIN
    RAISES = "raises"  # the handler raises
    RAISES_HTML = "raises-html"  # the same on a route whose answers are HTML
    RAISES_STREAM = "raises-stream"  # raises after the first piece of a stream
    ABORTS = "aborts"  # answers the status in ?status=NNN through the framework's own abort / HTTPException
    TRACEBACK = "traceback"  # the handler catches, and answers 500 with the traceback as its body
    SETS_COOKIES = "sets-cookies"  # answers 200 with two plain cookies, no attribute at all
    GRAPHQL = "graphql"  # answers any query, however deep, as a GraphQL library without limits; the planted fault of a check
    READS_BODY = "reads-body"  # reads the whole body, JSON and forms through the framework's own parser, and answers how much it read
    ECHO = "echo"  # answers the method, headers, client address and scheme that the application saw, as JSON
    BELIEVES = "believes"  # answers who is asking as a handler says that reads forwarding and identity headers itself, as JSON
    WRITES_ON_GET = "writes-on-get"  # writes a file on GET, as no safe method should; the planted fault of a check
    WEAK_TOKENS = "weak-tokens"  # a form whose csrf_token is a counter; the planted fault of a check
    EARLY_EXIT = "early-exit"  # lets the bearer of the canary in, compared letter by letter; the planted fault of a check
    UNSIGNED = "unsigned"  # lets in whoever brings a JSON Web Token, whatever its signature; the planted fault of a check
    PADDING_ORACLE = "padding-oracle"  # tells a wrong padding of its cookie from a wrong tag; the planted fault of a check
    BANNERS = "banners"  # answers 200 with headers that name a component and its version
    DEBUG_TOOL = "__debug__"  # listed and not served: a route such as debugging toolbars register; the planted fault of a check
    BREACHED_FILES = "breached-files"  # not a route: files as nobody should ship them, below the root that a look reads
    BREACHED_SOURCE = "breached-source"  # not a route: source as nobody should write it, read in place of the project's
    CARELESS_SERVER = "careless-server"  # not a route: the copy is served by Server.CARELESS where a check asks for the real one
    PLAIN_FIELDS = "plain-fields"  # not a route: a model whose sensitive column is plain, and whose encryption is none
    WEAK_KEYS = "weak-keys"  # not a route: keys as nobody should configure them, measured as others are
    IDLE_ROTATION = "idle-rotation"  # not a route: a rotation of keys that changes nothing
    SHARES = "shares"  # lets every origin that asks read its answer, with cookies
    LEADS = "leads"  # answers 302 with the Location in ?to=, as it came
    ADMIN = "admin"  # lists accounts to whoever is signed in; the planted fault of a check
    ASSIGNS = "assigns"  # keeps whatever fields a signed-in browser sends, and lists what it has; the planted fault of a check
    OBJECTS = "objects"  # gives every signed-in browser an object, and any of them to whoever names it; the planted fault of a check
    SHOWS = "shows"  # keeps what it is sent and shows it as it came, on a page for everybody; the planted fault of a check
    SERVES_BACK = "serves-back"  # keeps any file and serves it under the type that its client claimed; the planted fault of a check
    SWALLOWS = "swallows"  # one page for whatever follows its path
    SOCKET_RAISES = "socket-raises"  # a WebSocket that raises after accept (ASGI only)
    SOCKET_BARE = "socket-bare"  # a WebSocket without a rule (ASGI only)


class Fault(StrEnum):
    """Faults that the harness plants in a copy."""

    IDENTIFY_RAISES = "identify-raises"
    IDENTIFY_HANGS = "identify-hangs"
    IDENTIFY_WRONG = "identify-wrong"  # returns something that is no Principal
    OUTAGES = "outages"  # what guards lean on can be switched off and on again: `served.strike`
    LAYER_OUTER = "layer-outer"  # ringwork's outer layer is taken out
    LAYER_GATE = "layer-gate"  # ringwork's gate before the router is taken out
    LAYER_WRAPPED = "layer-wrapped"  # another layer is put round ringwork's outer one
    LAYER_MOVED = "layer-moved"  # ringwork's outer layer stands one place further in
    TRUSTS_PROVER = "trusts-prover"  # the prover's own addresses are trusted proxies, so what they forward has to count
    INTERNAL = "internal"  # served as an internal listener: only clients of the prover's own authority finish a handshake
    DEBUG_ON = "debug-on"  # the framework's debug switch is on, and its debugger stands among the layers
    STRAY_FILES = "stray-files"  # an environment file, a dump and a source map lie in the folders of static files


class Server(StrEnum):
    """What serves a copy."""

    COPY = ""  # the harness's own
    REAL = "real"  # what `ringwork serve` starts for the application, with short deadlines
    CARELESS = "careless"  # a stand-in for a server at its worst, and a second socket that nobody declared


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Someone the prover can log in as. roles: as the rules name them. name: shown in reports."""

    name: str
    roles: tuple[str, ...]

    @property
    def administers(self) -> bool:
        """Whether a role is named as one that administers."""
        return any(role.lower() in {"admin", "administrator", "staff", "superuser", "root", "owner", "manager"} for role in self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKey:
    """How to sign what one route takes. form: ringwork, link, github, stripe, standard-webhooks or slack.

    key: a copy's, as the sender has it. purpose, content_type: "" where the route says it, or has none. body: what an honest message
    carries, "" for what is found.
    """

    route: str
    form: str
    key: str = field(repr=False)
    purpose: str = ""
    body: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One client in a copy that was sent to one server. kind: careless, guarded or own (the application's).

    rogue: what is wrong with the server, "good" for nothing. reached: whether the client's request arrived there. said: its words.
    """

    caller: str
    kind: str
    rogue: str
    reached: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One canary that the application's own model stored. name: of the field. kept_in: for people, "clinic.sqlite3".

    holds: the Python type of the value that the model took; text: the value; read: what the application read back, both as text.
    failed: encryption was made to fail once as well. problem: why nothing was stored, "" when it was.
    """

    name: str
    orm: str
    kept_in: str
    holds: str
    text: str
    read: str
    failed: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """One alteration of a stored value, and what the application then read.

    became: refused, unchanged (the value itself), other (another row's or field's), plain (what nobody encrypted), nothing, stored (the
    stored text itself), altered (something else); equal or differs, for the same value twice; failed, where it could not be tried.
    """

    attack: str
    step: str
    became: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampered:
    """All alterations of one field. problem: why none was made, "" when they were."""

    kept_in: str
    problem: str
    rows: tuple[Altered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """One step of a rotation. held: whether it came out as it should. said: what was seen."""

    step: str
    held: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A rotation of the keys of encrypted fields. way: what was rotated. of: the fields' names. problem: why nothing was, or ""."""

    way: str
    of: tuple[str, ...]
    problem: str
    rows: tuple[Turned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """One event in a copy that carried the watched marker. event: as Python's audit events are named, "sql" for a statement of sqlite3."""

    event: str
    texts: tuple[str, ...]


class Served(Protocol):
    """One running copy, over HTTPS on loopback."""

    @property
    def origin(self) -> str:
        """Canonical origin, for example "https://clinic.example:49213"; the socket is loopback."""

    @property
    def canary(self) -> str:
        """Random text that appears in what probe routes raise, and nowhere else."""

    @property
    def authority(self) -> Authority:
        """Who signed the copy's certificate, and whose clients an internal listener lets in."""

    def client(self) -> Client:
        """A fresh browser with an empty cookie jar, from this check's own 127/8 address."""

    def plain(self) -> Client:
        """A fresh browser, from the same address, that asks the same copy under the same name over plain http."""

    def login(self, user: User) -> Client:
        """A fresh browser that is signed in; raises TargetFailed when the login does not work."""

    def signed_in(self, user: User) -> Client:
        """The same as `login`, but the login may have been made before the copy began: for checks that look at something else."""

    def probe_path(self, which: ProbeRoute) -> str:
        """Where a probe route stands; it exists only on copies served with probes=True."""

    def username(self, user: User) -> str:
        """The name under which a user who has signed in on this copy does so; "" for one who has a token, or is not known here."""

    def sign_in(self, user: User, *, query: str, fields: Mapping[str, str] | None = None) -> Answer | None:
        """The answer to a login whose page was asked for with this query, with more fields; None for a token. As `login` else."""

    def state(self) -> Mapping[str, str]:
        """A digest for each store of the copy (database tables, files, module-level containers), by name."""

    def differences(self) -> Sequence[Difference]:
        """Which rows of stores are others than when this was asked last; nothing at the first time, from which on they are kept."""

    def kept(self, word: str) -> Sequence[Kept]:
        """The rows of databases and objects of module-level containers in which a text holds this word, at most 20."""

    def records(self) -> Sequence[str]:
        """Everything the copy logged or printed so far, one record an item."""

    def call_out(self, *, brief: bool = False) -> Sequence[Call]:
        """Send clients in this copy to rogue servers on its own loopback, and to a good one. brief: one careless client alone."""

    def store(self, fields: Sequence[FieldFacts], *, marks: Mapping[str, str], control: str) -> Sequence[Stored]:
        """Store a value with its mark (16 hexadecimal characters, by the field's name) in each field, through the application's own models.

        Statements are logged and made to fail meanwhile; `control` goes into a plain column of the same stores, and into a log record.
        """

    def tamper(self, field: FieldFacts, others: Sequence[FieldFacts], *, marks: Sequence[str], brief: bool = False) -> Tampered:
        """Alter what a field stores, in many ways, and read it each time. others: encrypted columns to move it into. marks: three."""

    def has_stored(self, field: FieldFacts, text: str) -> bool:
        """Whether some row holds this value in this field, as the application reads it."""

    def rotate(self, fields: Sequence[FieldFacts], *, marks: Sequence[str]) -> Rotated:
        """Rotate the keys of encrypted fields: read old values, write new ones, encrypt all anew, take the old key away. marks: two."""

    @property
    def folder(self) -> Path:
        """Where the files of the copy lie; what is kept in memory alone is written there by `store`."""

    def strike(self, outage: str) -> None:
        """Let one dependency of the guards fail, in a copy with Fault.OUTAGES; "" lets all of them work again.

        store-down, store-raises, store-hangs, counters-down, identify-raises, identify-hangs, policy-raises, sink-raises.
        """

    def watch(self, marker: str) -> None:
        """From here on note where this marker arrives in the copy: statements, programs, code, files, look-ups."""

    def watched(self) -> Sequence[Noticed]:
        """Where the marker that is watched arrived, in order."""

    def forget(self) -> None:
        """From here on every password costs what it costs the application, until the copy is put back: for checks that measure time.

        What the users' own passwords hash to is worked out once for all copies, so that a right one is answered sooner than a wrong one.
        """

    def sockets(self) -> Sequence[str]:
        """Where the copy's processes listen, "family address" each, declared places left out; raises TargetFailed where nobody can tell."""

    def memory(self) -> int:
        """How many bytes of memory the copy's process holds right now."""

    def reset(self) -> None:
        """Put every store back to what it was when the copy started."""


class Stage(Protocol):
    """What a check may use."""

    @property
    def facts(self) -> AppFacts:
        """What is known about the target."""

    @property
    def source(self) -> SourceFacts:
        """What reading the project's source found. Raises TargetFailed where it was not read to its end."""

    @property
    def users(self) -> Sequence[User]:
        """Those who can log in, least powerful first."""

    @property
    def messages(self) -> Sequence[MessageKey]:
        """How to sign what senders sign, as the project declares it for its copies."""

    @property
    def served(self) -> Served:
        """The copy as it is, with probe routes."""

    @property
    def quick(self) -> bool:
        """Whether the run proves nothing and is to be over soon: what takes seconds is done in part, or left out and named."""

    @property
    def only_reads(self) -> bool:
        """Whether the time of the run is over, so that what was read is told without being repeated by an attack."""

    @property
    def brief(self) -> bool:
        """Whether this run only shows that a check can fail: one place where each attack succeeds is then enough."""

    def serve(
        self,
        *,
        probes: bool = True,
        fault: Fault | None = None,
        production: bool = False,
        limits: bool = False,
        leaf: Leaf = Leaf.THROW_AWAY,
        real: bool = False,
    ) -> AbstractContextManager[Served]:
        """Another copy, fresh. production: started as production would be; raises TargetFailed when it refuses to start.

        limits: rates hold as configured; in every other copy they are a thousand times as high.
        leaf: the certificate that it is served with; its policy names the files of any but the throw-away one.
        real: by the server that `ringwork serve` starts for it, in place of the harness's own.
        """

    def fill(self, route: RouteFacts, *, client: Client | None = None) -> str:
        """A path for the route's template with parameters that lead somewhere, found by asking the application."""

    def token(self, path: str, client: Client) -> tuple[str, str]:
        """Name and fresh value of the hidden token in a form that posts to `path`, as `client` sees it; ("", "") for none."""

    def body(self, route: RouteFacts) -> tuple[str, bytes] | None:
        """Content type and valid body for a state-changing route, from its schema or its form; None when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One way to look at one control. deep: only with --deep.

    planted: a probe route with the fault that this check must find; it shows that the check can fail where no guard of the
    target could be taken out to make it fail. It is then listed among the routes of a copy.
    depth: the attacks of this check that several layers stop, at one place and nothing else: cheap enough to be repeated with
    one layer after the other taken out, in every run.
    """

    id: CheckId
    kind: Kind
    run: Callable[[Stage], Evidence]
    deep: bool = False
    planted: ProbeRoute | None = None
    depth: Callable[[Stage], Evidence] | None = None
