from __future__ import annotations

import json

import pytest

from ringwork.cli import main

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef home():\n    return 1\n"
MAKER = "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n"


@pytest.fixture
def ringwork(tmp_path, monkeypatch, capsys):
    """Run the command line in an empty folder; hands back exit code and everything printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        code = main.main(words)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@pytest.mark.parametrize("word", ["prove", "routes", "doctor"])
@pytest.mark.parametrize(
    ("target", "source", "code", "said"),
    [
        ("nothere:app", "", 2, "run ringwork from the folder that holds nothere"),
        ("nothere.py", "", 2, "check the path"),
        ("https://shop.example/", "", 2, "only copies that ringwork starts itself"),
        (".", "", 2, "no FastAPI, Starlette, Flask, Django or aiohttp application was found"),
        ("shop:nothing", FASTAPI, 2, "it has app: write shop:app"),
        ("shop:app", MAKER, 2, "it has create_app(): write shop:create_app --factory"),
        ("shop:app", MAKER.replace("create_app():", "served() -> FastAPI:"), 2, "it has served(): write shop:served --factory"),
        ("shop:app", "import missing_dependency_x\n", 3, "install missing_dependency_x"),
        ("shop:app", "import os\nos.environ['DATABASE_URL']\n", 3, "--env NAME=VALUE"),
        ("shop:app", "raise ValueError('broken')\n", 3, "ValueError at shop.py:1: broken"),
        ("shop:app", "app = 5\n", 2, "app is a int, no FastAPI"),
        ("shop:make", "def make(size):\n    return None\n", 3, "--factory-args"),
        ("shop:make", "def make():\n    import missing_dependency_y\n", 3, "install missing_dependency_y"),
        ("shop:make", "def make():\n    return 5\n", 3, "returned a int"),
        ("shop:app", "from starlette.applications import Starlette\napp = Starlette()\n", 3, "has no routes"),
        ("shop:app", "from flask import Flask\napp = Flask('shop')\n", 3, "has no routes"),
    ],
)
def test_says_what_is_wrong_with_a_target_and_what_to_do(ringwork, word, target, source, code, said):
    """Every bad target has a clear message, the right exit code and no traceback."""
    got, printed = ringwork(word, target, **({"shop": source} if source else {}))
    assert said in printed
    assert "Traceback" not in printed
    assert got == code


@pytest.mark.parametrize(("source", "names_it"), [("import missing_dependency_x\n", True), ("app = 5\n", False)])
def test_names_what_reads_without_starting_where_nothing_could_be_started(ringwork, source, names_it):
    """An application that does not come up is read all the same by another command; a wrong name is corrected first."""
    _, printed = ringwork("prove", "shop:app", shop=source)
    assert ("`ringwork check` reads its source without starting it" in printed) is names_it


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fail-on", "severe"], "write one of: critical, high, medium, low"),
        (["--profile", "gold"], "write one of: baseline, standard, high"),
        (["--select", "browser.crsf"], "no control or check that has a proof"),
        (["--select", "browser.csrf,browser.crsf"], "did you mean browser.csrf?"),
        (["--select", "csrf"], "did you mean browser.csrf?"),
        (["--select", "qqqqqq"], "write a layer, a control or a check; `ringwork catalogue` lists them"),
        (["--ignore", ","], "no control or check that has a proof"),
        (["--env", "NOVALUE"], "is no NAME=VALUE"),
        (["--env-file", "nothere.env"], "cannot be read"),
    ],
)
def test_says_what_is_wrong_with_an_option(ringwork, options, said):
    """A mistyped option is a usage error, told before anything is copied."""
    code, printed = ringwork("prove", "shop:app", *options, shop=FASTAPI)
    assert said in printed
    assert code == 2


def test_names_a_mistyped_key_of_the_provers_settings(ringwork, tmp_path):
    """An unknown key is never passed over in silence."""
    (tmp_path / "ringwork.toml").write_text("[prove]\ncoverage_flor = 0.5\n")
    code, printed = ringwork("prove", "shop:app", shop=FASTAPI)
    assert "did you mean coverage_floor?" in printed
    assert code == 2


def test_tells_every_fault_of_the_targets_policy(ringwork):
    """A target whose own policy is refused is told with the policy's words."""
    source = FASTAPI + "import ringwork\nringwork.protect(app, ringwork.Policy(origin='clinic.example', identify_seconds=0))\n"
    code, printed = ringwork("prove", "shop:app", shop=source)
    assert "is no origin" in printed
    assert "identify_seconds" in printed
    assert code == 3


def test_never_writes_the_values_of_the_environment_into_the_report(ringwork, tmp_path):
    """A secret that was given with --env stays out of report.json."""
    ringwork("prove", "shop:app", "--select", "access", "--env", "TOKEN=hush-hush-4711", shop=FASTAPI)
    assert "hush-hush-4711" not in (tmp_path / ".ringwork" / "report.json").read_text()


def test_says_where_a_report_cannot_be_written(ringwork, tmp_path):
    """A folder that cannot be made is named; the summary is still printed."""
    (tmp_path / "taken").write_text("a file")
    code, printed = ringwork("prove", "shop:app", "--select", "access", "--output-dir", "taken", shop=FASTAPI)
    assert "could not be written to taken" in printed
    assert code in {0, 1, 3}


def test_lists_routes_as_json(ringwork):
    """Machines get the same facts."""
    code, printed = ringwork("routes", "shop:app", "--json", shop=FASTAPI)
    assert [r["path"] for r in json.loads(printed) if r["handler"] == "shop.home"] == ["/"]
    assert code == 0


def test_says_that_a_route_has_no_rule(ringwork):
    """The census names what nobody thought of."""
    _, printed = ringwork("routes", "shop:app", shop=FASTAPI)
    assert "GET\t/\tNO RULE\tshop.py:3" in printed


def test_asks_for_a_run_before_a_replay(ringwork):
    """Without a report there is nothing to replay."""
    code, printed = ringwork("replay", "abcdefabcdef")
    assert "run `ringwork prove TARGET` first" in printed
    assert code == 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('select = "browser.csrf"', 'write select = ["browser.csrf"]'),
        ('select = ["browser.crsf"]', "did you mean browser.csrf?"),
        ('fail_on = "severe"', "write one of: critical, high, medium, low"),
        ('profile = "gold"', "write one of: baseline, standard, high"),
        ('quick = "yes"', "write true or false"),
        ('max_time = "long"', "write a number"),
        ('owners = {admin = "platform"}', "a route's beginning"),
        ('baseline = "known.json"', "there is no file"),
    ],
)
def test_says_what_is_wrong_in_the_projects_settings(ringwork, tmp_path, lines, said):
    """The project's file is held to the same as the command line."""
    (tmp_path / "ringwork.toml").write_text(f"[prove]\n{lines}\n")
    code, printed = ringwork("prove", "shop:app", shop=FASTAPI)
    assert said in printed
    assert code == 2


def test_the_command_line_stands_above_the_projects_settings(ringwork, tmp_path):
    """A person at the keyboard may ask for something else than the pipeline does."""
    (tmp_path / "ringwork.toml").write_text('[prove]\nquick = true\nfail_on = "critical"\nselect = ["browser.csrf"]\n')
    code, _ = ringwork("prove", "shop:app", "--select", "access.deny-by-default/probe-route", "--fail-on", "low", shop=FASTAPI)
    document = json.loads((tmp_path / ".ringwork" / "report.json").read_text())
    assert code == 1
    assert {finding["check"] for finding in document["findings"]} == {"access.deny-by-default/probe-route"}


def test_refuses_a_waiver_in_a_comment_that_is_not_whole(ringwork):
    """It ends as a wrong command does, before anything is copied."""
    code, printed = ringwork("prove", "shop:app", shop=FASTAPI.replace("def home", "# ringwork: ignore[browser.csrf] owner=web\ndef home"))
    assert "shop.py:4: reason and until missing" in printed
    assert 'reason="signed by the sender" owner=payments until=' in printed
    assert code == 2
