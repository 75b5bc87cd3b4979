"""How long a login lasts, and how the database is kept."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.clinic import domain, sample, sessions
from examples.clinic.domain import Invalid, User
from examples.clinic.store import Store
from ringwork.clock import FixedClock
from ringwork.crypto.passwords import verify_password
from ringwork.secret import Secret
from tests.examples.people import who

# Logins


def test_finds_the_user_behind_a_key(db: Session) -> None:
    """The honest login opens."""
    key = sessions.issue_login(db, who(db, "alice"), None, 0.0)
    found = sessions.find_login(db, key, 1.0)
    assert found is not None
    assert found.user.username == "alice"


def test_keeps_no_key_in_the_table(db: Session) -> None:
    """Whoever reads the table can sign in as nobody."""
    key = sessions.issue_login(db, who(db, "alice"), None, 0.0)
    row = db.scalars(select(sessions.Login)).one()
    assert key not in (row.digest, row.handle)
    assert sessions.find_login(db, row.digest, 1.0) is None


def test_makes_keys_of_256_bits_that_never_repeat(db: Session) -> None:
    """A key is 43 characters of base64url."""
    keys = {sessions.issue_login(db, who(db, "alice"), None, 0.0) for _ in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {43}


def test_ends_the_old_login_at_a_new_one(db: Session) -> None:
    """Session fixation: a key planted before signing in opens nothing afterwards."""
    planted = sessions.issue_login(db, who(db, "bob"), None, 0.0)
    fresh = sessions.issue_login(db, who(db, "alice"), planted, 1.0)
    assert fresh != planted
    assert sessions.find_login(db, planted, 2.0) is None


def test_ends_at_signing_out(db: Session) -> None:
    """The key of a login that was ended opens nothing, others stay."""
    gone, stays = (sessions.issue_login(db, who(db, "alice"), None, 0.0) for _ in range(2))
    sessions.end_login(db, gone)
    assert sessions.find_login(db, gone, 1.0) is None
    assert sessions.find_login(db, stays, 1.0) is not None


def test_ends_after_thirty_idle_minutes(db: Session) -> None:
    """A forgotten browser is signed out."""
    key = sessions.issue_login(db, who(db, "alice"), None, 0.0)
    assert sessions.find_login(db, key, 30 * 60 - 1) is not None
    assert sessions.find_login(db, key, 30 * 60) is None


def test_stays_while_it_is_used_but_not_past_twelve_hours(db: Session) -> None:
    """Use renews the idle time; the whole time it does not."""
    clock = FixedClock(0.0)
    key = sessions.issue_login(db, who(db, "alice"), None, clock.now())
    while clock.now() < 12 * 3600 - 1200:
        clock.advance(1200)
        sessions.touch_login(db, key, clock.now())
        assert sessions.find_login(db, key, clock.now()) is not None
    assert sessions.find_login(db, key, 12 * 3600) is None


def test_does_not_wake_an_expired_login(db: Session) -> None:
    """Use after the end renews nothing."""
    key = sessions.issue_login(db, who(db, "alice"), None, 0.0)
    sessions.touch_login(db, key, 30 * 60 + 1)
    assert sessions.find_login(db, key, 30 * 60 + 2) is None


def test_refuses_the_login_of_a_blocked_user(db: Session) -> None:
    """Blocking works at once, not at the next login."""
    key = sessions.issue_login(db, who(db, "alice"), None, 0.0)
    domain.set_blocked(db, who(db, "erin"), who(db, "alice").id, blocked=True)
    assert sessions.find_login(db, key, 1.0) is None


@pytest.mark.parametrize("raw_key", [None, "", "x", "é" * 9, "\ud800", "x" * 100_000])
def test_finds_nothing_behind_a_made_up_key(db: Session, raw_key: str | None) -> None:
    """Whatever the cookie carries, it is no login and no crash."""
    assert sessions.find_login(db, raw_key, 0.0) is None


# Store and sample


def test_undoes_a_change_that_fails(store: Store) -> None:
    """Half a change is no change."""

    def fail() -> None:
        with store.writing() as db:
            who(db, "alice").name = "Nobody"
            domain.set_blocked(db, who(db, "erin"), who(db, "erin").id, blocked=True)

    with pytest.raises(Invalid):
        fail()
    with store.reading() as db:
        assert who(db, "alice").name == "Alice Lindqvist"


def test_keeps_a_change_that_ends_well(store: Store) -> None:
    """The honest opposite."""
    with store.writing() as db:
        who(db, "alice").name = "Alice Holm"
    with store.reading() as db:
        assert who(db, "alice").name == "Alice Holm"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # the child only writes one row and ends
def test_works_on_in_a_forked_process(store: Store) -> None:
    """Servers fork after loading the application: the child opens the file for itself, and both go on."""
    store.open()
    child = os.fork()
    if child == 0:
        with quiet_exit(), store.writing() as db:
            who(db, "alice").name = "Alice of the child"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with store.reading() as db:
        assert who(db, "alice").name == "Alice of the child"


@contextmanager
def quiet_exit() -> Iterator[None]:
    """Leave the process at the end of the block, with 1 when it raised; never back into pytest."""
    code = 1
    try:
        yield
        code = 0
    finally:
        os._exit(code)


def test_fills_a_clinic_once(store: Store, tmp_path: Path) -> None:
    """A second start finds the people of the first and adds none."""
    store.open()
    again = Store(str(tmp_path / "clinic.sqlite3"), FixedClock())
    with again.reading() as db:
        assert len(db.scalars(select(User)).all()) == len(sample.PEOPLE)


def test_makes_nothing_before_the_first_use(tmp_path: Path) -> None:
    """Importing an application must not write to the disk."""
    Store(str(tmp_path / "unused.sqlite3"))
    assert list(tmp_path.iterdir()) == []


def test_lets_only_the_owner_read_the_file(tmp_path: Path) -> None:
    """Other accounts of the machine must not read patients' notes."""
    path = tmp_path / "own.sqlite3"
    Store(str(path), FixedClock()).open()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_stores_the_sample_passwords_hashed(db: Session) -> None:
    """Each opens with the password that is printed, and none stands in the table."""
    for person in sample.PEOPLE:
        stored = who(db, person.username).password_hash
        verify_password(Secret(person.password), stored)
        assert person.password not in stored


def test_declares_the_sample_people_to_the_prover() -> None:
    """ringwork.toml repeats them; this holds it to sample.py."""
    table = tomllib.loads(Path("examples/clinic/ringwork.toml").read_text(encoding="utf-8"))["prove"]
    declared = {(user["username"], tuple(user["roles"]), user["password"]) for user in table["users"]}
    assert declared == {(person.username, (person.role.value,), person.password) for person in sample.PEOPLE}
