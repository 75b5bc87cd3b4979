"""`ringwork keys`, as a new user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ringwork.keys import lifecycle
from ringwork.keys.keyring import Keyring
from ringwork.keys.roots import environment, file
from ringwork.keys.settings import keyring_of, settings_of
from ringwork.policy import files
from tests.keys import sealed_tables

ROWS = 12
COLUMNS = """
import sqlalchemy
from tests.keys import sealed_tables

def sources():
    return sealed_tables.source(sqlalchemy.create_engine("sqlite:///{folder}/app.db"))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings for a file as root, and sealed columns; waits are short."""
    monkeypatch.setattr(lifecycle, "SKEW_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    lines = ["[keys]", 'root = "file:root.key"', f'columns = ["{tmp_path.name}_columns:sources"]', "cache_seconds = 0.01"]
    (tmp_path / "ringwork.toml").write_text("\n".join(lines))
    (tmp_path / f"{tmp_path.name}_columns.py").write_text(COLUMNS.format(folder=tmp_path))
    sealed_tables.METADATA.create_all(sealed_tables.engine_of(tmp_path / "app.db"))
    return tmp_path


@pytest.fixture
def keys(run, project: Path) -> Callable:
    """Run a command of `ringwork keys` in the folder."""
    return lambda *words: run("keys", *words)


def keyring(project: Path) -> Keyring:
    found = files.read(project / "ringwork.toml")["keys"]
    return keyring_of(settings_of(found, where="ringwork.toml"), base=project)


def filled(project: Path) -> dict[str, str]:
    engine = sealed_tables.engine_of(project / "app.db")
    sealed_tables.fill(engine, keyring(project), rows=ROWS)
    found = sealed_tables.opened(engine, keyring(project))
    engine.dispose()
    return found


def listed(keys: Callable) -> dict[int, dict[str, object]]:
    return {row["kid"]: row for row in json.loads(keys("status", "--json", "--all").out)["keys"]}


def test_from_nothing_to_a_rotated_and_destroyed_key(keys: Callable, project: Path) -> None:
    """Five commands: init, status, rotate, retire by rotation, destroy; and every value opens afterwards."""
    began = keys("init")
    assert (began.code, "made the root key root.key" in began.out, '"reason": "key-published"' in began.err) == (0, True, True)
    before = filled(project)
    (old,) = listed(keys)
    assert f"{old}\tclass default\tactive" in keys("status").out
    assert f"re-seal {2 * ROWS} values of key {old}" in keys("rotate", "--dry-run").out
    assert list(listed(keys)) == [old]
    rotated = keys("rotate")
    assert rotated.code == 0
    assert f"{2 * ROWS} values were sealed again" in rotated.out
    assert f"ringwork keys destroy {old}" in rotated.out
    states = {kid: row["state"] for kid, row in listed(keys).items()}
    assert sorted(states.values()) == ["active", "retired"]
    assert "0 values would never open again" in keys("destroy", str(old), "--dry-run").err
    assert keys("destroy", str(old), "--yes").code == 0
    assert listed(keys)[old]["state"] == "destroyed"
    engine = sealed_tables.engine_of(project / "app.db")
    assert sealed_tables.opened(engine, keyring(project)) == before
    engine.dispose()


def test_init_changes_nothing_that_is_there(keys: Callable, project: Path) -> None:
    """Called twice, it makes what is missing alone."""
    keys("init")
    root, before = (project / "root.key").read_bytes(), listed(keys)
    again = keys("init", "--class", "health")
    assert "is there already" in again.out
    assert (project / "root.key").read_bytes() == root
    assert {row["class"] for row in listed(keys).values()} == {"default", "health"}
    assert before.items() <= listed(keys).items()


def test_makes_no_new_root_in_the_place_of_a_lost_one(keys: Callable, project: Path) -> None:
    """Under a new one nothing opens, and all would look well; whoever brings the file back goes on."""
    keys("init")
    kept = (project / "root.key").read_bytes()
    (project / "root.key").unlink()
    refused = keys("init")
    assert refused.code == 2
    assert "bring its file back" in refused.err
    assert not (project / "root.key").exists()
    file.make(project / "root.key")
    assert "nothing opens it" in keys("status", "--json").out
    (project / "root.key").write_bytes(kept)
    assert "is there already" in keys("init").out
    assert "nothing opens it" not in keys("status", "--json").out


def test_destroying_has_to_be_said(keys: Callable, project: Path) -> None:
    """Neither without an answer, nor while values name the key, nor while it is in use."""
    keys("init")
    filled(project)
    (kid,) = listed(keys)
    for words, problem in (
        (("destroy", str(kid)), "add --yes"),
        (("destroy", str(kid), "--yes"), f"{2 * ROWS} values would never open again; re-seal them"),
        (("retire", str(kid)), "values are still sealed"),
        (("restore", str(kid)), "is active, and cannot become decrypt-only"),
        (("destroy", "5"), "is not in the key table"),
    ):
        ended = keys(*words)
        assert (ended.code, problem in ended.err) == (2, True), ended.err
    assert listed(keys)[kid]["state"] == "active"
    assert keys("destroy", str(kid), "--erase", "--yes").code == 0
    assert listed(keys)[kid]["state"] == "destroyed"


def test_a_retired_key_is_called_back(keys: Callable, project: Path) -> None:
    """A value that turns up in a backup after the rotation can still be read."""
    keys("init")
    (old,) = listed(keys)
    keys("rotate")
    assert listed(keys)[old]["state"] == "retired"
    assert "opens again" in keys("restore", str(old)).out
    ended = keys("status")
    assert (ended.code, "a rotation is not finished" in ended.out) == (1, True)
    assert keys("retire", str(old)).code == 0


def test_ends_where_time_has_to_pass(keys: Callable, project: Path) -> None:
    """With --no-wait a scheduler calls it again; nothing is published twice."""
    text = (project / "ringwork.toml").read_text()
    (project / "ringwork.toml").write_text(text.replace("0.01", "600"))
    keys("init")
    for _ in range(2):
        assert "is published; call again in" in keys("rotate", "--no-wait").out
    assert len(listed(keys)) == 2


def test_wraps_the_keys_under_a_new_root(keys: Callable, project: Path) -> None:
    """The former root is named beside the new one until it is done; then it may go."""
    keys("init")
    before = filled(project)
    text = (project / "ringwork.toml").read_text()
    (project / "ringwork.toml").write_text(text.replace('root = "file:root.key"', 'root = "file:new.key"\nold_roots = ["file:root.key"]'))
    keys("init")
    assert "would wrap 1 of 1 keys" in keys("rotate", "--root", "--dry-run").out
    assert "1 keys were wrapped" in keys("rotate", "--root").out
    (project / "root.key").unlink()
    (project / "ringwork.toml").write_text(text.replace("root.key", "new.key"))
    engine = sealed_tables.engine_of(project / "app.db")
    assert sealed_tables.opened(engine, keyring(project)) == before
    engine.dispose()


def test_offers_a_key_for_a_variable_once(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is printed alone, so that it can be taken over; a variable that is set is not replaced."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringwork.toml").write_text('[keys]\nroot = "env:CLINIC_ROOT"\n')
    offered = run("keys", "init")
    assert (offered.code, len(offered.out.strip())) == (1, 43)
    monkeypatch.setenv("CLINIC_ROOT", offered.out.strip())
    assert environment.read("CLINIC_ROOT").reference
    assert run("keys", "init").code == 0
    monkeypatch.setenv("CLINIC_ROOT", "changeme")
    refused = run("keys", "init")
    assert (refused.code, "CLINIC_ROOT holds" in refused.err, refused.out) == (2, True, "")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (None, "no ringwork.toml"),
        ('mode = "enforce"', "[keys] is missing"),
        ("[keys]", "keys.root is missing"),
        ('[keys]\nroot = "file:none.key"', "ringwork keys init"),
    ],
)
def test_says_what_to_write(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str | None, problem: str) -> None:
    """Whoever begins is told the line."""
    monkeypatch.chdir(tmp_path)
    if settings is not None:
        (tmp_path / "ringwork.toml").write_text(settings)
    ended = run("keys", "status")
    assert (ended.code, problem in ended.err) == (2, True), ended.err


def test_names_columns_that_cannot_be_loaded(keys: Callable, project: Path) -> None:
    """A mistyped function is told, and nothing is counted as zero."""
    keys("init")
    text = (project / "ringwork.toml").read_text()
    (project / "ringwork.toml").write_text(text.replace(":sources", ":sauces"))
    ended = keys("status")
    assert (ended.code, "sauces cannot be loaded" in ended.err) == (2, True)


def test_appends_events_to_a_file(keys: Callable, project: Path) -> None:
    """One line of JSON for each step."""
    keys("init", "--events", str(project / "events.jsonl"))
    (line,) = (project / "events.jsonl").read_text().splitlines()
    assert json.loads(line)["event"].startswith("sensitive_create:")


def test_tells_a_key_that_is_due(keys: Callable, project: Path) -> None:
    """An eternal key is a finding."""
    keys("init")
    table = keyring(project).table
    (row,) = table.rows()
    with table._changing() as connection:
        connection.execute("UPDATE ringwork_keys_1 SET activated = activated - 366 * 86400 WHERE kid = ?", (row.kid,))
    ended = keys("status")
    assert (ended.code, "in use for 366 days; rotate it" in ended.out) == (1, True)


DJANGO = """
SECRET_KEY = "only for tests of this repository, and for nothing else"
INSTALLED_APPS = ["ringwork.stores.django_orm"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.sqlite3"}}
"""


def test_keeps_the_keys_in_a_django_projects_database(tmp_path: Path) -> None:
    """After migrate, init makes the first key there; before it, the message says so."""
    (tmp_path / "ringwork.toml").write_text('[keys]\nroot = "file:root.key"\ntable = "django"\n')
    (tmp_path / "settings_of_shop.py").write_text(DJANGO)
    environment = dict(os.environ)
    asked = [str(Path(sys.executable).parent / "ringwork"), "keys"]

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=tmp_path, env={**environment, **more}, check=False, capture_output=True, text=True)

    assert "DJANGO_SETTINGS_MODULE" in run(*asked, "init").stderr
    settings = {"DJANGO_SETTINGS_MODULE": "settings_of_shop"}
    assert "manage.py migrate" in run(*asked, "init", **settings).stderr
    assert run(sys.executable, "-m", "django", "migrate", "--pythonpath", ".", **settings).returncode == 0
    made = run(*asked, "init", **settings)
    assert (made.returncode, "class default: key" in made.stdout) == (0, True), made.stderr
    assert "active" in run(*asked, "status", **settings).stdout


APP = """
from pathlib import Path
from django.apps import AppConfig

def make():
    from ringwork.keys.settings import keyring_of, settings_of
    from ringwork.policy import files
    made = keyring_of(settings_of(files.read(Path("ringwork.toml"))["keys"], where="ringwork.toml"), base=Path())
    made.start()
    return made

class Shop(AppConfig):
    name = "shop"

    def ready(self):
        from ringwork.sealed import keyrings
        keyrings.use_later(make)
"""

USE = """
import django; django.setup()
from ringwork.sealed import keyrings
ring = keyrings.keyring()
print(ring is keyrings.keyring(), ring.to_seal("t", "c").kid == ring.active_kid())
"""


def test_a_django_project_names_its_keyring_before_there_are_keys(tmp_path: Path) -> None:
    """On a new machine migrate and init run the same start as the application."""
    (tmp_path / "ringwork.toml").write_text('[keys]\nroot = "file:root.key"\ntable = "django"\n')
    (tmp_path / "settings_of_shop.py").write_text(DJANGO + '\nINSTALLED_APPS = [*INSTALLED_APPS, "shop.apps.Shop"]\n')
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "apps.py").write_text(APP)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings_of_shop", "PYTHONPATH": "."}
    steps = (
        [sys.executable, "-m", "django", "migrate"],
        [str(Path(sys.executable).parent / "ringwork"), "keys", "init"],
        [sys.executable, "-c", USE],
    )
    ended = [subprocess.run(step, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True) for step in steps]
    assert [one.returncode for one in ended] == [0, 0, 0], [one.stderr[-500:] for one in ended]
    assert ended[2].stdout == "True True\n"


def test_makes_the_folder_of_the_root(keys, project):
    """The example of the error message works as it stands, and the folder is its owner's alone."""
    text = (project / "ringwork.toml").read_text()
    (project / "ringwork.toml").write_text(text.replace("file:root.key", "file:keys/root.key"))
    assert keys("init").code == 0
    assert (project / "keys").stat().st_mode & 0o777 == 0o700


def test_says_whose_tables_are_missing(keys, project):
    """Before the application made its tables the key table is not to blame."""
    assert keys("init").code == 0
    (project / "app.db").unlink()
    ended = keys("status")
    assert ended.code != 0
    assert "sealed columns (are its tables made?)" in " ".join((ended.text + ended.err).split())
