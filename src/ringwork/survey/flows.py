"""What reading the source found: frozen data, without judgement, that proofs and reports read.

A flow is one way on which a value reaches a place where it matters, or one call that matters whatever it is given. Several sources that
reach one place by one cause are one flow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Strength(StrEnum):
    """How much of a flow was understood."""

    STRONG = "strong"  # from a request to the place, each step of it known
    WEAK = "weak"  # a step passes through code that nobody described, or the source is no request


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a flow. file: relative to the project, with slashes. said: what happens there, a few words ("returned by clean()")."""

    file: str
    line: int
    column: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where the value comes in, as a request brings it.

    kind: query, form, body (JSON or raw), path, header, cookie, file, host, url or message (WebSocket); local for arguments of a
    command line and the like; stored for what a database gave; model for what a language model answered; "" where the place matters
    whatever it is given. name: of the parameter, field or header, "" where it is computed.
    """

    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One thing that reading found.

    kind: of the place, as the models name it ("sql", "command", "weak-hash"). sink: what is called there, dotted
    ("sqlite3.Cursor.execute"). steps: from where the value comes in to where it matters, both included. told: the step that is the place,
    where that is not the last one: a text that a helper is handed is told in the line that makes it. function: in which function the
    place stands, dotted. route: names of the routes on whose requests it happens ("GET /notes/{note_id}"), "" in
    none. detail: one sentence. context: what surrounds the value in the place: the constant text before it, cut at 200 characters.
    """

    kind: str
    strength: Strength
    sink: str
    entry: Entry
    steps: tuple[Step, ...]
    function: str
    routes: tuple[str, ...] = ()
    detail: str = ""
    context: str = ""
    told: Step | None = None

    @property
    def place(self) -> Step:
        """Where it is told."""
        return self.told or self.steps[-1]

    @property
    def spots(self) -> frozenset[tuple[str, int]]:
        """File and line of the place, and of where the value matters in the end."""
        return frozenset((step.file, step.line) for step in (self.place, self.steps[-1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file, or a part of one, that could not be read. line: 0 for the whole file."""

    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbound:
    """A line of a model that fits nothing in the installed library. model: its file's stem. name: dotted."""

    model: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of another tool that read the same source. ran: whether its result was read; else why not, and what would let it run.

    version: "" unknown. read: how many files it was given. unread: those that it could not read.
    """

    tool: str
    version: str
    ran: bool
    why: str = ""
    unlock: str = ""
    read: int = 0
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced:
    """A comment or a setting that switches a warning of security off.

    form: "noqa", "nosec", "type: ignore", "setting". rules: that it names, () for all. fault: what is wrong with it, "" for nothing.
    is_grave: whether the fault counts as a hole; else it is listed. day: ISO date of its line, "" where nobody knows.
    """

    form: str
    file: str
    line: int
    rules: tuple[str, ...]
    reason: str
    fault: str
    is_grave: bool
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How far tests went through one sensitive file. parts: branches, and lines too where the data has no branches; hit: of them.

    has_branches: whether branches were recorded. why: why nothing is known, "" where it is.
    """

    file: str
    parts: int = 0
    hit: int = 0
    has_branches: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What the type checker says of the sensitive files, asked strictly. ran: else why not, and what would let it run.

    loosened: settings that ask less of them, in sentences. flows: its errors. files: how many it was asked about.
    """

    ran: bool
    why: str = ""
    unlock: str = ""
    checker: str = ""
    files: int = 0
    loosened: tuple[str, ...] = ()
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitive:
    """The files that a project marks sensitive. unmatched: patterns of the settings that fit no file. data: the coverage file, "" without.

    floor: the share of each file's parts that tests have to reach, 0 to 1.
    """

    files: tuple[str, ...]
    unmatched: tuple[str, ...] = ()
    covered: tuple[Covered, ...] = ()
    data: str = ""
    floor: float = 0.9
    typed: Typed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A person's word that a secret of the history is of no use any more. secret: its id, 12 hexadecimal characters. day: ISO date."""

    secret: str
    day: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the commits of a repository once added. flows: a secret each, the commit that first added it. commits: how many were read.

    why: why none was, "" where they were. cut: which bound was met before the end, "" for none. is_shallow: earlier commits are not here.
    rotated: what the project says of them.
    """

    flows: tuple[Flow, ...] = ()
    commits: int = 0
    is_shallow: bool = False
    cut: str = ""
    why: str = ""
    rotated: tuple[Rotated, ...] = ()

    @property
    def missing(self) -> str:
        """Why this is not the whole history, "" where it is."""
        if self.why:
            return self.why
        shallow = "this is a shallow clone, whose earlier commits are elsewhere: git fetch --unshallow" if self.is_shallow else ""
        cut = f"reading was cut short after {self.commits} commits: {self.cut}" if self.cut else ""
        return "; ".join(part for part in (cut, shallow) if part)

    def record(self, flow: Flow) -> Rotated | None:
        """What the project says of one of these secrets."""
        return next((one for one in self.rotated if one.secret == secret_id(flow)), None)


def secret_id(flow: Flow) -> str:
    """12 hexadecimal characters for a secret of the history: of commit, file, line and kind, and of nothing of its value."""
    place = flow.place
    return hashlib.sha256("\0".join((place.said, place.file, str(place.line), flow.sink)).encode()).hexdigest()[:12]


class Fate(StrEnum):
    """What became of a line that refuses somebody, once it was taken out."""

    MISSED = "missed"  # a test failed, so that it cannot vanish unnoticed
    SURVIVED = "survived"  # every test that goes through it passed without it
    UNREACHED = "unreached"  # no test goes through it
    UNKNOWN = "unknown"  # the tests could not be run without it, or not within their time


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One line that was taken out of a copy. said: what it is. tests: how many were run without it. why: for what is not known."""

    file: str
    line: int
    said: str
    fate: Fate
    tests: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A record of the project's own tests, as `ringwork mutants` keeps it. why: why there is none of this code, "" where there is.

    passed, skipped: how many tests. failed, unreasoned: names of tests that failed, and of those that are skipped without a reason.
    day: ISO date. mutants: what was tried. places: how many lines there are to try. cut: why some were not. some: which tests and lines
    alone were asked for, where not all were.
    """

    why: str = ""
    day: str = ""
    passed: int = 0
    skipped: int = 0
    failed: tuple[str, ...] = ()
    unreasoned: tuple[str, ...] = ()
    places: int = 0
    mutants: tuple[Mutant, ...] = ()
    cut: str = ""
    some: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """What became of the project's contracts of imports. flows: a chain each that one of them forbids, at its first import."""

    heard: Heard
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """All that reading one project's source found. files: how many were read; lines: of them all.

    shown: what comes into variables of templates, where nobody has looked yet what the templates make of it.
    heard: other tools that read it too. imported: what they saw, one flow a fault, its sink the rules ("bandit B602, ruff S602");
    strong where our own reading found the same, strongly. silenced: warnings that are switched off.
    sensitive: what is known of the files that are marked so, None where none are. past: of earlier commits, None where nobody asked.
    suite: the record of the project's own tests, None where nobody asked.
    layered: what became of its contracts of imports.
    """

    flows: tuple[Flow, ...] = ()
    shown: tuple[Flow, ...] = ()
    unread: tuple[Unread, ...] = ()
    unbound: tuple[Unbound, ...] = ()
    files: int = 0
    lines: int = 0
    heard: tuple[Heard, ...] = ()
    imported: tuple[Flow, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    sensitive: Sensitive | None = None
    past: Past | None = None
    suite: Suite | None = None
    layered: Layered | None = None
