"""The proof in a session of pytest: asks for the plan, adds its tests, has the prover run once, and tells what came of it.

Against a selection that attacks more than it asks for, and against workers that disagree: the plan is made before any worker
starts, and only the checks whose tests are left run.
"""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove.evidence import Verdict
from ringwork.suite import proving
from ringwork.suite.asked import RUN, Asked, Claim
from ringwork.suite.items import PREFIX, ClaimTest, Root
from ringwork.suite.outcomes import INCONCLUSIVE, Ends, Outcomes, Told

_HANDED = "ringwork_folder"
_NO_PROOF = "no proof yet"


def begin(config: pytest.Config) -> None:
    """Take part in this run of pytest, unless the target stands in pytest's file and the run names other tests."""
    names = tuple(argument for argument in config.args if argument.startswith(f"{PREFIX}::"))
    config.args[:] = [argument for argument in config.args if argument not in names]
    # Against a minute of proof before the one test that somebody names.
    is_whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    if names or is_whole or config.getoption("ringwork"):
        config.pluginmanager.register(Proofs(config, asked(config), names=names), "ringwork-proofs")


def asked(config: pytest.Config) -> Asked:
    """The command line laid over pytest's own file. A target of the file is read from the folder in which the file stands."""
    given, options = config.getoption("ringwork"), config.getoption("ringwork_options")
    return Asked(
        target=given or config.getini("ringwork"),
        here=str(config.invocation_params.dir if given else config.rootpath),
        select=_names(config.getoption("ringwork_select") or config.getini("ringwork_select")),
        ignore=_names(config.getoption("ringwork_ignore") or config.getini("ringwork_ignore")),
        profile=config.getoption("ringwork_profile") or config.getini("ringwork_profile"),
        quick=bool(config.getoption("ringwork_quick") or config.getini("ringwork_quick")),
        deep=bool(config.getoption("ringwork_deep") or config.getini("ringwork_deep")),
        options=tuple(shlex.split(options) if options is not None else config.getini("ringwork_options")),
    )


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """Each name, also where several stand between commas, as `ringwork prove --select` takes them."""
    return tuple(name for words in given for name in words.replace(",", " ").split())


class Proofs:
    """One session's part of the proof: in the controller, in each of its workers, or in the only process there is.

    folder: shared by all of them; made and removed by the one that is no worker.
    """

    def __init__(self, config: pytest.Config, asked: Asked, *, names: tuple[str, ...]) -> None:
        self.config, self.asked, self.names = config, asked, names
        handed: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.is_worker = handed is not None
        self.folder = Path(handed[_HANDED]) if handed is not None else Path(tempfile.mkdtemp(prefix="ringwork-pytest-"))
        self.ran: proving.Ran | None = None
        self.outcomes: Outcomes | None = None
        self.claims: tuple[Claim, ...] = ()
        self.checks: tuple[str, ...] = ()
        self.run_has_its_test = False

    # -- the plan, before anything is collected ---------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Ask for the plan, once, before any worker starts. Raises UsageError for a target or a name that does not exist."""
        if self.is_worker:
            return
        plan = proving.list_claims(self.asked)
        if plan.get("usage"):
            raise pytest.UsageError(f"ringwork: {plan['problem']}\n  {plan['advice']}")
        (self.folder / "plan.json").write_text(json.dumps(plan), encoding="ascii")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker of pytest-xdist the shared folder."""
        node.workerinput[_HANDED] = str(self.folder)

    def pytest_report_header(self) -> str:
        """One line at the start."""
        return f"ringwork: a copy of {self.asked.target} is attacked once, when the first of its tests begins"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the tests of the plan, before pytest's own options select among all."""
        plan = json.loads((self.folder / "plan.json").read_text(encoding="ascii"))
        claims = [Claim(**claim) for claim in plan.get("claims", [{"check": RUN}])]
        self._require_known(claims)
        parent = Root.from_parent(session, name=PREFIX, nodeid=PREFIX)
        self.claims = tuple(claims)
        parent.begin(self, plan, [claim for claim in claims if not self.names or _is_named(f"{PREFIX}::{claim.name}", self.names)])
        # By the hooks that every collector goes through, so that pytest and its plugins count these tests too.
        parent.ihook.pytest_collectstart(collector=parent)
        report = parent.ihook.pytest_make_collect_report(collector=parent)
        parent.ihook.pytest_collectreport(report=report)
        items += report.result or []

    def _require_known(self, claims: Sequence[Claim]) -> None:
        for name in self.names:
            if not any(_is_named(f"{PREFIX}::{claim.name}", (name,)) for claim in claims):
                raise pytest.UsageError(
                    f"ringwork: not found: {name}\n  `pytest --ringwork={self.asked.target} --collect-only -q` lists them"
                )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note whose tests are left: only their checks are made."""
        wanted = [item.claim for item in session.items if isinstance(item, ClaimTest)]
        offered, chosen = ({claim.check: None for claim in claims if claim.check != RUN} for claims in (self.claims, wanted))
        self.checks = () if chosen.keys() == offered.keys() else tuple(chosen)
        self.run_has_its_test = any(claim.check == RUN for claim in wanted)

    # -- the run, once, before the first of its tests ---------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Have the prover run before the first of our tests, outside of it: no time-out or duration of one test is the whole run's."""
        if isinstance(item, ClaimTest) and self.ran is None:
            self.ran = self._run(item.root)
            if self.ran.report is not None:
                self.outcomes = Outcomes(self.ran.report, self.claims)
        return (yield)

    def _run(self, root: Root) -> proving.Ran:
        if root.fault:
            return proving.Ran(code=INCONCLUSIVE, said=root.fault, report=None)
        try:
            return proving.prove(self.asked, self.checks, self.folder)
        except TargetFailed as error:
            return proving.Ran(code=INCONCLUSIVE, said=str(error), report=None)

    def told(self, claim: Claim) -> Told:
        """What the test of a claim says."""
        if self.ran is None or self.outcomes is None:
            said = proving.tail(self.ran.said) if self.ran is not None else "it did not begin"
            failed = Told(ends=Ends.FAILED, summary="the prover gave no report", text=f"the prover gave no report:\n{said}")
            nothing = Told(ends=Ends.SKIPPED, summary="not verified: the prover gave no report")
            return failed if claim.check == RUN or not self.run_has_its_test else nothing
        told = self.outcomes.of(claim)
        if told.ends is Ends.SKIPPED and not self.run_has_its_test:
            # Against a selection without the run's own test that is green because the run could not look.
            run = self.outcomes.of(Claim(check=RUN))
            return run if run.ends is Ends.FAILED else told
        return told

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A skip stands where its route stands, not in this package."""
        report = yield
        if isinstance(item, ClaimTest) and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
        return report

    # -- the end ----------------------------------------------------------------------------------------

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The five numbers of the whole run, what has no test, and where the report is."""
        done = self.folder / "done.json"
        if not done.is_file():
            return
        path = json.loads(done.read_text(encoding="ascii"))["report"]
        terminalreporter.section(f"ringwork: {self.asked.target}")
        if not path:
            terminalreporter.line("no report was written; the failure above says why")
            return
        report = proving.read(path)
        without = sum(result.reason == _NO_PROOF for result in report.results)
        terminalreporter.line(", ".join(f"{verdict} {report.count(verdict)}" for verdict in Verdict))
        terminalreporter.line(f"{without} checks of the catalogue have no proof yet, and no test here; all of them are in the report")
        terminalreporter.line(f"report: {Path(path).with_suffix('.html')}")

    def pytest_unconfigure(self) -> None:
        """Remove the shared folder."""
        if not self.is_worker:
            shutil.rmtree(self.folder, ignore_errors=True)


def _is_named(nodeid: str, names: Sequence[str]) -> bool:
    """Whether an id is one of those given, or stands below one."""
    return any(nodeid == name or nodeid.startswith(f"{name}::") for name in names)
