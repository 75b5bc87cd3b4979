"""Tables of protected values, one for each library, with what an attacker on the database may do: read and write the stored cells."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, FernetEngine, StringEncryptedType

from ringwork.crypto.places import Place
from ringwork.crypto.plaintexts import codec
from ringwork.crypto.sealing import Cipher, Suite
from ringwork.sealed.sqlalchemy import sealed
from ringwork.secret import Secret

PASSPHRASE = "secretkey1234"


class Vault(Protocol):
    """People with two protected columns. Reading raises where the library refuses; what it returns, the application trusts."""

    name: str

    def store(self, row: int, column: str, value: str) -> None: ...
    def read(self, row: int, column: str) -> str: ...
    def cell(self, row: int, column: str) -> bytes:
        """What the database holds, without the armour that a library puts around it."""

    def overwrite(self, row: int, column: str, cell: bytes) -> None:
        """What an UPDATE of the attacker puts there, in the same armour."""

    def try_cell(self, cell: bytes) -> str:
        """What row 1 would read in `secret` if this were stored there, without the way over the database."""


class MappedVault:
    """A vault over the ORM of SQLAlchemy: one table, with the type that is under attack in both columns."""

    def __init__(self, name: str, column: Callable[[], Any]) -> None:
        self.name = name

        class Base(DeclarativeBase):
            pass

        class Person(Base):
            __tablename__ = "people"
            id: Mapped[int] = mapped_column(primary_key=True)
            secret: Mapped[str | None] = column()
            public: Mapped[str | None] = column()

        self.person: Any = Person
        self.engine = sa.create_engine("sqlite://", poolclass=StaticPool)
        Base.metadata.create_all(self.engine)

    def store(self, row: int, column: str, value: str) -> None:
        with Session(self.engine) as session:
            found = session.get(self.person, row)
            if found is None:
                session.add(self.person(**{"id": row, "secret": "", "public": "", column: value}))
            else:
                setattr(found, column, value)
            session.commit()

    def read(self, row: int, column: str) -> str:
        with Session(self.engine) as session:
            value: str = getattr(session.get_one(self.person, row), column)
            return value

    def stored(self, row: int, column: str) -> Any:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(f"select {column} from people where id = ?", (row,)).scalar_one()

    def write(self, row: int, column: str, stored: Any) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"update people set {column} = ? where id = ?", (stored, row))


class SqlalchemyUtils(MappedVault):
    """sqlalchemy-utils' StringEncryptedType, with one of its engines."""

    def __init__(
        self,
        engine: type[AesEngine | FernetEngine] | None = None,
        *,
        padding: str | None = None,
        key: str | Callable[[], str] = PASSPHRASE,
    ) -> None:
        def kind() -> StringEncryptedType:
            return StringEncryptedType(sa.Unicode, key, engine, padding)

        super().__init__(f"sqlalchemy-utils {(engine or AesEngine).__name__} {padding or ''}".strip(), lambda: mapped_column(kind()))
        self._bytes = base64.urlsafe_b64decode if engine is FernetEngine else base64.b64decode
        self._text = base64.urlsafe_b64encode if engine is FernetEngine else base64.b64encode
        self.kind = kind()

    def cell(self, row: int, column: str) -> bytes:
        return self._bytes(self.stored(row, column))

    def overwrite(self, row: int, column: str, cell: bytes) -> None:
        self.write(row, column, self._text(cell).decode())

    def try_cell(self, cell: bytes) -> str:
        value: str = self.kind.process_result_value(self._text(cell).decode(), None)
        return value


class SealedColumns(MappedVault):
    """ringwork's sealed columns of SQLAlchemy."""

    def __init__(self) -> None:
        super().__init__("ringwork sqlalchemy", lambda: sealed(str))

    def cell(self, row: int, column: str) -> bytes:
        return bytes(self.stored(row, column))

    def overwrite(self, row: int, column: str, cell: bytes) -> None:
        self.write(row, column, cell)

    def try_cell(self, cell: bytes) -> str:
        self.overwrite(1, "secret", cell)
        return self.read(1, "secret")


class Sealed:
    """ringwork's cipher and plaintexts over cells in memory: what stands below both object mappers."""

    def __init__(self, suite: Suite = Suite.AES_256_GCM_SIV) -> None:
        self.name = f"ringwork {suite.name}"
        self._codec, self._cells = codec(str), dict[tuple[int, str], bytes]()
        key = Secret(bytes(range(32)))
        self._ciphers = {column: Cipher(key, kid=1, table="people", column=column, suite=suite) for column in ("secret", "public")}

    def store(self, row: int, column: str, value: str) -> None:
        self._cells[row, column] = self._ciphers[column].seal(self._codec.encode(value), self._place(row, column))

    def read(self, row: int, column: str) -> str:
        value: str = self._codec.decode(self._ciphers[column].open(self._cells[row, column], self._place(row, column)))
        return value

    def cell(self, row: int, column: str) -> bytes:
        return self._cells[row, column]

    def overwrite(self, row: int, column: str, cell: bytes) -> None:
        self._cells[row, column] = cell

    def try_cell(self, cell: bytes) -> str:
        value: str = self._codec.decode(self._ciphers["secret"].open(cell, self._place(1, "secret")))
        return value

    def _place(self, row: int, column: str) -> Place:
        return Place(table="people", column=column, row=(row,))
