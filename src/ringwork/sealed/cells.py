"""One sealed field of one table: how its values are written, under which labels, and bound to what. Shared by both ORMs.

Against a value that is copied to another row, column or table, cut, altered, or written in clear by somebody else: a cell opens what
it sealed for exactly that row, and raises for everything else. Against state that two threads share (one tenant's value under
another's key): a cell never changes; row, tenant and subject are handed in with each value.
"""

from __future__ import annotations

from typing import Any

from ringwork.crypto import plaintexts, sealing
from ringwork.crypto.places import Place, Scalar
from ringwork.errors import SealBroken, SealMisused
from ringwork.sealed import json_values, keyrings

Row = tuple[Scalar, ...]
"""The identity of a row: its primary key in the order of the key."""


_HEAD = sealing.HEADER_BYTES
_HEADS_KEPT = 256
"""More than a column ever has, so that somebody who writes made-up headers fills no memory."""


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
        self._kids: dict[bytes, int] = {}
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
            self._encode(value)

    def seal(self, value: object, row: Row, *, tenant: str | None = None, subject: str | None = None) -> bytes:
        """The bytes to store for `value` in `row`. Raises as `check` does, and KeyUnavailable or KeyRefused where no key serves."""
        self._require_tenant(tenant)
        if value is None and not self.optional:
            raise SealMisused(f"{self.label} is not optional; None is stored as NULL where the column is nullable, and is not sealed")
        cipher = keyrings.keyring().to_seal(self.table, self.column, data_class=self.data_class, tenant=tenant, subject=subject)
        place = Place(table=self.table, column=self.column, row=row, tenant=tenant)
        return cipher.seal(self._encode(value), place, profile=self._profile)

    def open(self, stored: object, row: Row, *, tenant: str | None = None) -> Any:
        """The value that was sealed for `row`. stored: what the database gave, untrusted.

        Raises SealBroken for NULL, for what is not sealed, and for whatever was altered or moved; KeyUnavailable, KeyRefused.
        """
        sealed = stored if type(stored) is bytes else self._bytes_of(stored)
        kid = self._kids.get(sealed[:_HEAD])
        if kid is None:
            kid = self._kid_of(sealed)
        if self.tenant is not None:
            self._require_tenant(tenant)
        cipher = keyrings.keyring().to_open(kid, self.table, self.column)
        place = Place(table=self.table, column=self.column, row=row, tenant=tenant)
        value = self._codec.decode(cipher.open(sealed, place, profile=self._profile))
        return json_values.frozen(value) if self.kind is plaintexts.Json else value

    def require_sealed(self, stored: object) -> bytes:
        """The same bytes, when they begin as a sealed value does. Raises SealBroken; says nothing of what is there instead."""
        sealed = self._bytes_of(stored)
        self._kid_of(sealed)
        return sealed

    def _bytes_of(self, stored: object) -> bytes:
        # Against values that somebody wrote in clear, or emptied: they are refused, never returned.
        if not isinstance(stored, bytes | bytearray | memoryview):
            what = "NULL, where a value is required" if stored is None else "a value that is not sealed"
            raise SealBroken(f"the database holds {what}", where=self.label)
        return bytes(stored)

    def _kid_of(self, sealed: bytes) -> int:
        """The key that the header names. The headers of a column are few, so what was read of one is kept."""
        try:
            kid = sealing.read_header(sealed).kid
        except SealBroken as error:
            raise SealBroken(error.problem, where=self.label) from None
        if len(self._kids) < _HEADS_KEPT:
            self._kids[sealed[:_HEAD]] = kid
        return kid

    def _encode(self, value: object) -> bytes:
        try:
            return self._codec.encode(value)
        except (TypeError, ValueError) as error:
            # Names the field; the codec's own words quote no value.
            raise (TypeError if isinstance(error, TypeError) else ValueError)(f"{self.label}: {error}") from None

    def _require_tenant(self, tenant: str | None) -> None:
        if self.tenant is not None and not tenant:
            raise SealMisused(f"{self.label} is bound to its tenant, the field {self.tenant}, which is empty; set it before the value")

    def __repr__(self) -> str:
        return f"Cell({self.label})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.table, self.column, self.kind, self._given)


def _again(table: str, column: str, kind: type, given: dict[str, Any]) -> Cell:
    return Cell(table, column, kind, **given)
