"""Real runs, and everything that they write: what was secret in them, and what a branch brought."""

from __future__ import annotations

import base64
import json
import re
import threading
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from examples.clinic import sample as clinic
from ringwork.cli import main
from ringwork.report import outputs
from ringwork.survey.wire import connection

ROOT = Path(__file__).parents[2]
FORMATS = ",".join(outputs.NAMES)

# How secrets look on the wire, written here once more and not borrowed from what masks them.
SET = re.compile(rb"(?im)^set-cookie: *[^=;\r\n]+=([^;\r\n]{16,})")
TOKENS = re.compile(rb"name=\"csrf_token\" value=\"([^\"]{16,})\"|\"(?:access_token|csrf_token|token)\": *\"([^\"]{16,})\"")
PASSWORDS = re.compile(rb"(?:^|[&\s])password=([^&\s]{8,})|\"password\": *\"([^\"]{8,})\"")
LONG = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")


class _Wire:
    """Everything that the attacking client sent and got, as it went over the wire."""

    def __init__(self) -> None:
        self.lock, self.seen = threading.Lock(), list[bytes]()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        honest = connection.exchange

        def exchange(sock, request, **more):
            parsed = honest(sock, request, **more)
            with self.lock:
                self.seen += [request, parsed.raw]
            return parsed

        monkeypatch.setattr(connection, "exchange", exchange)

    def secrets(self) -> dict[str, set[str]]:
        """By kind, what a reader of a report must never learn."""
        whole = b"\n".join(self.seen)
        return {
            "cookies": {found.decode() for found in SET.findall(whole)},
            "tokens": {(one or other).decode() for one, other in TOKENS.findall(whole)},
            "passwords": {unquote_plus((one or other).decode()) for one, other in PASSWORDS.findall(whole)},
        }


def _written(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}


def _unpacked(text: str) -> str:
    """The text, and what stands in it in base64."""
    packed = (found for found in LONG.findall(text) if len(found) % 4 == 0)
    return text + "".join(base64.b64decode(found).decode("utf-8", "replace") for found in packed)


@pytest.mark.slow
def test_no_secret_of_the_clinic_is_in_any_output(tmp_path, monkeypatch, capsys):
    """Passwords, sessions, tokens and the copy's environment: all went over the wire, and none into a file or onto the terminal."""
    monkeypatch.chdir(ROOT)
    wire = _Wire()
    wire.watch(monkeypatch)
    chosen = ["--select", "browser.csrf", "--select", "access.deny-by-default"]  # the second asks a route that repeats what it got
    canary = "canary-environment-5b1e"
    words = ["prove", "examples.clinic.fastapi_app:app", "--quick", *chosen, "--format", FORMATS, "--output-dir", str(tmp_path)]
    code = main.main([*words, "--env", f"CLINIC_CANARY={canary}", "--verbose"])
    said = capsys.readouterr()
    assert code == 0, said.out
    secrets = wire.secrets()
    assert {person.password for person in clinic.PEOPLE} <= secrets["passwords"]
    assert len(secrets["cookies"]) > 10
    assert len(secrets["tokens"]) > 3
    told = {**_written(tmp_path), "terminal": said.out + said.err}
    assert {"report.sarif", "junit.xml", "summary.md", "statement.json", "badge.svg", "oscal/assessment-results.json"} <= told.keys()
    for name, text in told.items():
        whole = _unpacked(text)
        leaked = {kind for kind, found in {**secrets, "environment": {canary}}.items() for secret in found if secret in whole}
        assert not leaked, (name, leaked)


OLD = """
from fastapi import FastAPI, Request, Response
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
@app.get("/")
def home():
    return {"a": 1}
@app.get("/sign-in")
def sign_in(response: Response):
    response.set_cookie("session", "0123456789abcdef0123456789abcdef")
    return {"b": 2}
"""
NEW = (
    OLD
    + """
from fastapi.responses import RedirectResponse
@app.get("/go")
def go(next: str = "/"):
    return RedirectResponse(next, 303)
"""
)


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    """Prove a small shop as it stands; hands back what was written and printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")

    def prove(source: str, folder: str, *words: str):
        (tmp_path / "shop.py").write_text(source)
        chosen = ["--select", "browser.cookie-attributes", "--select", "browser.open-redirect", "--quick"]
        code = main.main(["prove", "shop:app", *chosen, "--format", FORMATS, "--output-dir", folder, *words])
        return code, _written(tmp_path / folder), capsys.readouterr().out

    return prove


@pytest.mark.slow
def test_a_finding_of_a_branch_is_the_only_new_one_everywhere(shop, capsys):
    """In the diff, in SARIF, in the summary, in JUnit and in the annotations: what the branch brought, and nothing else."""
    code, before, _ = shop(OLD, "main")
    assert code == 1
    assert main.main(["baseline", "record", "--report", "main"]) == 0
    assert shop(OLD, "same", "--baseline", "ringwork-baseline.json")[0] != 1
    code, after, printed = shop(NEW, "branch", "--baseline", "ringwork-baseline.json")
    assert code == 1
    old, new = (json.loads(files["report.json"]) for files in (before, after))
    (fresh,) = [f for f in new["findings"] if f["id"] not in {one["id"] for one in old["findings"]}]
    assert (fresh["where"], fresh["file"]) == ("GET /go", "shop.py")
    main.main(["report", "diff", "main", "branch"])
    assert re.search(rf"^1 new, .*\n(.*\n)*New\n.*{fresh['id']}", capsys.readouterr().out, re.MULTILINE)
    results = json.loads(after["report.sarif"])["runs"][0]["results"]
    assert [r["partialFingerprints"]["ringworkFinding/v1"] for r in results if r["baselineState"] == "new"] == [fresh["id"]]
    assert "### New findings: 1\n" in after["summary.md"]
    annotated = [line for line in printed.splitlines() if line.startswith("::") and "file=" in line]
    assert len(annotated) == 1
    assert f"file=shop.py,line={fresh['line']}," in annotated[0]
    failures = [case.find("failure") for case in ET.fromstring(after["junit.xml"]).iter("testcase")]
    (failure,) = [one for one in failures if one is not None]
    assert f"{fresh['where']} (" in (failure.text or "")
