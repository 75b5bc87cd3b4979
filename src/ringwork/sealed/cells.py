"""One sealed field of one table: how its values are written, under which labels, and bound to what. Shared by both ORMs.

Against a value that is copied to another row, column or table, cut, altered, or written in clear by somebody else: a cell opens what
it sealed for exactly that row, and raises for everything else. Against state that two threads share (one tenant's value under
another's key): a cell never changes; row, tenant and subject are handed in with each value.
"""

from __future__ import annotations

from typing import Any

from ringwork.crypto import plaintexts, sealing
from ringwork.crypto.places import Scalar
from ringwork.errors import KeyRefused, SealBroken, SealMisused
from ringwork.sealed import json_values, keyrings

Row = tuple[Scalar, ...]
"""The identity of a row: its primary key in the order of the key."""


NOTHING_BOUND: tuple[object, sealing.Bound] = (object(), sealing.Bound(b""))
"""What stands in place of a row and its bytes at first: no row, nor the empty one, is it."""

_recent: list[tuple[object, sealing.Bound]] = [NOTHING_BOUND]
"""The row that was bound last, by identity, and its bytes."""


class Cell:
    """One declared field. Immutable, so that models, threads and loops may share it.

    table, column: logical labels; they are part of every tag and key, so a rename in the database must keep them. kind: str, bytes,
    int, Decimal, bool, date, datetime, UUID or plaintexts.Json. tenant, subject: names of the fields of the same row that hold them.
    optional: None may be stored, as a sealed null that looks like any value. nullable: NULL in the database reads as None; otherwise it
    is tampering. bucket, width: as in `plaintexts.codec`. audited: an attribute does not open it, only a reveal with a reason does.
    """

    __slots__ = (
        "table",
        "column",
        "kind",
        "data_class",
        "tenant",
        "subject",
        "optional",
        "nullable",
        "audited",
        "_given",
        "_codec",
        "_decode",
        "_profile",
        "_kids",
    )

    def __init__(
        self,
        table: str,
        column: str,
        kind: type,
        *,
        data_class: str = "default",
        tenant: str | None = None,
        subject: str | None = None,
        optional: bool = False,
        nullable: bool = False,
        bucket: int | None = None,
        width: int = 8,
        audited: bool = False,
    ) -> None:
        self.table, self.column, self.kind = table, column, kind
        self.data_class, self.tenant, self.subject = data_class, tenant, subject
        self.optional, self.nullable, self.audited = optional, nullable, audited
        self._given = {
            "data_class": data_class,
            "tenant": tenant,
            "subject": subject,
            "optional": optional,
            "nullable": nullable,
            "bucket": bucket,
            "width": width,
            "audited": audited,
        }
        self._codec = plaintexts.codec(kind, bucket=bucket, width=width, optional=optional)
        self._decode = self._codec.decode
        self._profile = sealing.Profile.ROW if tenant is None else sealing.Profile.TENANT

    @property
    def label(self) -> str:
        """Table and column, as errors and events name the field."""
        return f"{self.table}.{self.column}"

    def check(self, value: object) -> None:
        """Raise TypeError or ValueError, without quoting it, for a value that could not be sealed; say what to write instead."""
        if value is None and not (self.optional or self.nullable):
            raise TypeError(f"{self.label} is required, and None was given; declare it optional=True, or give a value")
        if value is not None:
            self.encode(value)

    def seal(self, value: object, row: Row, *, tenant: str | None = None, subject: str | None = None) -> bytes:
        """The bytes to store for `value` in `row`. Raises as `check` does, and KeyUnavailable or KeyRefused where no key serves."""
        if value is None and not self.optional:
            raise SealMisused(f"{self.label} is not optional; None is stored as NULL where the column is nullable, and is not sealed")
        return self.seal_encoded(self.encode(value), row, tenant=tenant, subject=subject)

    def seal_encoded(self, data: bytes, row: Row, *, tenant: str | None = None, subject: str | None = None) -> bytes:
        """The same for what `encode` made already."""
        known, bound = _recent[0]
        if known is not row or self.tenant is not None:
            bound = self._bound(row, tenant)
        cipher = keyrings.keyring().to_seal(self.table, self.column, data_class=self.data_class, tenant=tenant, subject=subject)
        return cipher.seal_bound(data, bound, self._profile)

    def open(self, stored: object, row: Row, *, tenant: str | None = None, subject: str | None = None) -> Any:
        """The value that was sealed for `row`. stored: what the database gave, untrusted.

        Raises SealBroken for NULL, for what is not sealed, and for whatever was altered or moved, KeyMisplaced for what was sealed
        under a key of another class, tenant or subject, KeyRefused for a key that opens nothing; KeyUnavailable.
        """
        sealed = stored if isinstance(stored, bytes) else self.require_sealed(stored)
        known, bound = _recent[0]
        if known is not row or self.tenant is not None:
            bound = self._bound(row, tenant)
        try:
            kid = int.from_bytes(sealed[4:8], "big")
            cipher = keyrings.keyring().to_open(kid, self.table, self.column, data_class=self.data_class, tenant=tenant, subject=subject)
        except KeyRefused:
            # Whatever names no key of ours may be no sealed value at all, and is told as that.
            self.require_sealed(sealed)
            raise
        value = self._decode(cipher.open_bound(sealed, bound, self._profile))
        return json_values.frozen(value) if self.kind is plaintexts.Json else value

    def require_subject(self, subject: str | None) -> None:
        """Raise SealMisused where the field has keys of its subjects and the caller did not say whose value it is."""
        if self.subject is not None and subject is None:
            raise SealMisused(
                f"{self.label} has a key of its subject, the field {self.subject}; open it with subject=str(row.{self.subject}),"
                ' or subject="" where that is empty'
            )

    def require_sealed(self, stored: object) -> bytes:
        """The same bytes, when they begin as a sealed value does. Raises SealBroken; says nothing of what is there instead."""
        # Against values that somebody wrote in clear, or emptied: they are refused, never returned.
        if not isinstance(stored, bytes | bytearray | memoryview):
            what = "NULL, where a value is required" if stored is None else "a value that is not sealed"
            raise SealBroken(f"the database holds {what}", where=self.label)
        sealed = stored if type(stored) is bytes else bytes(stored)
        try:
            sealing.kid_of(sealed)
        except SealBroken as error:
            raise SealBroken(error.problem, where=self.label) from None
        return sealed

    def _bound(self, row: Row, tenant: str | None) -> sealing.Bound:
        """The row as the tag covers it; kept for the fields of the same instance that are read or written next."""
        if self.tenant is not None:
            if not tenant:
                raise SealMisused(f"{self.label} is bound to its tenant, the field {self.tenant}, which is empty; set it before the value")
            return sealing.bind(row, profile=self._profile, tenant=tenant)
        bound = sealing.bind(row)
        # One tuple, put in its place at once: threads see the old pair or the new one, and never a row with another's bytes.
        _recent[0] = row, bound
        return bound

    def encode(self, value: object) -> bytes:
        """`value` as it is sealed. Raises TypeError or ValueError that name the field."""
        try:
            return self._codec.encode(value)
        except (TypeError, ValueError) as error:
            # Names the field; the codec's own words quote no value.
            raise (TypeError if isinstance(error, TypeError) else ValueError)(f"{self.label}: {error}") from None

    def __repr__(self) -> str:
        return f"Cell({self.label})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.table, self.column, self.kind, self._given)


def _again(table: str, column: str, kind: type, given: dict[str, Any]) -> Cell:
    return Cell(table, column, kind, **given)
