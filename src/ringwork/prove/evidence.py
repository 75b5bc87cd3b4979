"""What a check saw, and what it means: plain data that reports read and that never climbs back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ringwork.names import CheckId
from ringwork.survey.flows import Step

ALL_ROUTES = "all routes"
"""The place of an observation that was made at every route at once."""

_ROUTE = re.compile(r"[A-Z,]+ /")  # a place that is a route's name


class Verdict(StrEnum):
    """The five, always shown side by side."""

    PROVEN = "proven"
    VIOLATED = "violated"
    NOT_VERIFIED = "not verified"
    NOT_APPLICABLE = "not applicable"
    ACCEPTED = "accepted"


class Outcome(StrEnum):
    """What one observation shows."""

    HELD = "held"  # the attack was made and failed, in effect as well as in status
    BROKEN = "broken"  # the attack succeeded
    UNTRIED = "untried"  # it could not be made, or its control request failed
    UNCLEAR = "unclear"  # it went through, and nothing tells whether that is meant or does harm


class Tier(StrEnum):
    """How sure a finding in source is."""

    NONE = ""  # it was not read, but seen
    CONFIRMED = "confirmed by attack"  # what was read was then done to the running copy
    UNCONFIRMED = "unconfirmed"  # each step of it is known, and nothing was attacked
    WEAK = "weak"  # a step of it is not known: for those who ask for everything


SWITCHED_ON = "ringwork.protect(app) switches it on"
"""How the fix of a finding begins that asks for nothing but the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One request and its answer as sent, secrets masked, bodies cut at 2,000 characters.

    as_user: whose credentials it carried, "" for none. replay: the raw request, base64, with markers in place of secrets
    ("{{cookie}}" and the like), for `ringwork replay`; empty when it is no plain HTTP request.
    shows: in a few words what this answer shows, where the verdict stands on it; "" for one that only leads there.
    """

    request: str
    answer: str
    as_user: str = ""
    replay: str = ""
    shows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One attack, or one look, at one place.

    attack: what was tried, in a few words ("form post from another site, no token"); stable across runs.
    where: the route's name, a file, or a setting. outcome and detail: what was seen, in one sentence.
    control: the same request by a permitted user that succeeded first; None where only a look was taken.
    read: for looks, how many things were counted (must be above zero to hold).
    fix: one line, "" for what its control says. severity: where an attacker gains less here than by what its check finds, "" for as much.
    tier and steps: of what was read in source; the steps lead from where a value comes in
    to the place, which file and line name. routes and parameter: on whose requests that happens, and what brings the value.
    """

    attack: str
    where: str
    outcome: Outcome
    detail: str
    exchanged: tuple[Exchanged, ...] = ()
    control: Exchanged | None = None
    file: str = ""
    line: int = 0
    read: int = 0
    fix: str = ""
    tier: Tier = Tier.NONE
    steps: tuple[Step, ...] = ()
    routes: tuple[str, ...] = ()
    parameter: str = ""
    severity: str = ""

    @property
    def is_grounded(self) -> bool:
        """Whether it may count as held."""
        # Against a refusal that means nothing: somebody permitted got through first, or the look counted something.
        return self.control is not None or self.read > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a check hands back. not_applicable / not_verified: the reason, "" when it ran.

    unlock: the exact line or step that would make a not-verified check possible.
    """

    check: CheckId
    observations: tuple[Observation, ...] = ()
    not_applicable: str = ""
    not_verified: str = ""
    unlock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """One row of the depth table: which layers stopped an attack, in the order they were taken out.

    stopped_by: control ids. succeeded_without: True when the attack was seen to succeed once all of them were out.
    """

    check: CheckId
    attack: str
    stopped_by: tuple[str, ...]
    succeeded_without: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A judged check.

    held: the sub-count of not verified: the attack failed, but the target's own guard could not be taken out.
    sensitivity: in words, how the check was seen to fail ("without browser.csrf: violated").
    finding: a stable 12-character id of control, route template and handler for violated and accepted ones, else "".
    """

    check: CheckId
    title: str
    kind: str
    severity: str
    verdict: Verdict
    reason: str
    held: bool = False
    sensitivity: str = ""
    evidence: Evidence | None = None
    waiver: str = ""
    seconds: float = 0.0

    @property
    def is_made(self) -> bool:
        """Whether something was tried: an attack that failed counts, also where it proves nothing; one that could not be made does not."""
        if self.held or self.verdict is not Verdict.NOT_VERIFIED:
            return True
        seen = self.evidence.observations if self.evidence is not None else ()
        return any(o.outcome is Outcome.HELD and o.is_grounded for o in seen)


class WaiverState(StrEnum):
    """What became of a waiver in this run."""

    USED = "used"  # it covers a violation that was found
    UNUSED = "unused"  # its checks were made, and nothing was there to accept
    UNTRIED = "untried"  # its checks were not made, so nothing is known of its use
    EXPIRED = "expired"  # its date has passed: it covers nothing, and the run fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A waiver as the run met it. until: ISO date, the last day on which it holds; route: "" covers every place.

    source: "policy", "inline" for a comment above a handler, or "mark" for waive(...) on one; file and line say where that stands.
    """

    control: str
    route: str
    reason: str
    owner: str
    until: str
    source: str
    state: WaiverState
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What another check found of the same fault, and told by itself before the two were put together. id and where: as it told them."""

    id: str
    check: CheckId
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One violated (or accepted) thing for a person to mend: one per control, cause and route template.

    id: 12 hexadecimal characters, the same in every run while control, check, route template and handler stay. fix: one line.
    owner: who answers for it, from the waiver or from the owners of the project's settings; "" where nobody is named.
    waiver: what accepts it, for accepted ones. folded: what other checks found of the same fault; its ids mean this finding too.
    """

    id: str
    control: str
    check: CheckId
    severity: str
    where: str
    summary: str
    fix: str
    verdict: Verdict
    observation: Observation
    file: str = ""
    line: int = 0
    instances: int = 1
    owner: str = ""
    waiver: Waived | None = None
    folded: tuple[Folded, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Every id by which this fault is known: its own, and those of what was folded into it."""
        return frozenset({self.id, *(one.id for one in self.folded)})

    def is_among(self, ids: Collection[str]) -> bool:
        """Whether it is known by these ids, with everything that was folded into it: a second way to one attack is a second fault."""
        return all(one.id in ids for one in self.folded) if self.folded else self.id in ids

    @property
    def checks(self) -> frozenset[CheckId]:
        """Every check that found it."""
        return frozenset({self.check, *(one.check for one in self.folded)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Honesty about reach. skipped: route name to reason. floor: the share of routes that must be reached, 0 to 1."""

    found: int
    reached: int
    skipped: Mapping[str, str] = field(default_factory=dict)
    unlisted: tuple[str, ...] = ()  # in the OpenAPI document, but not in the router, or the other way round
    floor: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """What one role got from one route. expected: "allow", "deny" or "" when nothing is declared; status 0: not tried."""

    route: str
    role: str
    expected: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run; everything that any output shows is in here.

    controls: control id to its verdict. exit_code: 0 clean, 1 findings, 2 usage, 3 inconclusive, 4 internal, 130 interrupted.
    unenforced: controls that ringwork could enforce and does not here, because of `only` or the mode; empty without its guard.
    touched: what the run started, copied and wrote, in sentences. confinement: how the copy was kept from the network.
    baseline: the name of the file whose findings do not fail this run, "" without one; known: the ids of those that were found again;
    gone: ids of the baseline whose check was made and that are no longer there.
    waived: every waiver of policy and source, and what became of it.
    since: the revision to which the run was narrowed, "" for a whole one; left_out: route to why it was not asked.
    routes: the names of all that the application has, asked or not.
    commit: whole, in hexadecimal; tree: "clean" or "changed" measured by it, "" where git could not be asked.
    project: the project's folder below the top of its repository, "" for the top; files are relative to the project's folder.
    gains: step of `unlocks` to the checks that could be made after it.
    anchor: the file at which findings without one are shown, the project's settings or the target's module.
    """

    version: str
    target: str
    framework: str
    commit: str
    command: str
    started_at: str
    seconds: float
    seed: int
    guarded: str  # "ringwork, enforce" or "no ringwork guard"
    results: tuple[CheckResult, ...]
    controls: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    depth: tuple[Layers, ...]
    coverage: Coverage
    matrix: tuple[MatrixCell, ...]
    users: tuple[str, ...]
    waivers: tuple[str, ...]
    touched: tuple[str, ...]
    confinement: str
    unlocks: tuple[str, ...]
    state_restored: bool
    exit_code: int
    exit_reason: str
    partial: bool = False
    unenforced: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    baseline: str = ""
    gone: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()
    since: str = ""
    routes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    tree: str = ""
    project: str = ""
    anchor: str = ""
    gains: Mapping[str, tuple[CheckId, ...]] = field(default_factory=dict)

    def count(self, verdict: Verdict) -> int:
        """How many checks ended so."""
        return sum(result.verdict is verdict for result in self.results)

    def looked_at(self, check: CheckId, where: str) -> bool:
        """Whether this run tested a place with a check, so that a finding it does not have there is gone.

        What was left out, could not be reached, or is a route that a check of a few routes did not ask, it did not test.
        """
        if where in self.left_out or where in self.coverage.skipped:
            return False
        is_route = _ROUTE.match(where) is not None
        if is_route and self.routes and where not in self.routes:
            return True  # the application has it no more
        result = next((result for result in self.results if result.check == check), None)
        if result is None or not result.is_made:
            return False
        seen = result.evidence.observations if result.evidence is not None else ()
        here = [o.outcome for o in seen if o.where == where]
        if here:
            return any(outcome in {Outcome.HELD, Outcome.BROKEN} for outcome in here)
        if not is_route or result.verdict is Verdict.PROVEN or not any(_ROUTE.match(o.where) for o in seen):
            return True
        swept = any(o.where == ALL_ROUTES and o.outcome is Outcome.HELD and o.is_grounded for o in seen)
        return swept and not any(cell.route == where and cell.status >= 500 for cell in self.matrix)
