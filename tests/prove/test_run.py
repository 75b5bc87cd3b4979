from __future__ import annotations

import dataclasses
import datetime
import subprocess
from dataclasses import replace

import pytest

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import baseline, course, group, register, run, settings, target
from ringwork.prove.check import Check, Kind, ProbeRoute
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome, Verdict, WaiverState
from ringwork.prove.progress import Progress

GUARDED = """
from fastapi import FastAPI
from ringwork import Policy, protect, public
app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
@app.get("/")
@public("the front page")
def home():
    return {"a": 1}
protect(app, Policy(origin="https://shop.example", mode=MODE, waivers=WAIVERS))
"""
FOREIGN = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef home():\n    return 1\n"
TODAY = datetime.datetime.now(datetime.UTC).date()
WAIVER = (
    "(Waiver(control='access.deny-by-default', reason='moving', owner='ops',"
    " until=datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days={days})),)"
)
BARE = CheckId("access.deny-by-default/probe-route")
HEADERS = CheckId("browser.security-headers/headers-by-response-class")


def _guarded(mode="'enforce'", waivers="()"):
    return "import datetime\nfrom ringwork import Waiver\n" + GUARDED.replace("MODE", mode).replace("WAIVERS", waivers)


def _bare_route(stage):
    """A stand-in proof: a route without a rule answers, or does not."""
    client = stage.served.client()
    control = client.get(stage.served.probe_path(ProbeRoute.PLAIN))
    attack = client.get(stage.served.probe_path(ProbeRoute.BARE))
    seen = Exchanged(request="GET plain", answer=str(control.status))
    outcome = Outcome.BROKEN if attack.status == 200 else Outcome.HELD
    found = Observation(
        attack="a bare route",
        where="GET /bare",
        outcome=outcome,
        detail=f"{attack.status}",
        control=seen if control.status == 200 else None,
    )
    return Evidence(check=BARE, observations=(found,))


def _open_home(stage):
    """A stand-in proof: every route answers to everybody."""
    seen = Exchanged(request="GET", answer="200")
    found = [
        Observation(attack="an open page", where=route.name, outcome=Outcome.BROKEN, detail="200", control=seen)
        for route in stage.facts.routes
        if route.kind == "http" and route.file == "shop.py"
    ]
    return Evidence(check=BARE, observations=tuple(found))


def _raises(stage):
    raise ZeroDivisionError("a fault of the check")


def _never_fails(stage):
    found = Observation(attack="a look", where="GET /", outcome=Outcome.HELD, detail="nothing", read=1)
    return Evidence(check=HEADERS, observations=(found,))


def _finds_only_what_is_planted(stage):
    planted = any(ProbeRoute.WRITES_ON_GET in route.path for route in stage.facts.routes)
    outcome = Outcome.BROKEN if planted else Outcome.HELD
    found = Observation(attack="a look", where=stage.facts.routes[0].path, outcome=outcome, detail="seen", read=1)
    return Evidence(check=HEADERS, observations=(found,))


@pytest.fixture
def prove(tmp_path, monkeypatch):
    """Prove a module with the given checks, and nothing else."""

    def started(source, *checks, progress=None, **asked):
        (tmp_path / "shop.py").write_text(source)
        monkeypatch.setattr(register, "PROOFS", (checks,))
        return run.prove(target.resolve("shop.py", here=tmp_path), settings.Settings(**asked), progress or Progress())

    return started


def _result(report, check=BARE):
    return next(result for result in report.results if result.check == check)


def _reads(stage):
    """A stand-in proof that reads: it is asked to repeat nothing."""
    assert stage.only_reads
    seen = Observation(
        attack="a built statement", where="shop.py in shop.find", outcome=Outcome.BROKEN, detail="read", file="shop.py", line=3, read=1
    )
    return Evidence(check=CheckId("input.sql-injection/built-statements"), observations=(seen,))


LIVE_HEADERS = Check(id=HEADERS, kind=Kind.ROUTES, run=_never_fails)
LIVE = Check(id=BARE, kind=Kind.LIVE, run=_bare_route)


def test_proves_a_guard_that_held_and_was_seen_to_be_what_held(prove):
    """The attack failed, and the same attack succeeded on a copy without the guard."""
    report = prove(_guarded(), LIVE)
    assert _result(report).verdict is Verdict.PROVEN
    assert _result(report).sensitivity == "without access.deny-by-default: violated"
    assert report.exit_code == run.CLEAN


def test_names_the_layer_that_stopped_the_attack(prove):
    """The depth table has a row for the attack, with the one layer behind it."""
    (row,) = prove(_guarded(), LIVE).depth
    assert (row.attack, row.stopped_by, row.succeeded_without) == ("a bare route", ("access.deny-by-default",), True)


def test_a_quick_run_attacks_and_proves_nothing(prove):
    """No guard is taken out, so what held was not seen to be what held; a hole is found all the same."""
    report = prove(_guarded(), LIVE, quick=True)
    assert (_result(report).verdict, _result(report).held, report.depth) == (Verdict.NOT_VERIFIED, True, ())
    assert "--quick takes no guard out" in _result(report).reason
    assert report.exit_code == run.CLEAN
    assert [f.where for f in prove(FOREIGN, LIVE, quick=True).findings] == ["GET /bare"]


def test_what_looks_begins_before_what_attacks_and_what_reads_comes_last(prove):
    """The first finding comes soon, and no worker waits for the source while there is something to attack."""
    told = []

    def noted(kind):
        def look(stage):
            told.append(kind)
            return _never_fails(stage)

        return Check(id=f"{BARE}-{kind}", kind=kind, run=look)

    checks = [noted(kind) for kind in (Kind.STATIC, Kind.LIVE, Kind.ROUTES)]
    assert [[one.kind for one in some] for _, some in run._together(checks)] == [[Kind.ROUTES, Kind.LIVE], [Kind.STATIC]]
    prove(_guarded(), *checks, quick=True)
    # What reads begins when any worker is free, and so may be done before the second of the others.
    assert [kind for kind in told if kind is not Kind.STATIC] == [Kind.ROUTES, Kind.LIVE]
    assert Kind.STATIC in told


def test_what_waits_for_the_source_is_next_once_it_is_read():
    """Before that it is last; where nothing else is left its turn has come."""
    waits = [False, False, True]
    assert [run._next(waits, is_read=is_read) for is_read in (False, True)] == [0, 2]
    assert [run._next([True], is_read=False), run._next([False], is_read=True)] == [0, 0]


class _Told(Progress):
    def __init__(self):
        self.lines = []

    def step(self, text, *, done, total):
        self.lines.append(text)

    def found(self, finding):
        self.lines.append(f"found {finding.where}")


def test_what_the_facts_alone_show_is_told_before_anybody_signs_in(prove):
    """A newcomer waits for the import, and for no user; what asks for a copy comes later, and is told as soon as it is known."""
    told = _Told()
    looks = Check(id=BARE, kind=Kind.ROUTES, run=_open_home)
    asks = Check(id=HEADERS, kind=Kind.ROUTES, run=_bare_route)
    report = prove(FOREIGN, looks, asks, progress=told)
    assert len(report.findings) == 2
    early, late = told.lines.index("found GET /"), told.lines.index("found GET /bare")
    assert early < told.lines.index("finding a way to sign in") < late


def test_what_waits_for_the_source_shares_no_copy_with_an_attack(prove):
    """Against a worker that waits for the reader while there is something to attack: of one control too."""
    live, static = (Check(id=f"{BARE}-{kind}", kind=kind, run=_never_fails) for kind in (Kind.LIVE, Kind.STATIC))
    assert [[check.kind for check in checks] for _, checks in run._together([static, live])] == [[Kind.LIVE], [Kind.STATIC]]


def test_a_quick_run_asks_again_where_a_guard_stands_against_it(prove):
    """A machine that was busy once is no hole of an application that is guarded."""
    asked = []

    def stumbles_once(stage):
        asked.append(1)
        evidence = _bare_route(stage)
        if len(asked) > 1:
            return evidence
        return replace(evidence, observations=tuple(replace(one, outcome=Outcome.BROKEN) for one in evidence.observations))

    assert prove(_guarded(), Check(id=BARE, kind=Kind.LIVE, run=stumbles_once), quick=True).findings == ()
    assert len(asked) > 1


def _broken(stage):
    evidence = _bare_route(stage)
    return replace(evidence, observations=tuple(replace(one, outcome=Outcome.BROKEN) for one in evidence.observations))


def test_an_attack_that_succeeded_in_one_of_three_runs_is_no_pass(prove):
    """A race that is won once is neither a finding that anybody can repeat nor a defence that held."""
    asked = []

    def wins_once(stage):
        asked.append(1)
        evidence = _broken(stage) if len(asked) == 1 else _bare_route(stage)
        held = replace(evidence.observations[0], attack="another", outcome=Outcome.HELD)
        return replace(evidence, observations=(*evidence.observations, held))

    report = prove(_guarded(), Check(id=BARE, kind=Kind.LIVE, run=wins_once))
    assert report.findings == ()
    assert (_result(report).verdict, _result(report).reason) == (Verdict.NOT_VERIFIED, "a bare route: it succeeded in 1 of 3 runs: 403")


def test_what_fell_in_a_later_run_is_not_told_as_held(prove):
    """The first run's other violation is repeated, and meanwhile something that held falls too."""
    asked = []

    def falls_later(stage):
        asked.append(1)
        evidence = _broken(stage)
        outcome = Outcome.HELD if len(asked) == 1 else Outcome.BROKEN
        return replace(
            evidence, observations=(*evidence.observations, replace(evidence.observations[0], attack="another", outcome=outcome))
        )

    report = prove(FOREIGN, Check(id=BARE, kind=Kind.LIVE, run=falls_later))
    seen = {o.attack: (o.outcome, o.detail) for o in _result(report).evidence.observations}
    assert seen["another"] == (Outcome.UNTRIED, "it succeeded in 2 of 3 runs: 200")


@pytest.mark.parametrize(("source", "verdict"), [("guarded", Verdict.NOT_VERIFIED), ("foreign", Verdict.VIOLATED)])
def test_where_a_guard_stands_an_attack_counts_once_it_was_repeated(prove, monkeypatch, source, verdict):
    """The time was over before it could be: that says more of the machine than of the guard; without any guard it is told."""
    made = []

    def takes_all_the_time(stage):
        made.append(1)
        return _broken(stage)

    monkeypatch.setattr(group.Scene, "is_late", lambda scene: bool(made))
    report = prove(_guarded() if source == "guarded" else FOREIGN, Check(id=BARE, kind=Kind.LIVE, run=takes_all_the_time))
    assert (_result(report).verdict, len(made)) == (verdict, 1)
    assert ("the time was over before 3 were made" in _result(report).reason) is (source == "guarded")


def test_finds_the_hole_of_a_foreign_application(prove):
    """Where nobody refuses, the run ends with a finding and exit code 1."""
    report = prove(FOREIGN, LIVE)
    assert [(f.check, f.where, f.verdict) for f in report.findings] == [(BARE, "GET /bare", Verdict.VIOLATED)]
    assert report.exit_code == run.FINDINGS


def test_calls_what_held_in_a_foreign_application_held_and_not_proven(prove):
    """A guard that cannot be taken out was not seen to be what held."""
    report = prove(FOREIGN, Check(id=HEADERS, kind=Kind.ROUTES, run=_never_fails))
    assert (_result(report, HEADERS).verdict, _result(report, HEADERS).held) == (Verdict.NOT_VERIFIED, True)


def test_does_not_believe_a_check_that_never_fails(prove):
    """A check that holds without its guard proves nothing."""
    report = prove(_guarded(), Check(id=HEADERS, kind=Kind.ROUTES, run=_never_fails))
    assert _result(report, HEADERS).verdict is Verdict.NOT_VERIFIED
    assert "could not be shown to fail" in _result(report, HEADERS).reason


def test_believes_a_check_that_found_a_planted_fault(prove):
    """Where nothing can be taken out, a planted fault shows that the check can fail."""
    check = Check(id=HEADERS, kind=Kind.ROUTES, run=_finds_only_what_is_planted, planted=ProbeRoute.WRITES_ON_GET)
    assert _result(prove(_guarded(), check), HEADERS).sensitivity == "with a planted fault (writes-on-get): violated"


def test_never_counts_observe_as_a_pass(prove):
    """In observe mode nothing is refused, whatever is switched on."""
    report = prove(_guarded(mode="'observe'"), LIVE)
    assert _result(report).verdict is not Verdict.PROVEN


def test_accepts_a_waived_violation_and_ends_clean(prove):
    """A waiver with an owner and a date turns violated into accepted, and is listed."""
    report = prove(_guarded(mode="'observe'", waivers=WAIVER.format(days=30)), LIVE)
    until = TODAY + datetime.timedelta(days=30)
    assert _result(report).verdict is Verdict.ACCEPTED
    assert report.waivers == (f"access.deny-by-default: moving (ops, until {until})",)
    assert [(waiver.state, waiver.source) for waiver in report.waived] == [(WaiverState.USED, "policy")]
    assert report.findings[0].owner == "ops"
    assert report.exit_code == run.CLEAN


def test_fails_on_a_waiver_that_has_expired(prove):
    """An exception past its day covers nothing and is told, also where nothing is violated any more."""
    report = prove(_guarded(waivers=WAIVER.format(days=-1)), LIVE)
    assert (report.exit_code, report.count(Verdict.VIOLATED)) == (run.FINDINGS, 0)
    assert "1 waiver(s) past their day: access.deny-by-default until" in report.exit_reason


def test_tells_a_waiver_that_covers_nothing_without_failing(prove):
    """Where the guard holds, the exception can go; that is a warning."""
    report = prove(_guarded(waivers=WAIVER.format(days=30)), LIVE)
    assert ([waiver.state for waiver in report.waived], report.exit_code) == ([WaiverState.UNUSED], run.CLEAN)


def test_does_not_call_a_waiver_unused_whose_checks_were_not_made(prove):
    """Nobody looked, so nobody knows."""
    report = prove(_guarded(waivers=WAIVER.format(days=30)), LIVE, ignore=(BARE,))
    assert [waiver.state for waiver in report.waived] == [WaiverState.UNTRIED]


def test_refuses_a_waiver_that_reaches_too_far_ahead(prove):
    """An exception without an end in sight is none."""
    with pytest.raises(TargetFailed, match="further ahead than 180 days"):
        prove(_guarded(waivers=WAIVER.format(days=181)), LIVE)


LISTED = """
[[waivers]]
control = "access.deny-by-default"
reason = "a new route is refused by the gateway"
owner = "ops"
until = {until}
"""


def test_accepts_what_the_settings_of_an_application_without_a_policy_waive(prove, tmp_path):
    """Nobody but the prover reads them there; what stands at no handler could be accepted by nothing else."""
    until = TODAY + datetime.timedelta(days=30)
    (tmp_path / "ringwork.toml").write_text(LISTED.format(until=until))
    report = prove(FOREIGN, LIVE)
    assert (_result(report).verdict, report.exit_code) == (Verdict.ACCEPTED, run.CLEAN)
    assert [(waiver.state, waiver.owner) for waiver in report.waived] == [(WaiverState.USED, "ops")]


def test_counts_the_settings_waivers_of_a_guarded_application_once(prove, tmp_path):
    """Its policy brings them along."""
    (tmp_path / "ringwork.toml").write_text(LISTED.format(until=TODAY + datetime.timedelta(days=30)))
    report = prove(
        "from fastapi import FastAPI\nfrom ringwork import protect\napp = FastAPI()\napp.get('/')(lambda: 1)\nprotect(app)\n", LIVE
    )
    assert len(report.waived) == 1


@pytest.mark.parametrize("line", ['owner = ""', "until = '2031-01-01'", "route = 5", 'because = "x"'])
def test_refuses_a_listed_waiver_that_is_not_whole(prove, tmp_path, line):
    """It says what to write, and nothing is attacked under half an exception."""
    name = line.partition(" ")[0]
    rows = LISTED.format(until=TODAY + datetime.timedelta(days=30)).splitlines()
    (tmp_path / "ringwork.toml").write_text("\n".join([*(row for row in rows if not row.startswith(name)), line]))
    with pytest.raises(TargetFailed, match="give control, reason, owner and until"):
        prove(FOREIGN, LIVE)


INLINE = FOREIGN.replace("def home", "# ringwork: ignore[access.deny-by-default] {words}\ndef home")


def test_accepts_what_a_comment_on_the_handler_waives(prove):
    """The comment covers the route of its handler, and its owner answers for the finding."""
    words = f"reason='the front page' owner=web until={TODAY + datetime.timedelta(days=9)}"
    report = prove(INLINE.format(words=words), Check(id=BARE, kind=Kind.LIVE, run=_open_home))
    (finding,) = report.findings
    assert (finding.verdict, finding.owner, report.exit_code) == (Verdict.ACCEPTED, "web", run.CLEAN)
    assert (finding.waiver.source, finding.waiver.file, finding.waiver.line) == ("inline", "shop.py", 4)


def test_a_comment_covers_no_other_route(prove):
    """What is accepted at one handler is still violated at its neighbour."""
    words = f"reason='the front page' owner=web until={TODAY + datetime.timedelta(days=9)}"
    source = INLINE.format(words=words) + "@app.get('/other')\ndef other():\n    return 1\n"
    report = prove(source, Check(id=BARE, kind=Kind.LIVE, run=_open_home))
    assert {f.where: f.verdict for f in report.findings} == {"GET /": Verdict.ACCEPTED, "GET /other": Verdict.VIOLATED}


WRAPPED = """
import functools
from flask import Flask
app = Flask(__name__)

def checked(view):
    @functools.wraps(view)
    def inner():
        return view()
    return inner

# ringwork: ignore[access.deny-by-default] {words}
@app.get("/")
@checked
def home():
    return "1"

@app.get("/other")
@checked
def other():
    return "2"
"""


def test_a_comment_covers_a_wrapped_handler_of_flask(prove):
    """A decorator of the application's own does not hide which handler it stands on."""
    words = f"reason='the front page' owner=web until={TODAY + datetime.timedelta(days=9)}"
    report = prove(WRAPPED.format(words=words), Check(id=BARE, kind=Kind.LIVE, run=_open_home))
    assert {f.where: f.verdict for f in report.findings} == {"GET /": Verdict.ACCEPTED, "GET /other": Verdict.VIOLATED}


def test_refuses_a_comment_that_is_not_whole_before_anything_is_started(prove):
    """No reason or no day is a mistake to correct, told with file and line."""
    with pytest.raises(TargetFailed, match=r"shop\.py:4: reason and until missing"):
        prove(INLINE.format(words="owner=web"), LIVE)


def test_findings_of_the_baseline_do_not_fail_the_run(prove, tmp_path):
    """What is known is marked, and the next one fails."""
    first = prove(FOREIGN, LIVE)
    file = tmp_path / "known.json"
    file.write_text(baseline.to_json(baseline.record(first, reason="", today=TODAY)))
    again = prove("# moved down\n\n" + FOREIGN, LIVE, baseline=str(file))
    assert (again.exit_code, again.known, again.gone) == (run.CLEAN, (first.findings[0].id,), ())
    assert again.exit_reason == "nothing new; 1 known to the baseline"
    more = prove(FOREIGN, LIVE, Check(id=HEADERS, kind=Kind.LIVE, run=_open_home), baseline=str(file))
    assert more.exit_code == run.FINDINGS
    assert "new finding(s) of severity low or above; 1 known to the baseline" in more.exit_reason


def test_tells_what_of_the_baseline_is_gone(prove, tmp_path):
    """The hole was closed, so its entry may be taken out."""
    file = tmp_path / "known.json"
    first = prove(FOREIGN, LIVE)
    file.write_text(baseline.to_json(baseline.record(first, reason="", today=TODAY)))
    assert prove(_guarded(), LIVE, baseline=str(file)).gone == (first.findings[0].id,)


def test_says_who_answers_for_a_finding(prove):
    """The project's owners are named beside what they have to mend."""
    report = prove(FOREIGN, LIVE, owners={"access": "platform"})
    assert report.findings[0].owner == "platform"


def test_makes_no_check_that_the_profile_does_not_ask_for(prove):
    """What the profile leaves out is not listed, so it may not fail the run either."""
    beyond = next(row for row in course.rows().values() if row.profile == "high" and row.checks)
    check = Check(id=CheckId(f"{beyond.id}/a-check"), kind=Kind.LIVE, run=_open_home)
    assert not prove(FOREIGN, check, profile="baseline").findings
    assert prove(FOREIGN, check, profile="high").findings


def test_names_a_check_that_fails_by_its_own_fault(prove):
    """One faulty check does not hide the others, and the run ends as internal."""
    report = prove(FOREIGN, Check(id=BARE, kind=Kind.LIVE, run=_raises))
    assert report.exit_code == run.INTERNAL
    assert "ZeroDivisionError" in report.exit_reason


def test_lists_every_check_of_the_catalogue_by_name(prove):
    """What has no proof yet is not verified, and says so."""
    report = prove(FOREIGN, LIVE)
    others = [result for result in report.results if result.check != BARE]
    assert len(others) > 100
    assert {result.verdict for result in others} == {Verdict.NOT_VERIFIED}


def test_restores_the_state_that_it_changed(prove):
    """After everything that was sent, the copy is as it was at its start."""
    source = FOREIGN + "seen = []\n@app.post('/add')\ndef add():\n    seen.append(1)\n"
    assert prove(source, LIVE).state_restored


def test_counts_routes_that_it_could_not_reach(prove):
    """A route whose input nobody knows is skipped with a reason, and the floor decides."""
    source = FOREIGN + "from fastapi import HTTPException\n@app.get('/deep')\ndef deep():\n    raise HTTPException(404)\n"
    report = prove(source.replace("FastAPI()", "FastAPI(openapi_url=None)"), Check(id=HEADERS, kind=Kind.ROUTES, run=_never_fails))
    assert dict(report.coverage.skipped) == {"GET /deep": "no object was found for its parameters (404)"}
    assert report.exit_code == run.INCONCLUSIVE


def test_ends_inconclusive_where_users_are_needed_and_nobody_can_sign_in(prove):
    """Without a user most checks cannot be made, and the lines to add are shown."""
    source = _guarded().replace("public", "requires").replace('requires("the front page")', "requires()")
    report = prove(source, LIVE, coverage_floor=0.0)
    assert report.exit_code == run.INCONCLUSIVE
    assert "[[prove.users]]" in report.unlocks[0]
    assert report.gains.keys() == set(report.unlocks)
    assert {check.partition("/")[0] for step in report.unlocks for check in report.gains[step]} <= set(report.controls)


def test_leaves_a_partial_report_when_it_is_interrupted(prove):
    """Ctrl-C ends the copies and keeps what is known."""

    class Impatient(Progress):
        def step(self, text, *, done, total):
            if "every route" in text:
                raise KeyboardInterrupt

    report = prove(FOREIGN, LIVE, progress=Impatient())
    assert report.partial
    assert report.exit_code == run.INTERRUPTED


def test_starts_no_check_after_its_time(prove):
    """A run past its time says which checks it left out."""
    report = prove(FOREIGN, LIVE, max_time=0.01)
    assert "--max-time" in _result(report).reason


def test_tells_what_was_read_when_its_time_is_over(prove):
    """The worst findings are often those of the source: they are told without an attack, and the end counts what was left out."""
    read = Check(id=CheckId("input.sql-injection/built-statements"), kind=Kind.STATIC, run=_reads)
    report = prove(FOREIGN, LIVE, read, max_time=0.01)
    assert _result(report, read.id).verdict is Verdict.VIOLATED
    assert "before 1 check (" in report.exit_reason
    assert report.unlocks[0] == "--max-time 600"


def test_makes_only_the_checks_that_were_chosen(prove):
    """--select and --ignore take layers, controls and checks."""
    other = dataclasses.replace(LIVE, id=HEADERS)
    assert _result(prove(FOREIGN, LIVE, other, ignore=("access",))).reason == "not selected in this run"


def test_gives_every_role_a_cell_for_every_readable_route(prove):
    """The matrix says what each got, and what the rules expect."""
    report = prove(_guarded(), LIVE)
    assert [(c.route, c.role, c.expected, c.status) for c in report.matrix] == [("GET /", "anonymous", "allow", 200)]


PAIR = "from fastapi import FastAPI\napp = FastAPI(openapi_url=None, docs_url=None)\n"
PAIR += "@app.get('/')\ndef home():\n    return 1\n@app.get('/other')\ndef other():\n    return {answer}\n"


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """The shop's folder as a repository whose first commit has two routes."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false")
    (tmp_path / "shop.py").write_text(PAIR.format(answer=1))
    for words in (("init",), ("add", "."), ("commit", "-m", "first")):
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)


def test_a_narrowed_run_asks_only_what_changed_and_proves_nothing(prove, committed):
    """What was left out is listed with its reason, and nothing that held becomes a pass."""
    report = prove(PAIR.format(answer=2), Check(id=BARE, kind=Kind.LIVE, run=_open_home), LIVE_HEADERS, since="HEAD")
    assert [finding.where for finding in report.findings] == ["GET /other"]
    assert report.left_out == {"GET /": "unchanged since HEAD"}
    assert (report.since, report.coverage.found, report.count(Verdict.PROVEN)) == ("HEAD", 1, 0)
    assert "1 of 2 routes were left out" in _result(report, HEADERS).reason


def test_a_run_since_nothing_changed_asks_nothing(prove, committed):
    """It is no failure, and says that it is no proof."""
    report = prove(PAIR.format(answer=1), Check(id=BARE, kind=Kind.LIVE, run=_open_home), since="HEAD")
    assert (report.exit_code, report.findings) == (run.CLEAN, ())
    assert "only 0 of 2 routes were asked, so nothing is proven" in report.exit_reason
    assert _result(report).reason == "no route changed since HEAD"


def test_a_change_that_concerns_every_route_leaves_none_out(prove, committed):
    """Where the application itself changed, the run is a whole one."""
    report = prove(PAIR.format(answer=1) + "app.title = 'x'\n", Check(id=BARE, kind=Kind.LIVE, run=_open_home), since="HEAD")
    assert (len(report.findings), report.left_out) == (2, {})
    assert any("shop.py concerns every route" in sentence for sentence in report.touched)


def test_refuses_a_revision_before_anything_is_started(prove, committed):
    """A mistyped branch is a mistake, not a run of nothing."""
    with pytest.raises(TargetFailed, match="git knows no revision 'mian'"):
        prove(PAIR.format(answer=1), LIVE, since="mian")
