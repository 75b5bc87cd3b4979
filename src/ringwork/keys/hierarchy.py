"""From the root down: keys are made at random, wrapped under a root or under their tenant's own key, and checked when they come back.

Against one secret that opens all values: classes, tenants and subjects have keys of their own, random and not derived, so that one of
them can be destroyed for ever. Against a key table that somebody edits: wrapped bytes open only in their own row, and to one key.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.crypto.chance import random_bytes
from ringwork.crypto.keywrap import KEY_BYTES, check_value, unwrap_key, wrap_key
from ringwork.errors import KeyRefused, KeyUnavailable, TagWrong
from ringwork.keys.root import Root
from ringwork.keys.rows import READS, KeyRow, KeyTable, Owner, Purpose, State, bound
from ringwork.secret import Secret

TRIES = 8
"""How often a number is drawn until one is free; two in four thousand million meet once in a lifetime."""

BY_KEY = "kid:"
"""How the reference of a wrapping key of a tenant begins."""


class Hierarchy:
    """Wraps and unwraps the keys of one table. Asks a root; does not cache, but for the tenants' wrapping keys."""

    __slots__ = ("table", "roots", "clock", "tenant_keys", "_wrapping", "_seconds")

    def __init__(
        self, table: KeyTable, roots: Sequence[Root], *, clock: Clock = SYSTEM_CLOCK, tenant_keys: bool = False, seconds: float = 3600.0
    ) -> None:
        """roots: the first wraps, all unwrap. tenant_keys: a tenant's data keys are wrapped under a key of the tenant's own.

        seconds: how long a tenant's wrapping key is kept before the root is asked again.
        """
        if not roots:
            raise KeyUnavailable('no root key is named; write [keys] root = "file:..." and make it with: ringwork keys init')
        self.table, self.roots, self.clock, self.tenant_keys = table, tuple(roots), clock, tenant_keys
        self._wrapping: dict[int, tuple[Secret[bytes], float]] = {}
        self._seconds = seconds

    def make(self, owner: Owner, *, state: State) -> KeyRow | None:
        """Make and keep a key. None where the owner got an active one from somebody else meanwhile."""
        now = int(self.clock.now())
        key = Secret(random_bytes(KEY_BYTES))
        for _ in range(TRIES):
            kid = int.from_bytes(random_bytes(4), "big") or 1
            belongs = bound(kid, owner, now)
            wrapped, by = self._wrap(owner, key, belongs)
            row = KeyRow(
                kid=kid, owner=owner, created=now, state=state, wrapped=wrapped, wrapped_by=by,
                check=check_value(key, bound=belongs), activated=now if state is State.ACTIVE else 0, changed=now,
            )  # fmt: skip
            if self.table.add(row):
                return row
            if state is State.ACTIVE and self.table.active(owner):
                return None
        raise KeyUnavailable("the key table takes no new key; look at its rights and its log")

    def unwrap(self, row: KeyRow) -> Secret[bytes]:
        """The key of a row, checked. Raises KeyRefused for a row that was altered or destroyed, KeyUnavailable without its root."""
        if row.state is State.DESTROYED or not row.wrapped:
            raise KeyRefused("it was destroyed; nothing that was sealed under it can be opened again", kid=row.kid)
        if row.wrapped_by.startswith(BY_KEY):
            key = self._unwrap_by_key(row)
        else:
            try:
                key = self._root(row).unwrap(row.wrapped, bound=row.bound)
            except KeyRefused as error:
                raise KeyRefused(str(error), kid=row.kid) from error
        # Against a key that was exchanged together with its row: one number names one key.
        if len(key) != KEY_BYTES or Secret(check_value(key, bound=row.bound)) != Secret(row.check):
            raise KeyRefused("its check value is another key's; the row was altered, so restore the key table", kid=row.kid)
        return key

    def rewrap(self, row: KeyRow) -> bool:
        """Wrap a row's key again, under what wraps today. False where another process was faster; values stay as they are."""
        wrapped, by = self._wrap(row.owner, self.unwrap(row), row.bound)
        return self.table.rewrap(row.kid, old=row.wrapped, wrapped=wrapped, wrapped_by=by)

    def forget(self) -> None:
        """Drop the wrapping keys that are held."""
        self._wrapping.clear()

    def _root(self, row: KeyRow) -> Root:
        for root in self.roots:
            if root.reference == row.wrapped_by:
                return root
        raise KeyUnavailable(
            f"key {row.kid} is wrapped under the root {row.wrapped_by}, which is not among those in use "
            f"({', '.join(root.reference for root in self.roots)}); name the former root in [keys] old_roots"
        )

    def _wrap(self, owner: Owner, key: Secret[bytes], belongs: bytes) -> tuple[bytes, str]:
        if self.tenant_keys and owner.tenant and owner.purpose is Purpose.DATA:
            above = self._tenants_own(owner.tenant)
            return wrap_key(self._wrapping_key(above), key, bound=belongs), f"{BY_KEY}{above.kid}"
        return self.roots[0].wrap(key, bound=belongs), self.roots[0].reference

    def _tenants_own(self, tenant: str) -> KeyRow:
        owner = Owner(purpose=Purpose.WRAPPING, tenant=tenant)
        row = self.table.active(owner) or self.make(owner, state=State.ACTIVE) or self.table.active(owner)
        if row is None:
            raise KeyUnavailable(f"no wrapping key for tenant {tenant} could be made; look at the key table")
        return row

    def _unwrap_by_key(self, row: KeyRow) -> Secret[bytes]:
        above = self.table.find(int(row.wrapped_by.removeprefix(BY_KEY)))
        if above is None or above.owner.purpose is not Purpose.WRAPPING or above.owner.tenant != row.owner.tenant:
            raise KeyRefused("it is wrapped under no key of its tenant; restore the key table", kid=row.kid)
        if above.state not in READS:
            raise KeyRefused(f"its tenant's wrapping key {above.kid} is {above.state}", kid=row.kid)
        try:
            return unwrap_key(self._wrapping_key(above), row.wrapped, bound=row.bound)
        except TagWrong as error:
            raise KeyRefused("it does not open under its tenant's wrapping key: altered, or of another row", kid=row.kid) from error

    def _wrapping_key(self, row: KeyRow) -> Secret[bytes]:
        kept = self._wrapping.get(row.kid)
        now = self.clock.now()
        if kept is not None and 0 <= now - kept[1] < self._seconds:
            return kept[0]
        key = self.unwrap(row)
        self._wrapping[row.kid] = key, now
        return key
