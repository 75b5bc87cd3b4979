"""A project that names ringwork in its settings: every handler guarded, a wrong place refused, Django's own commands joined."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = """
SECRET_KEY = "only for this test"
ALLOWED_HOSTS = ["localhost", "testserver"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
USE_TZ = True
"""
APP = 'INSTALLED_APPS += ["ringwork.django"]\n'
FIRST = 'MIDDLEWARE = ["ringwork.django.middleware.Middleware", *MIDDLEWARE]\n'
LAST = 'MIDDLEWARE = [*MIDDLEWARE, "ringwork.django.middleware.Middleware"]\n'
ALLOWED = """
import ringwork
from ringwork.enforce.output.fail_closed import FailClosedSettings
RINGWORK = ringwork.Policy(fail_closed=FailClosedSettings(allowed_outside=("django.middleware.common.CommonMiddleware",)))
"""
CALL = "import ringwork\nringwork.protect()\n"
URLS = """
import ringwork
from django.http import HttpResponse
from django.urls import path

def bare(request):
    return HttpResponse("bare")

urlpatterns = [path("bare", bare), ringwork.public("a test needs it")(path("open", bare))]
"""
ASKS = """
import django; django.setup()
from django.test import Client
client = Client()
print([client.get(path).status_code for path in ("/bare", "/open")])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "urls.py").write_text(URLS, encoding="utf-8")
    return tmp_path


def ran(project: Path, settings: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Django's own settings are read once a process, so each project has one of its own."""
    (project / "settings.py").write_text(SETTINGS + settings, encoding="utf-8")
    environment = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(project), "PATH": "/usr/bin:/bin"}
    # Against the compiled settings of the run before: written within the same second and as long, they would count as the new ones.
    return subprocess.run(
        [sys.executable, "-B", *words], cwd=project, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("settings", [APP + FIRST, APP, CALL], ids=["app and middleware", "app alone", "protect() in settings"])
def test_guards_every_handler_of_the_project(project: Path, settings: str) -> None:
    """However the project says it: what has no rule is refused, and what is open is served."""
    done = ran(project, settings, "-c", ASKS)
    assert done.stdout.strip() == "[403, 200]", done.stderr


def test_refuses_to_start_with_its_line_in_a_wrong_place(project: Path) -> None:
    """A middleware in front would answer unseen; the message says where to move the line."""
    done = ran(project, APP + LAST, "-c", ASKS)
    assert done.returncode != 0
    assert "CommonMiddleware stands before" in done.stderr
    assert "move ringwork's line to the first place" in done.stderr


def test_lets_a_layer_stand_in_front_that_the_policy_names(project: Path) -> None:
    """Tracing has to stand outside everything; whoever says so is believed."""
    assert ran(project, APP + LAST + ALLOWED, "-c", ASKS).stdout.strip() == "[403, 200]"


def test_refuses_the_line_without_the_app(project: Path) -> None:
    """A line that guards nothing would be worse than none."""
    done = ran(project, FIRST, "-c", ASKS)
    assert done.returncode != 0
    assert 'add "ringwork.django" to INSTALLED_APPS' in done.stderr


def test_refuses_a_policy_that_is_none(project: Path) -> None:
    """A mistyped setting must not end in the defaults."""
    done = ran(project, APP + FIRST + 'RINGWORK = {"origin": "https://shop.example"}\n', "-c", ASKS)
    assert "RINGWORK is a dict; write RINGWORK = ringwork.Policy(...)" in done.stderr


def test_joins_the_system_checks_of_django(project: Path) -> None:
    """`check` tells the wrong place by its id; `check --deploy` what would stop a start in production, and nothing in the right one."""
    wrong = ran(project, APP + LAST, "-m", "django", "check")
    assert "ringwork.E001" in wrong.stderr
    right = ran(project, APP + FIRST, "-m", "django", "check")
    assert (right.returncode, "ringwork.E" in right.stderr) == (0, False), right.stderr
    deployed = ran(project, APP + FIRST, "-m", "django", "check", "--deploy")
    assert "ringwork.E002) access.deny-by-default: GET /bare (urls.bare) has no rule" in deployed.stderr
    assert "GET /open" not in deployed.stderr


def test_proves_the_project_by_a_command_of_its_own(project: Path) -> None:
    """`manage.py ringwork_prove` is `ringwork prove` on the settings in use, with its options and its exit."""
    done = ran(project, APP + FIRST, "-m", "django", "ringwork_prove", "--select", "access.deny-by-default/policy-coverage")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "django" in done.stdout
    assert "GET /bare" in done.stdout


def test_says_where_a_call_without_an_application_belongs() -> None:
    """Outside of settings nothing would be guarded."""
    import ringwork
    from ringwork.errors import UnsupportedApp

    with pytest.raises(UnsupportedApp, match="at the end of a Django settings module"):
        ringwork.protect()
