import hashlib
import os
import sqlite3

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shop.db")

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT UNIQUE NOT NULL,
    password TEXT NOT NULL,
    is_admin INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, user_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    item TEXT NOT NULL,
    quantity INTEGER NOT NULL DEFAULT 1,
    status TEXT NOT NULL DEFAULT 'new'
);
"""


def connect():
    connection = sqlite3.connect(PATH)
    connection.row_factory = sqlite3.Row
    return connection


def hash_password(email, password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), email.encode(), 20_000).hex()


def init():
    with connect() as db:
        db.executescript(SCHEMA)
        if not db.execute("SELECT 1 FROM users").fetchone():
            db.execute(
                "INSERT INTO users (email, password, is_admin) VALUES (?, ?, 1)",
                ("owner@shop.example", hash_password("owner@shop.example", "change-me-please")),
            )
            db.execute("INSERT INTO orders (user_id, item, quantity) VALUES (1, 'tea', 2)")
