"""`pytest --ringwork=module:app` in a project, by pytest itself; where a test is not about them, plan and report are kept ones."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as Tree
from dataclasses import replace
from pathlib import Path

import pytest

from ringwork.names import CheckId
from ringwork.prove import register
from ringwork.prove.evidence import CheckResult, Evidence, Outcome, Report, Verdict
from ringwork.report import plain
from ringwork.suite import plan
from ringwork.survey.facts import RouteFacts
from tests.report import sample
from tests.suite.projects import project

pytest_plugins = ["pytester"]

TARGET = "--ringwork=shop:app"
SWEEP, MATRIX = "identity.authentication-required/anonymous-sweep", "browser.csrf/token-matrix"

STAND_IN = """
import json
import pathlib

from ringwork.suite import proving

PLAN = pathlib.Path("plan.json")
if PLAN.exists():
    proving.list_claims = lambda asked: json.loads(PLAN.read_text())

PROVER = '''
import pathlib, shutil, sys
with open("runs.txt", "a") as runs:
    print(" ".join(sys.argv[1:]), file=runs)
pathlib.Path(".ringwork").mkdir(exist_ok=True)
if pathlib.Path("report.json").exists():
    shutil.copy("report.json", ".ringwork/report.json")
else:
    print("start: the copy did not start")
sys.exit(0)
'''
proving._PROVER = PROVER
"""


def _result(check: str, verdict: Verdict, *wheres: str) -> CheckResult:
    seen = [
        sample.broken("attack", where, "it worked", file="shop.py", line=36)
        if verdict is Verdict.VIOLATED
        else sample.held("attack", where)
        for where in wheres
    ]
    return CheckResult(
        check=CheckId(check),
        title=check,
        kind="live",
        severity="high",
        verdict=verdict,
        reason="as seen",
        sensitivity="without it: violated",
        evidence=Evidence(check=CheckId(check), observations=tuple(seen)),
    )


def _report(**more: object) -> Report:
    """Signing in is proven at two routes; the CSRF guard is violated at one, and not looked at elsewhere."""
    results = (_result(SWEEP, Verdict.PROVEN, "GET,POST /orders", "WEBSOCKET /live"), _result(MATRIX, Verdict.VIOLATED, "GET,POST /orders"))
    found = [o for result in results if result.evidence for o in result.evidence.observations if o.outcome is Outcome.BROKEN]
    findings = tuple(sample.finding(1, "browser.csrf", "token-matrix", "high", o) for o in found)
    return replace(sample.clean(), **{"results": results, "findings": findings, "exit_code": 1, **more})  # type: ignore[arg-type]


ROUTES = (
    RouteFacts(kind="http", path="/", methods=("GET",), handler="shop.home", rule="public", file="shop.py", line=22),
    RouteFacts(kind="http", path="/orders", methods=("GET", "POST"), handler="shop.orders", rule="requires", file="shop.py", line=36),
    RouteFacts(kind="websocket", path="/live", methods=(), handler="shop.live", rule="requires", file="shop.py", line=44),
)


class Project:
    """A project with a prover that answers at once, and notes how often it was asked. lists: whether its plan is made anew."""

    def __init__(self, pytester: pytest.Pytester, *, settings: str = "", report: Report | None = None, lists: bool = False) -> None:
        self.pytester = project(pytester, "starlette", settings=settings, conftest=STAND_IN)
        if report is not None:
            (pytester.path / "report.json").write_text(plain.to_json(report), encoding="ascii")
        if not lists:
            claims = [dataclasses.asdict(claim) for claim in plan.claims(register.checks(), ROUTES)]
            kept = {"root": str(pytester.path), "anchor": str(pytester.path / "shop.py"), "claims": claims}
            (pytester.path / "plan.json").write_text(json.dumps(kept), encoding="ascii")

    def run(self, *words: str) -> pytest.RunResult:
        """One run, with no plugin but ours, because the others take most of the time of a start."""
        self.pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return self.pytester.runpytest_subprocess("-rA", "-p", "_ringwork_pytest", *words)

    @property
    def runs(self) -> list[str]:
        path = self.pytester.path / "runs.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Project:
    return Project(pytester, report=_report())


def test_gives_a_test_to_every_check_and_route(shop: Project) -> None:
    """Violated fails with its replay command, proven passes, the rest is skipped with its reason; the prover ran once."""
    result = shop.run(TARGET)
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes["passed"]) == (1, 4)  # the run, the check, and two routes
    result.stdout.fnmatch_lines([
        "*shop.py:36: browser.csrf/token-matrix is violated at GET,POST /orders, severity high*",
        "*ringwork replay 000000000001*",
        "*report: *.ringwork/report.html",
        f"PASSED ringwork::{SWEEP}::WEBSOCKET /live",
        "FAILED ringwork::browser.csrf/token-matrix::GET,POST /orders - violated at *",
    ])  # fmt: skip
    assert len(shop.runs) == 1


def test_lists_without_an_attack(pytester: pytest.Pytester) -> None:
    """--collect-only asks the target for its routes, and starts no prover."""
    shop = Project(pytester, report=_report(), lists=True)
    result = shop.run(TARGET, "--collect-only", "-q")
    result.stdout.fnmatch_lines(["ringwork::run", f"ringwork::{MATRIX}::GET,POST /orders"])
    assert not shop.runs


def test_runs_once_for_all_workers(shop: Project) -> None:
    """With two workers the ids are the same on both, and one of them runs the prover."""
    shop.pytester.makepyfile(test_own="import pytest\n\n@pytest.mark.parametrize('i', range(4))\ndef test_own(i):\n    pass\n")
    result = shop.run(TARGET, "-n", "2", "-p", "xdist")
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes["passed"]) == (1, 8)
    result.stdout.fnmatch_lines(["FAILED ringwork::browser.csrf/token-matrix::GET,POST /orders - violated at *"])
    assert len(shop.runs) == 1


def test_proves_only_what_is_selected(shop: Project) -> None:
    """-k leaves the tests of one check, so that check alone is made."""
    outcomes = shop.run(TARGET, "-k", "anonymous-sweep").parseoutcomes()
    assert (outcomes["passed"], outcomes.get("failed", 0)) == (3, 0)
    assert f"--select={SWEEP}" in shop.runs[0]
    assert "--select=browser" not in shop.runs[0]


def test_takes_the_name_of_one_test(shop: Project) -> None:
    """What a failure's summary shows can be given back, as with any test."""
    shop.run(TARGET, f"ringwork::{MATRIX}::GET,POST /orders").assert_outcomes(failed=1)
    assert shop.runs[0].count("--select=") == 1


def test_refuses_a_name_that_no_test_has(shop: Project) -> None:
    """A mistyped id is no empty success."""
    result = shop.run(TARGET, "ringwork::browser.csrf/nothing")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*not found: ringwork::browser.csrf/nothing*"])


def test_runs_again_what_failed(pytester: pytest.Pytester) -> None:
    """--lf knows our tests by their ids."""
    shop = Project(pytester, report=_report())
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\n")
    shop.run(TARGET)
    result = shop.run(TARGET, "--lf")
    assert result.parseoutcomes()["failed"] == 1
    assert "passed" not in result.parseoutcomes()


def test_stops_at_the_first_failure(shop: Project) -> None:
    """-x means what it means everywhere."""
    result = shop.run(TARGET, "-x")
    assert "stopping after 1 failures" in result.stdout.str()


def test_writes_findings_into_junit(shop: Project, tmp_path: Path) -> None:
    """The failure's message is the finding, and its id stands among the properties."""
    shop.run(TARGET, f"--junitxml={tmp_path / 'junit.xml'}")
    cases = Tree.parse(tmp_path / "junit.xml").iter("testcase")
    failed = next(case for case in cases if case.find("failure") is not None)
    assert failed.get("classname") == "ringwork.browser.csrf/token-matrix"
    assert "it worked" in str(failed.find("failure").get("message"))  # type: ignore[union-attr]
    assert [p.get("value") for p in failed.iter("property")] == ["000000000001"]


def test_an_inconclusive_run_fails_one_test(pytester: pytest.Pytester) -> None:
    """What could not be looked at is skipped, and the run's own test says why in red."""
    report = _report(results=(), findings=(), exit_code=3, exit_reason="nobody could sign in: no user is declared")
    result = Project(pytester, report=report).run(TARGET)
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["FAILED ringwork::run - inconclusive: nobody could sign in*"])


def test_an_inconclusive_run_is_not_green_without_its_test(pytester: pytest.Pytester) -> None:
    """A selection that leaves the run's test out fails all the same."""
    report = _report(results=(), findings=(), exit_code=3, exit_reason="nobody could sign in: no user is declared")
    result = Project(pytester, report=report).run(TARGET, "-k", "logout-clearing")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])


def test_a_run_without_a_report_says_what_the_prover_said(pytester: pytest.Pytester) -> None:
    """No report of an earlier run is taken for this one's."""
    shop = Project(pytester)
    (pytester.path / ".ringwork").mkdir()
    (pytester.path / ".ringwork" / "report.json").write_text(plain.to_json(_report()), encoding="ascii")
    result = shop.run(TARGET)
    assert result.parseoutcomes()["failed"] == 1
    assert "passed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(["*start: the copy did not start*"])


def test_a_target_that_cannot_be_imported_fails_the_run(pytester: pytest.Pytester) -> None:
    """The project's own tests still run, and one test says what is wrong with the target."""
    shop = Project(pytester, lists=True)
    pytester.makepyfile(broken="raise RuntimeError('no')", test_own="def test_own():\n    pass\n")
    result = shop.run("--ringwork=broken:app")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*RuntimeError at broken.py:1: no*"])
    assert not shop.runs


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["--ringwork=shopp:app"], "*there is no module shopp here*"),
        ([TARGET, "--ringwork-select=browser.nothing"], "*browser.nothing is no control or check*"),
        ([TARGET, "--ringwork-profile=best"], "*write one of: baseline, standard, high*"),
        ([TARGET, "--ringwork-options=--env"], "*--ringwork-options: *expected one argument*"),
    ],
)
def test_a_mistyped_word_is_a_usage_error(pytester: pytest.Pytester, words: list[str], advice: str) -> None:
    """The message says what to write instead, and nothing ran."""
    shop = Project(pytester, lists=True)
    result = shop.run(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([advice])


def test_reads_the_settings_of_pytest(pytester: pytest.Pytester) -> None:
    """Target and options stand in pytest's own file, and are read from its folder."""
    lines = (
        'ringwork = "shop:app"\nringwork_select = ["browser.csrf,network"]\nringwork_quick = true\nringwork_options = ["--max-time", "60"]'
    )
    shop = Project(pytester, settings=lines, report=_report())
    assert shop.run().parseoutcomes()["failed"] == 1
    assert shop.runs[0] == "prove shop:app --select=browser.csrf --select=network --quick --max-time 60 --quiet --no-color"


def test_the_setting_is_for_the_whole_suite(pytester: pytest.Pytester) -> None:
    """Whoever names one file gets that file; whoever gives the option gets the proof too; an empty option is none."""
    shop = Project(pytester, settings='ringwork = "shop:app"', report=_report())
    pytester.makepyfile(test_own="def test_own():\n    pass\n")
    shop.run("test_own.py").assert_outcomes(passed=1)
    shop.run("--ringwork=").assert_outcomes(passed=1)
    assert not shop.runs
    assert shop.run(TARGET, "test_own.py").parseoutcomes()["failed"] == 1


def test_accepted_is_no_pass_with_runxfail(pytester: pytest.Pytester) -> None:
    """--runxfail turns expected failures off; a waiver does not become a proof by it."""
    report = _report(known=("000000000001",), baseline="baseline.json", exit_code=0)
    shop = Project(pytester, report=report)
    assert shop.run(TARGET).parseoutcomes()["xfailed"] == 1
    result = shop.run(TARGET, "--runxfail", f"ringwork::{MATRIX}::GET,POST /orders")
    result.assert_outcomes(skipped=1)


def test_proves_a_real_application(pytester: pytest.Pytester) -> None:
    """With the prover itself, on one control of a guarded application: proven, and nothing failed."""
    project(pytester, "starlette")
    result = pytester.runpytest_subprocess("-rA", TARGET, "--ringwork-select=network.host-validation")
    result.stdout.fnmatch_lines(["PASSED ringwork::run", "PASSED ringwork::network.host-validation/forged-host"])
    assert "failed" not in result.parseoutcomes()
