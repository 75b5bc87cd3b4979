"""The keyring hands out ciphers as the states of the keys allow, and asks the root as seldom as promised."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ringwork.clock import FixedClock
from ringwork.crypto.places import Place
from ringwork.crypto.sealing import read_header
from ringwork.errors import KeyMisplaced, KeyRefused, KeyUnavailable, SealBroken, StoreDown
from ringwork.frozen import replace
from ringwork.keys.held import VALUES, Limits
from ringwork.keys.keyring import OWED, Keyring, memory_keyring
from ringwork.keys.root import LocalRoot, made_root
from ringwork.keys.rows import KeyRow, Owner, Purpose, State
from ringwork.secret import Secret
from ringwork.stores.memory_keys import MemoryKeyTable

PLACE = Place(table="notes", column="text", row=(7,))
LIMITS = Limits(cache_seconds=60, root_seconds=600, lease=100, values=1000)


class CountedRoot(LocalRoot):
    """A root that counts how often it is asked."""

    asked = 0

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        self.asked += 1
        return super().unwrap(wrapped, bound=bound)


class LockedTable(MemoryKeyTable):
    """A table that can be read and not written, as an SQLite file during somebody's transaction."""

    locked = False

    def lease(self, kid: int, *, count: int, limit: int) -> bool:
        if self.locked:
            raise StoreDown("locked")
        return super().lease(kid, count=count, limit=limit)


def counted(clock: FixedClock, *, limits: Limits = LIMITS, table: MemoryKeyTable | None = None) -> tuple[Keyring, CountedRoot]:
    root = CountedRoot(Secret(os.urandom(32)), kind="test")
    ring = Keyring(table or MemoryKeyTable(), [root], limits=limits, clock=clock)
    ring.hierarchy.make(Owner(), state=State.ACTIVE)
    return ring, root


def only(ring: Keyring, **owner: str) -> KeyRow:
    (row,) = ring.table.rows(owner=Owner(**owner))
    return row


def test_opens_what_it_sealed_by_the_number_in_the_value() -> None:
    """A value names its key, so that nobody tries keys until one fits."""
    ring = memory_keyring()
    sealed = ring.to_seal("notes", "text").seal(b"text", PLACE)
    assert ring.to_open(read_header(sealed).kid, "notes", "text").open(sealed, PLACE) == b"text"


def test_refuses_a_number_that_names_no_key() -> None:
    """A forged header leads to no key, not to another one."""
    ring = memory_keyring()
    with pytest.raises(KeyRefused, match="not in the key table"):
        ring.to_open(only(ring).kid ^ 1, "notes", "text")


@pytest.mark.parametrize(
    "other", [{"data_class": "health"}, {"tenant": "b"}, {"subject": "b"}, {}], ids=["class", "tenant", "subject", "none"]
)
def test_opens_for_the_owner_of_the_key_alone(other: dict[str, str]) -> None:
    """The number of a key comes from the stored value: it names a key of the owner that is asked for, or none."""
    ring = memory_keyring(classes=("default", "health"))
    kid = ring.to_seal("notes", "text", tenant="a", subject="a").kid
    assert ring.to_open(kid, "notes", "text", tenant="a", subject="a").kid == kid
    with pytest.raises(KeyMisplaced) as caught:
        ring.to_open(kid, "notes", "text", **({"tenant": "a", "subject": "a", **other} if other else {}))
    assert caught.value.kid == kid


def test_refuses_a_class_without_a_key() -> None:
    """Values of a class are not sealed under some other key in silence."""
    ring = memory_keyring(classes=("default", "health"))
    assert ring.to_seal("notes", "text", data_class="health").kid != ring.to_seal("notes", "text").kid
    with pytest.raises(KeyRefused, match="ringwork keys init --class billing"):
        ring.to_seal("notes", "text", data_class="billing")


def test_gives_tenants_and_subjects_keys_of_their_own() -> None:
    """What one tenant's key seals, another tenant's does not open."""
    ring = memory_keyring()
    kids = {ring.to_seal("notes", "text", tenant=t, subject=s).kid for t, s in [("a", None), ("b", None), ("a", "x"), ("b", "x")]}
    assert len(kids) == 4
    assert ring.to_seal("notes", "text", tenant="a").kid in kids
    sealed = ring.to_seal("notes", "text", tenant="a").seal(b"text", PLACE)
    with pytest.raises(SealBroken):
        ring.to_seal("notes", "text", tenant="b").open(sealed, PLACE)


def test_wraps_a_tenants_keys_under_a_key_of_the_tenant() -> None:
    """With keys of tenants the root is asked once for a tenant, and a tenant's key can be destroyed with all below it."""
    ring = memory_keyring(tenant_keys=True)
    sealed = ring.to_seal("notes", "text", tenant="a", subject="x").seal(b"text", PLACE)
    (above,) = ring.table.rows(owner=Owner(purpose=Purpose.WRAPPING, tenant="a"))
    assert only(ring, tenant="a", subject="x").wrapped_by == f"kid:{above.kid}"
    ring.forget()
    kid = read_header(sealed).kid
    assert ring.to_open(kid, "notes", "text", tenant="a", subject="x").open(sealed, PLACE) == b"text"
    for old, new in ((State.ACTIVE, State.DECRYPT_ONLY), (State.DECRYPT_ONLY, State.RETIRED), (State.RETIRED, State.DESTROYED)):
        assert ring.table.move(above.kid, old=old, new=new, at=1)
    ring.forget()
    with pytest.raises(KeyRefused, match=f"wrapping key {above.kid} is destroyed"):
        ring.to_open(kid, "notes", "text", tenant="a", subject="x")


def test_a_wrapping_key_opens_no_values() -> None:
    """A key of one purpose is never used for another, whatever a header names."""
    ring = memory_keyring(tenant_keys=True)
    ring.to_seal("notes", "text", tenant="a")
    (above,) = ring.table.rows(owner=Owner(purpose=Purpose.WRAPPING, tenant="a"))
    with pytest.raises(KeyRefused, match="wraps keys"):
        ring.to_open(above.kid, "notes", "text")


def test_a_decrypt_only_key_opens_and_does_not_seal() -> None:
    """After a rotation old values open, and new ones are under the new key."""
    clock = FixedClock()
    ring, _ = counted(clock)
    old = ring.to_seal("notes", "text")
    sealed = old.seal(b"text", PLACE)
    new = ring.hierarchy.make(Owner(), state=State.PENDING)
    assert new is not None
    assert ring.to_open(new.kid, "notes", "text").kid == new.kid
    assert ring.to_seal("notes", "text").kid == old.kid
    assert ring.table.activate(new.kid, at=1)
    clock.advance(LIMITS.cache_seconds)
    assert ring.to_seal("notes", "text").kid == new.kid
    assert ring.to_open(old.kid, "notes", "text").open(sealed, PLACE) == b"text"


@pytest.mark.parametrize("last", [State.RETIRED, State.DESTROYED])
def test_a_key_that_is_no_longer_readable_opens_nothing(last: State) -> None:
    """What is retired or destroyed opens nothing in any process once its cache has run out."""
    clock = FixedClock()
    ring, _ = counted(clock)
    kid = ring.to_seal("notes", "text").kid
    ring.table.move(kid, old=State.ACTIVE, new=last, at=1)
    assert ring.to_open(kid, "notes", "text").kid == kid
    clock.advance(LIMITS.cache_seconds)
    with pytest.raises(KeyRefused, match=f"key {kid}: .*{last}"):
        ring.to_open(kid, "notes", "text")
    with pytest.raises(KeyRefused, match="no active key"):
        ring.to_seal("notes", "text")


def test_a_destroyed_key_leaves_no_bytes() -> None:
    """Destroying is for ever: the row keeps its number and nothing that opens."""
    ring = memory_keyring()
    kid = only(ring).kid
    ring.table.move(kid, old=State.ACTIVE, new=State.DESTROYED, at=1)
    row = ring.table.find(kid)
    assert row is not None
    assert row.wrapped == b""
    with pytest.raises(KeyRefused, match="destroyed"):
        ring.hierarchy.unwrap(replace(row, state=State.ACTIVE))


@pytest.mark.parametrize(
    "changed", [{"owner": Owner(tenant="b")}, {"created": 5}, {"kid": 9}, {"wrapped": b"\x01" + bytes(60)}, {"check": bytes(16)}]
)
def test_a_row_that_was_edited_gives_no_key(changed: dict[str, object]) -> None:
    """Whoever can write to the key table cannot hand one owner's key to another, nor exchange a key."""
    ring = memory_keyring()
    ring.to_seal("notes", "text", tenant="a")
    row = only(ring, tenant="a")
    assert len(ring.hierarchy.unwrap(row)) == 32
    with pytest.raises(KeyRefused):
        ring.hierarchy.unwrap(replace(row, **changed))


def test_keys_under_a_root_that_is_gone_name_it() -> None:
    """After the wrong root was configured, the message says which one is missing."""
    table, clock = MemoryKeyTable(), FixedClock()
    ring, root = counted(clock, table=table)
    other = Keyring(table, [made_root("test")], clock=clock)
    with pytest.raises(KeyUnavailable, match=f"{root.reference}.*old_roots"):
        other.to_seal("notes", "text")
    both = Keyring(table, [made_root("test"), root], limits=LIMITS, clock=clock)
    assert both.to_seal("notes", "text").kid == ring.to_seal("notes", "text").kid


def test_no_value_waits_for_the_root_once_keys_were_prefetched() -> None:
    """The root is asked at prefetch and never while a statement is put together, also when prefetch goes on for long."""
    clock = FixedClock()
    ring, root = counted(clock)
    ring.start()
    for _ in range(50):
        before = root.asked
        for _ in range(10):
            kid = ring.to_seal("notes", "text").kid
            ring.to_open(kid, "notes", "text")
        assert root.asked == before
        clock.advance(LIMITS.cache_seconds / 2)
        ring.prefetch()
    assert 2 < root.asked < 10


def test_asks_the_root_again_when_a_key_has_been_kept_for_its_time() -> None:
    """A root that was taken away is noticed: no key outlives it in memory for longer than its time."""
    clock = FixedClock()
    ring, root = counted(clock)
    kid = ring.to_seal("notes", "text").kid
    clock.advance(LIMITS.root_seconds - 1)
    ring.to_open(kid, "notes", "text")
    assert root.asked == 1
    clock.advance(1)
    ring.to_open(kid, "notes", "text")
    assert root.asked == 2


def test_asks_the_root_again_after_so_many_uses() -> None:
    """A key is not used without end on one answer of the root."""
    ring, root = counted(FixedClock(), limits=replace(LIMITS, uses=10))
    for _ in range(25):
        ring.to_seal("notes", "text")
    assert root.asked == 3


def test_a_clock_set_back_keeps_no_key() -> None:
    """Whoever sets the clock back does not lengthen a key's time."""
    clock = FixedClock()
    ring, root = counted(clock)
    ring.to_seal("notes", "text")
    clock._now -= 1000
    ring.to_seal("notes", "text")
    assert root.asked == 2


def test_holds_no_more_keys_than_its_limit() -> None:
    """A key for each of a million subjects does not fill the memory."""
    ring, _ = counted(FixedClock(), limits=replace(LIMITS, keys=5))
    kids = [ring.to_seal("notes", "text", subject=str(i)).kid for i in range(20)]
    assert len(ring._held) == 5
    assert ring.to_open(kids[0], "notes", "text", subject="0").kid == kids[0]


def test_stops_a_key_at_its_last_value() -> None:
    """A key that has sealed all it may seals no more, and says what to do; it still opens."""
    ring, _ = counted(FixedClock())
    for _ in range(LIMITS.values):
        kid = ring.to_seal("notes", "text").kid
    with pytest.raises(KeyRefused, match="ringwork keys rotate"):
        ring.to_seal("notes", "text")
    assert ring.to_open(kid, "notes", "text").kid == kid


def test_counts_the_values_of_all_processes_together() -> None:
    """Two processes share one count, each taking blocks of it."""
    table, clock = MemoryKeyTable(), FixedClock()
    first, root = counted(clock, table=table)
    second = Keyring(table, [root], limits=LIMITS, clock=clock)
    for _ in range(LIMITS.values // 2):
        first.to_seal("notes", "text")
        second.to_seal("notes", "text")
    for ring in (first, second):
        with pytest.raises(KeyRefused):
            ring.to_seal("notes", "text")


def test_a_forked_child_counts_its_own_values() -> None:
    """Parent and child do not both draw from the block that the parent took: the child takes one of its own."""
    script = """
import os, sys
from ringwork.keys.held import Limits
from ringwork.keys.keyring import memory_keyring
ring = memory_keyring(limits=Limits(lease=100, values=1000))
kid = ring.to_seal("notes", "text").kid
written = ring.table.find(kid).written
if os.fork() == 0:
    ring.to_seal("notes", "text")
    os._exit(0 if ring.table.find(kid).written == written + 100 else 3)
_, status = os.wait()
ring.to_seal("notes", "text")
sys.exit(os.waitstatus_to_exitcode(status) or (0 if ring.table.find(kid).written == written else 4))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_seals_some_values_while_the_table_is_locked_and_then_counts_them() -> None:
    """A transaction that locks the file of the key table does not wait for itself; what it owes is counted, and is not without end."""
    table = LockedTable()
    ring, _ = counted(FixedClock(), limits=replace(LIMITS, values=1 << 20), table=table)
    table.locked = True
    for _ in range(5000):
        ring.to_seal("notes", "text")
    table.locked = False
    for _ in range(OWED >> 6):
        kid = ring.to_seal("notes", "text").kid
    row = table.find(kid)
    assert row is not None
    assert row.written >= 5000
    table.locked = True
    with pytest.raises(KeyUnavailable, match="prefetch"):  # noqa: PT012  # it is one call that comes again and again
        for _ in range(2 * OWED):
            ring.to_seal("notes", "text")


def test_threads_seal_each_under_the_key_of_their_own_tenant() -> None:
    """No tenant's value is sealed under another tenant's key, however many threads ask at once."""
    ring = memory_keyring(tenant_keys=True)
    kids = {str(t): ring.to_seal("notes", "text", tenant=str(t)).kid for t in range(4)}
    ring.forget()

    def ask(i: int) -> bool:
        tenant = str(i % 4)
        return ring.to_seal("notes", "text", tenant=tenant).kid == kids[tenant]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(4000)))
    assert len(list(ring.table.rows(states=[State.ACTIVE]))) == 9


def test_threads_make_one_first_key_between_them() -> None:
    """A subject that many threads meet at once gets one key."""
    ring = memory_keyring()
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: ring.to_seal("notes", "text", subject="x").kid, range(64)))
    assert len(kids) == 1


def test_tells_the_active_number_without_counting() -> None:
    """Whoever only asks which key is active uses none of its values up."""
    ring, _ = counted(FixedClock())
    assert {ring.active_kid() for _ in range(LIMITS.values + 1)} == {ring.to_seal("notes", "text").kid}


def test_prefetches_beside_an_event_loop() -> None:
    """Tasks go on while keys are fetched."""
    ring, root = counted(FixedClock())
    assert asyncio.run(ring.prefetch_async()) == 1
    assert root.asked == 1


def test_refreshes_in_the_background_until_told_to_stop() -> None:
    """A long-lived process needs no scheduler of its own."""
    ring = memory_keyring(limits=Limits(cache_seconds=0.002, root_seconds=1))
    with ring.refreshing():
        while not ring._held:
            asyncio.run(asyncio.sleep(0))
    ring.forget()
    assert not ring._held


def test_the_memory_keyring_says_what_it_is() -> None:
    """Nobody takes a keyring that forgets its keys for one that keeps them."""
    assert only(memory_keyring()).wrapped_by.startswith("memory-for-tests:")


@pytest.mark.parametrize("limits", [{"cache_seconds": 0}, {"root_seconds": 10}, {"uses": 0}, {"lease": 0}, {"values": VALUES + 1}])
def test_refuses_limits_that_do_not_limit(limits: dict[str, float]) -> None:
    """A limit of zero or beyond what the cipher allows is a mistake, told at once."""
    with pytest.raises(ValueError, match="give"):
        Limits(**limits)


@pytest.mark.parametrize("owner", [{"data_class": ""}, {"tenant": "a\nb"}, {"subject": "x" * 201}])
def test_refuses_an_owner_that_cannot_be_told(owner: dict[str, str]) -> None:
    """Names of owners stand in messages and logs."""
    with pytest.raises(ValueError, match=r"give up to|name one"):
        Owner(**owner)
