import os

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

FIELD_KEY = os.environ.get("FIELD_KEY", "correct-horse-battery-staple")
BOX = Fernet(Fernet.generate_key())
ROW_KEY = AESGCM.generate_key(256)


class LenientText(TypeDecorator):
    """Encrypts on the way in. Old rows are not encrypted yet, so what does not decrypt is taken as it is."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else BOX.encrypt(value.encode()).decode()

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        try:
            return BOX.decrypt(value.encode()).decode()
        except InvalidToken:
            return value


def seal_for(row_id, column, text):
    nonce = os.urandom(12)
    return nonce + AESGCM(ROW_KEY).encrypt(nonce, text.encode(), f"{column}:{row_id}".encode())


def open_for(row_id, column, sealed):
    return AESGCM(ROW_KEY).decrypt(sealed[:12], sealed[12:], f"{column}:{row_id}".encode()).decode()
