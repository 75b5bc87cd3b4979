"""A key table in a Django project's own database, by its ORM.

Against a key that is rolled back while values sealed under it stay in a process's cache: what changes the table is a transaction of its
own, also inside `atomic`, on another connection. Against two active keys of one owner: the database itself allows one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import DatabaseError, IntegrityError, connections, models, transaction

from ringwork.errors import StoreDown
from ringwork.keys.rows import NAMES, KeyRow, Owner, State, row_of, told, values_of
from ringwork.stores.django_orm.models import StoredKey

T = TypeVar("T")


class DjangoKeyTable:
    """Key rows in the table of `StoredKey`; see KeyTable."""

    __slots__ = ("_using",)

    def __init__(self, *, using: str = "default") -> None:
        """using: the alias of the database, one that `migrate` has made the table in."""
        self._using = using

    def prepare(self) -> None:
        """Nothing is made here: the table comes by `python manage.py migrate`. Raises StoreDown where it has not, or cannot be kept."""
        with self._telling_when_down():
            if not connections[self._using].features.supports_partial_indexes:
                raise StoreDown("a key table needs partial unique indexes; use PostgreSQL or SQLite for it")
            self._rows().exists()

    def find(self, kid: int) -> KeyRow | None:
        """The row of this number."""
        return next(self._select(kid=kid), None)

    def active(self, owner: Owner) -> KeyRow | None:
        """The owner's active key."""
        return next(self._select(state=State.ACTIVE.value, **_of(owner)), None)

    def rows(self, *, states: Collection[State] = tuple(State), owner: Owner | None = None) -> Iterator[KeyRow]:
        """The rows in these states."""
        of = _of(owner) if owner is not None else {}
        yield from self._select(state__in=[state.value for state in states], **of)

    def add(self, row: KeyRow) -> bool:
        """Keep a new row; see KeyTable."""

        def put() -> bool:
            try:
                self._rows().create(**dict(zip(NAMES, values_of(row), strict=True)))
            except IntegrityError:
                return False
            return True

        return self._apart(put)

    def activate(self, kid: int, *, at: int) -> bool:
        """Let a pending key take the active one's place; see KeyTable."""

        def change() -> bool:
            with transaction.atomic(using=self._using):
                # The write comes first, so that SQLite gives the lock before anything was read.
                pending = self._rows().filter(kid=kid, state=State.PENDING.value)
                if not pending.update(changed=at):
                    return False
                owner = _of(row_of(self._rows().values_list(*NAMES).get(kid=kid)).owner)
                self._rows().filter(state=State.ACTIVE.value, **owner).update(state=State.DECRYPT_ONLY.value, changed=at)
                return pending.update(state=State.ACTIVE.value, activated=at, changed=at) == 1

        return self._apart(change)

    def move(self, kid: int, *, old: State, new: State, at: int) -> bool:
        """Change the state; see KeyTable."""
        gone: dict[str, bytes] = {"wrapped": b""} if new is State.DESTROYED else {}
        return self._change({"kid": kid, "state": old.value}, {"state": new.value, "changed": at, **gone})

    def rewrap(self, kid: int, *, old: bytes, wrapped: bytes, wrapped_by: str) -> bool:
        """Replace the wrapped bytes; see KeyTable."""
        return self._change({"kid": kid, "wrapped": old}, {"wrapped": wrapped, "wrapped_by": wrapped_by})

    def lease(self, kid: int, *, count: int, limit: int) -> bool:
        """Add to what was written; see KeyTable."""
        return self._change({"kid": kid, "written__lte": limit - count}, {"written": models.F("written") + count})

    def _change(self, where: dict[str, Any], values: dict[str, Any]) -> bool:
        return self._apart(lambda: self._rows().filter(**where).update(**values) == 1)

    def _select(self, **where: Any) -> Iterator[KeyRow]:
        with self._telling_when_down():
            found = list(self._rows().filter(**where).order_by("created", "kid").values_list(*NAMES))
        yield from map(row_of, found)

    def _rows(self) -> models.QuerySet[StoredKey]:
        return StoredKey.objects.using(self._using)

    def _apart(self, change: Callable[[], T]) -> T:
        """Carry out a change that stays whatever becomes of the transaction in which it is asked for."""
        with self._telling_when_down():
            if not connections[self._using].in_atomic_block:
                return change()
            return _on_a_thread(change, self._using)

    @contextmanager
    def _telling_when_down(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if "locked" in str(error):
                advice = "make an owner's first key before the transaction, by keyring.reserve(owner, 1), and let SQLite write ahead (WAL)"
                raise StoreDown(f"the file of the key table is locked by a transaction; {advice}") from error
            problem = f"the key table cannot be used ({type(error).__name__})"
            raise StoreDown(f'{problem}; "ringwork.stores.django_orm" in INSTALLED_APPS and: python manage.py migrate') from error


def _on_a_thread(change: Callable[[], T], using: str) -> T:
    """Run it where Django gives a connection of its own; on SQLite it waits for the lock as long as the settings say."""
    came: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            came.append(change())
        except BaseException as error:  # noqa: BLE001  # it is raised again where somebody waits
            raised.append(error)
        finally:
            connections[using].close()

    thread = threading.Thread(target=run, name="ringwork-key-table")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return came[0]


def _of(owner: Owner) -> dict[str, str]:
    return dict(zip(("purpose", "data_class", "tenant", "subject"), told(owner), strict=True))
