from __future__ import annotations

import json
import re

import pytest

from ringwork.cli import main

OPEN = "from fastapi import FastAPI\napp = FastAPI(openapi_url=None)\n@app.get('/')\ndef home():\n    return 1\n"
CLOSED = (
    "from fastapi import FastAPI\nfrom ringwork import protect, public, Policy\napp = FastAPI(openapi_url=None)\n"
    "@app.get('/')\n@public('the front page')\ndef home():\n    return 1\nprotect(app, Policy())\n"
)


@pytest.fixture
def finding(tmp_path, monkeypatch, capsys):
    """A finding of an open application, with its report in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text(OPEN)
    main.main(["prove", "shop.py", "--select", "access.deny-by-default/probe-route", "--quick", "-q"])
    capsys.readouterr()
    return json.loads((tmp_path / ".ringwork" / "report.json").read_text())["findings"][0]


def test_says_that_a_finding_is_still_there(finding, capsys):
    """The same requests go to a fresh copy, both answers are printed, and the exit code is 1."""
    code = main.main(["replay", finding["id"]])
    printed = capsys.readouterr().out
    request, then, now, verdict = (
        printed.index(said) for said in ("The request, as nobody", "The answer then", "The answer now", "is still there")
    )
    assert request < then < now < verdict
    assert "GET /ringwork-probe/bare HTTP/1.1" in printed[request:then]
    assert "200" in printed[then:now].splitlines()[1]
    assert "200" in printed[now:verdict].splitlines()[1]
    assert "GET /ringwork-probe/bare" in printed[now:verdict].partition("What the check asked this copy, as nobody")[2]
    assert f"is still there: {finding['summary']}" in printed
    assert code == 1


def test_reads_the_projects_settings_as_the_run_did(finding, tmp_path, capsys):
    """A project that sets its own effort can repeat a finding like any other."""
    (tmp_path / "ringwork.toml").write_text('[prove]\nquick = true\nfail_on = "high"\n')
    assert (main.main(["replay", finding["id"]]), "is still there" in capsys.readouterr().out) == (1, True)


def test_says_that_a_finding_is_gone(finding, tmp_path, capsys):
    """Once the application refuses, the replay ends with 0."""
    (tmp_path / "shop.py").write_text(CLOSED)
    code = main.main(["replay", finding["id"]])
    printed = capsys.readouterr().out
    assert "is gone: access.deny-by-default/probe-route was repeated on a fresh copy" in printed
    assert "403" in printed.partition("The answer now")[2].splitlines()[1]
    assert code == 0


def test_says_of_an_earlier_run_s_id_which_run_does_not_hold_it(finding, capsys):
    """The file of the earlier run is gone: the finding may be too, or nobody asked. Of a mistyped id nothing of that is said."""
    assert main.main(["replay", "0123456789ab"]) == 2
    told = "".join(capsys.readouterr())
    assert re.search(r"the last run \(20[-\d]+ [:\d]+ UTC, ringwork.*\) holds no finding 0123456789ab", told)
    assert "what an earlier run found is gone, or this run did not ask for it" in told
    main.main(["replay", finding["id"][:-1]])
    assert "earlier run" not in "".join(capsys.readouterr())


def test_names_the_findings_that_there_are(finding, capsys):
    """A mistyped id is answered with the near one, and with where all of them stand."""
    code = main.main(["replay", finding["id"][:-1]])
    told = "".join(capsys.readouterr())
    assert finding["id"] in told
    assert "report.html" in told
    assert code == 2
