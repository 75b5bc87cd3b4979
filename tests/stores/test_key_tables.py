"""One suite for every key table."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from ringwork.errors import StoreDown
from ringwork.frozen import replace
from ringwork.keys.rows import KeyRow, KeyTable, Owner, Purpose, State
from ringwork.stores.memory_keys import MemoryKeyTable
from ringwork.stores.sqlalchemy_keys import KEYS, METADATA, SqlalchemyKeyTable
from ringwork.stores.sqlite_keys import SqliteKeyTable
from tests.stores import postgresql_server

ROW = KeyRow(
    kid=4_294_967_295, owner=Owner(data_class="health", tenant="clinic", subject="Ä 7"), created=1_800_000_000, state=State.PENDING,
    wrapped=bytes(range(256)), wrapped_by="file:ab", check=bytes(16), changed=1_800_000_000,
)  # fmt: skip


@pytest.fixture(scope="module")
def postgresql() -> Iterator[postgresql_server.Server]:
    """One real server for this file."""
    if postgresql_server.programs() is None:
        pytest.skip("PostgreSQL is not installed; ./run setup-system")
    with postgresql_server.running() as server:
        yield server


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """The engine of a table that needs one."""
    on_server = "postgresql" in request.node.name
    made = sa.create_engine(request.getfixturevalue("postgresql").url if on_server else f"sqlite:///{tmp_path}/app.db")
    METADATA.drop_all(made)
    yield made
    made.dispose()


@pytest.fixture(params=["memory", "sqlite", "sqlalchemy", pytest.param("postgresql", marks=pytest.mark.real)])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> KeyTable:
    """Each table in turn, empty."""
    made: KeyTable
    if request.param == "memory":
        made = MemoryKeyTable()
    elif request.param == "sqlite":
        made = SqliteKeyTable(tmp_path / "keys.db")
    else:
        made = SqlalchemyKeyTable(request.getfixturevalue("engine"))
    made.prepare()
    made.prepare()
    return made


def test_keeps_a_row_as_it_was(table: KeyTable) -> None:
    """Every field comes back, since the immutable ones are bound to the wrapped bytes."""
    assert table.add(ROW)
    assert table.find(ROW.kid) == ROW
    assert table.find(1) is None
    assert list(table.rows()) == [ROW]


def test_never_gives_a_number_twice(table: KeyTable) -> None:
    """A number that was given stays taken, also by a key that was destroyed."""
    assert table.add(ROW)
    assert table.move(ROW.kid, old=State.PENDING, new=State.DESTROYED, at=5)
    assert not table.add(replace(ROW, wrapped=b"other"))
    kept = table.find(ROW.kid)
    assert kept == replace(ROW, state=State.DESTROYED, wrapped=b"", changed=5)


def test_keeps_one_active_key_of_each_owner(table: KeyTable) -> None:
    """Two processes that make an owner's first key end with one."""
    owners = [Owner(), Owner(tenant="a"), Owner(subject="a"), Owner(data_class="a"), Owner(purpose=Purpose.WRAPPING)]
    for i, owner in enumerate(owners):
        assert table.add(replace(ROW, kid=i + 1, owner=owner, state=State.ACTIVE))
        assert not table.add(replace(ROW, kid=i + 100, owner=owner, state=State.ACTIVE))
        assert table.add(replace(ROW, kid=i + 200, owner=owner))
    assert [row.kid for row in map(table.active, owners) if row is not None] == [1, 2, 3, 4, 5]
    assert table.active(Owner(tenant="b")) is None


def test_activates_a_pending_key_in_the_place_of_the_active_one(table: KeyTable) -> None:
    """There is no moment with two keys that seal, nor one with none."""
    table.add(replace(ROW, kid=1, state=State.ACTIVE))
    table.add(replace(ROW, kid=2))
    assert table.activate(2, at=9)
    before, after = table.find(1), table.active(ROW.owner)
    assert before == replace(ROW, kid=1, state=State.DECRYPT_ONLY, changed=9)
    assert after == replace(ROW, kid=2, state=State.ACTIVE, activated=9, changed=9)
    assert not table.activate(2, at=10)
    assert not table.activate(77, at=10)


def test_moves_only_from_the_state_that_was_seen(table: KeyTable) -> None:
    """Two people who change one key do not undo each other unseen."""
    table.add(ROW)
    assert not table.move(ROW.kid, old=State.ACTIVE, new=State.RETIRED, at=5)
    assert table.move(ROW.kid, old=State.PENDING, new=State.RETIRED, at=5)
    assert not table.move(ROW.kid, old=State.PENDING, new=State.RETIRED, at=5)


def test_lists_by_state_and_owner(table: KeyTable) -> None:
    """What is asked for comes, in the order in which it was made."""
    table.add(replace(ROW, kid=3, created=1))
    table.add(replace(ROW, kid=2, created=2, state=State.ACTIVE))
    table.add(replace(ROW, kid=1, created=3, owner=Owner()))
    assert [row.kid for row in table.rows()] == [3, 2, 1]
    assert [row.kid for row in table.rows(states=[State.PENDING])] == [3, 1]
    assert [row.kid for row in table.rows(owner=ROW.owner)] == [3, 2]
    assert [row.kid for row in table.rows(states=[State.ACTIVE, State.RETIRED], owner=ROW.owner)] == [2]


def test_rewraps_only_what_was_seen(table: KeyTable) -> None:
    """Two processes that rewrap at once leave bytes and reference of one of them."""
    table.add(ROW)
    assert table.rewrap(ROW.kid, old=ROW.wrapped, wrapped=b"new", wrapped_by="vault:x")
    assert not table.rewrap(ROW.kid, old=ROW.wrapped, wrapped=b"late", wrapped_by="file:y")
    assert table.find(ROW.kid) == replace(ROW, wrapped=b"new", wrapped_by="vault:x")


def test_leases_no_more_than_the_limit_between_many(table: KeyTable) -> None:
    """However many processes take blocks at once, a key does not seal more than it may."""
    table.add(ROW)
    with ThreadPoolExecutor(4) as pool:
        granted = list(pool.map(lambda _: table.lease(ROW.kid, count=10, limit=100), range(12)))
    assert sum(granted) == 10
    assert not table.lease(77, count=1, limit=100)


def test_a_table_that_was_not_made_is_down(tmp_path: Path, engine: sa.Engine) -> None:
    """A key table in the wrong folder is no empty key table."""
    for missing in (SqliteKeyTable(tmp_path / "none.db"), SqlalchemyKeyTable(engine)):
        with pytest.raises(StoreDown, match="ringwork keys init"):
            missing.find(1)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(StoreDown, match="cannot be made"):
        SqliteKeyTable(tmp_path / "no" / "keys.db").prepare()


def test_a_new_file_is_for_its_user_alone(tmp_path: Path) -> None:
    """Names of subjects and wrapped keys are nobody else's to read."""
    SqliteKeyTable(tmp_path / "keys.db").prepare()
    assert (tmp_path / "keys.db").stat().st_mode & 0o777 == 0o600


def test_a_locked_file_is_down_after_a_while(tmp_path: Path) -> None:
    """A change waits for others as long as it was told, and no longer; reading goes on."""
    locked = SqliteKeyTable(tmp_path / "keys.db", wait_seconds=0)
    locked.prepare()
    locked.add(ROW)
    with locked._changing():
        with pytest.raises(StoreDown, match="locked"):
            locked.lease(ROW.kid, count=1, limit=5)
        assert locked.find(ROW.kid) == ROW


def test_a_row_that_nobody_wrote_is_named(engine: sa.Engine) -> None:
    """A damaged row is told with its number, and is no key."""
    table = SqlalchemyKeyTable(engine)
    table.prepare()
    table.add(ROW)
    with engine.begin() as connection:
        connection.execute(sa.update(KEYS).values(state="lost"))
    with pytest.raises(StoreDown, match=f"row {ROW.kid}"):
        table.find(ROW.kid)


def test_refuses_a_database_without_partial_indexes(engine: sa.Engine) -> None:
    """Where the database cannot keep one active key of an owner, it keeps no keys."""
    engine.dialect.name = "mysql"
    with pytest.raises(StoreDown, match="PostgreSQL or SQLite"):
        SqlalchemyKeyTable(engine)
