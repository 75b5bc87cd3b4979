import hashlib
import os
import sqlite3

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shelf.db")
SCHEMA = """
CREATE TABLE IF NOT EXISTS reader (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS book (id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL, title TEXT NOT NULL, remark TEXT NOT NULL);
"""


def connect():
    db = sqlite3.connect(PATH)
    db.row_factory = sqlite3.Row
    return db


def hashed(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"shelf", 1000).hex()


async def prepare(app):
    db = connect()
    db.executescript(SCHEMA)
    if db.execute("SELECT 1 FROM reader").fetchone() is None:
        db.execute("INSERT INTO reader (name, password) VALUES ('librarian', ?)", (hashed("librarian"),))
        db.execute("INSERT INTO book (owner_id, title, remark) VALUES (1, 'Weeds', 'A field guide.')")
    db.commit()
    db.close()
