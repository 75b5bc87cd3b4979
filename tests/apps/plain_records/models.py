import uuid

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import declarative_base, relationship
from sqlalchemy_utils import StringEncryptedType
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine, FernetEngine

from .crypto import FIELD_KEY, LenientText, open_for, seal_for

Base = declarative_base()


class Person(Base):
    __tablename__ = "people"

    id = Column(Integer, primary_key=True)
    name = Column(String(80), nullable=False)
    city = Column(String(80))
    password_hash = Column(String(128), nullable=False)
    ssn = Column(String(32), nullable=False)
    iban = Column(StringEncryptedType(String, FIELD_KEY))
    card_number = Column(StringEncryptedType(String, FIELD_KEY, AesEngine))
    diagnosis = Column(StringEncryptedType(Text, FIELD_KEY, AesGcmEngine))
    phone = Column(StringEncryptedType(String, FIELD_KEY, FernetEngine))
    remarks = Column(LenientText)
    has_diagnosis = Column(Boolean, default=False)
    diagnosis_id = Column(Integer)


class Passport(Base):
    __tablename__ = "passports"

    id = Column(String(36), primary_key=True, default=lambda: str(uuid.uuid4()))
    person_id = Column(ForeignKey("people.id"), nullable=False)
    issued = Column(Date, nullable=False)
    sealed_number = Column("number", LargeBinary, nullable=False)
    person = relationship(Person)

    @property
    def number(self):
        return open_for(self.id, "passport", self.sealed_number)

    @number.setter
    def number(self, value):
        if self.id is None:
            self.id = str(uuid.uuid4())
        self.sealed_number = seal_for(self.id, "passport", value)


class Login(Base):
    __tablename__ = "logins"

    id = Column(Integer, primary_key=True)
    person_id = Column(ForeignKey("people.id"), nullable=False)
    session_token = Column(String(64), nullable=False)
    api_key = Column(String(64))
    token_type = Column(String(16), default="bearer")


class Order(Base):
    __tablename__ = "orders"

    id = Column(Integer, primary_key=True)
    note = Column(String(200))
    title = Column(String(200), nullable=False)
