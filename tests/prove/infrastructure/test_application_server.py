"""The proof of infrastructure.application-server: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from ringwork.prove.infrastructure import application_server
from ringwork.survey.facts import AppFacts, RouteFacts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("infrastructure.application-server")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With a careless server in its place, or files as nobody should ship them, the same attack succeeds."""
    showing.falls(framework, check)


# -- what the look at files finds, and what it leaves alone -----------------------------------------------------


class Looking:
    """A stage for looks: facts and nothing else."""

    def __init__(self, root: Path, *handlers: str) -> None:
        routes = tuple(RouteFacts(kind="http", path="/", methods=("GET",), handler="home", file=file) for file in handlers)
        self.facts = AppFacts(target="shop:app", framework="flask", framework_version="3", root=str(root), routes=routes)


def looked(root: Path, name: str, text: str) -> Evidence:
    """What the look at one file says."""
    (root / name).write_text(text, encoding="utf-8")
    return application_server.server_options(Looking(root))  # type: ignore[arg-type]  # looks read facts only


def broken(evidence: Evidence) -> list[tuple[str, int]]:
    """What is wrong, by kind and line."""
    return [(o.attack, o.line) for o in evidence.observations if o.outcome is Outcome.BROKEN]


PROCESS = "WSGIDaemonProcess x request-timeout=60\n"
DEVELOPMENT, SWITCHES = "a development server", "reload, debug and their like"
ADDRESS, PROXIES, LIMITS = "the address that it listens on", "whose forwarding headers are believed", "deadlines and limits"


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("Procfile", "web: flask --app shop run\n", [(DEVELOPMENT, 1)]),
        ("Procfile", "web: python manage.py runserver 0.0.0.0:8000\n", [(DEVELOPMENT, 1)]),
        ("Procfile", "web: fastapi dev main.py\n", [(DEVELOPMENT, 1)]),
        ("Dockerfile", 'FROM python\nCMD ["uvicorn", "main:app", "--reload"]\n', [(SWITCHES, 2)]),
        ("Procfile", "web: ringwork serve shop:app --unguarded\n", [(SWITCHES, 1)]),
        ("Procfile", "web: gunicorn -b 0.0.0.0:8000 -t 60 x:app\n", [(ADDRESS, 1)]),
        ("Procfile", "web: gunicorn -b :8000 -t 60 x:app\n", [(ADDRESS, 1)]),
        ("Procfile", "web: hypercorn -b '[::]:8000' x:app\n", [(ADDRESS, 1)]),
        ("Procfile", "web: waitress-serve x:app\n", [(ADDRESS, 1)]),
        ("Procfile", "web: daphne -e tcp:8000 x:app\n", [(ADDRESS, 1)]),
        ("uwsgi.ini", "[uwsgi]\nsocket = 127.0.0.1:1\nstats = :9191\n", [(ADDRESS, 3)]),
        ("Procfile", "web: uvicorn x:app --host 127.0.0.1 --forwarded-allow-ips='*'\n", [(PROXIES, 1)]),
        ("Dockerfile", "FROM python\nENV FORWARDED_ALLOW_IPS=*\nCMD gunicorn -b 127.0.0.1:1 -t 9 x:app\n", [(PROXIES, 2)]),
        ("Procfile", "web: waitress-serve --host=127.0.0.1 --trusted-proxy='*' x:app\n", [(PROXIES, 1)]),
        ("site.conf", "WSGIScriptAlias / /x\nListen 127.0.0.1:80\nWSGITrustedProxyHeaders X-Forwarded-For\n", [(PROXIES, 3)]),
        ("Procfile", "web: gunicorn -b 127.0.0.1:1 --timeout 0 x:app\n", [(LIMITS, 1)]),
        ("gunicorn.conf.py", 'bind = "127.0.0.1:1"\ntimeout = 60\nlimit_request_line = 0\n', [(LIMITS, 3)]),
        ("site.conf", "WSGIScriptAlias / /x\nListen 127.0.0.1:80\nTraceEnable On\n", [(LIMITS, 3)]),
    ],
)
def test_names_what_is_wrong_with_its_line(name: str, text: str, wrong: list[tuple[str, int]], tmp_path: Path) -> None:
    """A start that is unfit for strangers is a violation where it is written."""
    assert broken(looked(tmp_path, name, text)) == wrong


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Procfile", "web: ringwork serve shop:app --unix /run/shop/socket\n"),
        ("Procfile", "web: ringwork serve shop:app --host 0.0.0.0 --certificate c.pem --key k.pem\n"),
        ("Procfile", "web: gunicorn --bind unix:/run/x.sock --timeout 60 --forwarded-allow-ips 10.0.0.1 x:app\n"),
        ("Dockerfile", 'FROM python\n# ringwork: exposed reason="the pod"\nCMD ["gunicorn", "-b", "0.0.0.0:8000", "-t", "60", "x:app"]\n'),
        ("Procfile", "web: uvicorn x:app --uds /run/x --limit-concurrency 100 --timeout-graceful-shutdown 20\n"),
        ("Procfile", "web: daphne -u /run/x --http-timeout 60 --proxy-headers x:app\n"),
        ("Procfile", "web: granian --host 127.0.0.1 --backpressure 100 x:app\n"),
        (
            "site.conf",
            "Listen 127.0.0.1:80\nTraceEnable Off\nServerTokens Prod\nLimitRequestBody 9\nRequestReadTimeout header=9\n" + PROCESS,
        ),
    ],
)
def test_is_content_with_a_start_that_is_told_everything(name: str, text: str, tmp_path: Path) -> None:
    """The honest opposite, for each server."""
    assert judge.first_verdict(looked(tmp_path, name, text)) is Verdict.PROVEN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("web: uvicorn x:app --host 127.0.0.1\n", "--limit-concurrency"),
        ("web: gunicorn -b 127.0.0.1:1 x:app\n", "--timeout 60"),
        ("web: gunicorn -t 60 x:app\n", "say which"),
        ("web: hypercorn -b $HOST:80 x:app\n", "comes from the environment"),
    ],
)
def test_says_what_is_missing_instead_of_passing_it(text: str, words: str, tmp_path: Path) -> None:
    """What a server is not told is neither proven nor violated, and the words to write are there."""
    evidence = looked(tmp_path, "Procfile", text)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert words in evidence.not_verified
    assert evidence.not_verified.startswith("Procfile, line 1: ")


def test_passes_nothing_where_the_platform_starts_it(tmp_path: Path) -> None:
    """No file is no proof."""
    evidence = application_server.server_options(Looking(tmp_path))  # type: ignore[arg-type]  # looks read facts only
    assert evidence.not_verified
    assert "Procfile" in evidence.unlock


@pytest.mark.parametrize(
    ("handler", "verdict"),
    [
        ("api/app.py", Verdict.VIOLATED),
        ("api/views/home.py", Verdict.VIOLATED),
        ("web/app.py", Verdict.NOT_VERIFIED),
    ],
)
def test_takes_no_other_projects_start_for_the_targets(handler: str, verdict: Verdict, tmp_path: Path) -> None:
    """Two applications in one repository: what starts the one says nothing about the other."""
    for folder in ("api", "web"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.py").write_text("", encoding="utf-8")
    (tmp_path / "api" / "Procfile").write_text("web: gunicorn --reload app:app\n", encoding="utf-8")
    evidence = application_server.server_options(Looking(tmp_path, handler))  # type: ignore[arg-type]  # looks read facts only
    assert judge.first_verdict(evidence) is verdict
