"""The key table of a Django project: migrated, in a transaction of its own, and the same suite as the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwork.errors import StoreDown
from ringwork.frozen import replace
from ringwork.keys.keyring import Keyring
from ringwork.keys.root import made_root
from ringwork.keys.rows import KeyTable, Owner, State
from tests.frameworks import django_project
from tests.stores import test_key_tables as suite
from tests.stores.test_key_tables import ROW


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database file with the table, made by its migration."""
    django_project.configure()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import override_settings

    path = tmp_path_factory.mktemp("keys") / "app.sqlite3"
    connection.close()
    before = connection.settings_dict["NAME"], connection.settings_dict["OPTIONS"]
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "ringwork.stores.django_orm"]):
        connection.settings_dict.update(NAME=str(path), OPTIONS={"timeout": 1})
        call_command("migrate", "ringwork_stores", verbosity=0)
        call_command("makemigrations", "ringwork_stores", check=True, dry_run=True, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
        yield path
        connection.close()
        connection.settings_dict.update(NAME=before[0], OPTIONS=before[1])


@pytest.fixture
def table(project: Path) -> Iterator[KeyTable]:
    """Empty."""
    from django.db import connection

    from ringwork.stores.django_orm.keys import DjangoKeyTable
    from ringwork.stores.django_orm.models import StoredKey

    StoredKey.objects.all().delete()
    yield DjangoKeyTable()
    connection.close()


CLAIMS = [
    suite.test_keeps_a_row_as_it_was,
    suite.test_never_gives_a_number_twice,
    suite.test_keeps_one_active_key_of_each_owner,
    suite.test_activates_a_pending_key_in_the_place_of_the_active_one,
    suite.test_moves_only_from_the_state_that_was_seen,
    suite.test_lists_by_state_and_owner,
    suite.test_rewraps_only_what_was_seen,
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__.removeprefix("test_"))
def test_holds_what_every_key_table_holds(table: Any, claim: Any) -> None:
    """The suite of the key tables, on Django's ORM."""
    table.prepare()
    claim(table)


def test_leases_no_more_than_the_limit(table: Any) -> None:
    """Blocks are granted until the limit, and none beyond."""
    table.add(ROW)
    assert sum(table.lease(ROW.kid, count=10, limit=100) for _ in range(12)) == 10
    assert not table.lease(77, count=1, limit=100)


def test_a_change_outlives_the_transaction_in_which_it_was_asked_for(table: Any) -> None:
    """Against values under a key that was rolled back: the first key of an owner stays, whatever becomes of the request."""
    from django.db import transaction

    ring = Keyring(table, [made_root("test")])
    with transaction.atomic():
        kid = ring.to_seal("notes", "text", subject="ada").kid
        transaction.set_rollback(True)
    assert ring.to_open(kid, "notes", "text", subject="ada").kid == kid
    row = table.find(kid)
    assert row is not None
    assert (row.owner, row.state) == (Owner(subject="ada"), State.ACTIVE)
    assert row.written > 0


def test_a_lock_that_the_transaction_itself_holds_is_told(table: Any) -> None:
    """On SQLite a new key inside a transaction that has written waits for itself; it is refused, and what is held goes on sealing."""
    from django.db import transaction

    ring = Keyring(table, [made_root("test")])
    table.add(replace(ROW, kid=5))
    ring.hierarchy.make(Owner(), state=State.ACTIVE)
    with transaction.atomic():
        from ringwork.stores.django_orm.models import StoredKey

        StoredKey.objects.filter(kid=5).update(changed=1)
        assert ring.to_seal("notes", "text").kid
        with pytest.raises(StoreDown, match="before the transaction"):
            table.add(replace(ROW, kid=6))


def test_a_table_that_was_not_migrated_is_down(table: Any, tmp_path: Path) -> None:
    """The message names the app and the command."""
    from django.db import connection

    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(tmp_path / "none.sqlite3")
    try:
        with pytest.raises(StoreDown, match=r"ringwork.stores.django_orm.*manage.py migrate"):
            table.prepare()
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
