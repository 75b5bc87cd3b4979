"""The tests of a proof, as pytest sees them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from ringwork.suite.asked import Claim
from ringwork.suite.outcomes import Ends, Told

PREFIX = "ringwork"


class Violated(Exception):
    """What a failing test raises: no fault of the test, but something that the prover saw."""

    def __init__(self, told: Told) -> None:
        self.told = told
        super().__init__(told.text or told.summary)


class Teller(Protocol):
    """Whoever knows what became of a claim."""

    def told(self, claim: Claim) -> Told:
        """What the test of a claim says."""


class Root(pytest.Collector):
    """What the tests of one target hang on. fault: why there is no plan, "" when there is one."""

    def begin(self, teller: Teller, plan: Mapping[str, Any], claims: Sequence[Claim]) -> None:
        """Take what the plan says."""
        self.teller, self.claims = teller, tuple(claims)
        self.folder = Path(plan.get("root", self.path))
        self.anchor = Path(plan.get("anchor", self.path))
        self.fault = f"{plan['step']}: {plan['problem']}\n  {plan['advice']}" if "problem" in plan else ""

    def collect(self) -> Iterator[ClaimTest]:
        """A test for each claim."""
        for claim in self.claims:
            made: ClaimTest = ClaimTest.from_parent(self, name=claim.name, nodeid=f"{PREFIX}::{claim.name}")
            made.take(self, claim)
            yield made


class ClaimTest(pytest.Item):
    """One claim, and the place in the user's files that it is about."""

    def take(self, root: Root, claim: Claim) -> None:
        """Take the claim; `-k` finds it by layer, control and handler's file too."""
        self.root, self.claim = root, claim
        control = claim.check.partition("/")[0]
        self.extra_keyword_matches |= {control, control.partition(".")[0]}
        self.place = (root.folder / claim.file, claim.line) if claim.file else (root.anchor, 0)

    def runtest(self) -> None:
        """End as the prover's report says."""
        told = self.root.teller.told(self.claim)
        self.user_properties += [("ringwork_finding", finding) for finding in told.findings]
        if told.ends is Ends.FAILED:
            raise Violated(told)
        if told.ends is Ends.XFAILED:
            pytest.xfail(told.summary)
        # With --runxfail, xfail() does nothing; what is accepted is no pass there either.
        if told.ends is not Ends.PASSED:
            pytest.skip(told.summary)
        self.add_report_section("call", "ringwork", told.summary)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What the prover saw, pinned to the handler instead of to this file."""
        if not isinstance(excinfo.value, Violated):
            return super().repr_failure(excinfo, style)
        told = excinfo.value.told
        shown: Any = excinfo.getrepr(style="value")
        path, line = (self.root.folder / told.file, told.line) if told.file else self.place
        crash = dataclasses.replace(shown.reprcrash, path=str(path), lineno=line, message=told.summary)
        # The chain is what pytest-xdist sends from a worker, the attribute what a single process reads.
        shown.chain, shown.reprcrash = [(shown.reprtraceback, crash, None)], crash
        return shown

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The handler's file and line, and the headline. An id that ended like the headline would be shown with its dots replaced."""
        path, line = self.place
        return path, max(line - 1, 0), f"{PREFIX} {self.name}"
