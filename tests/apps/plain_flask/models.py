import os
import sqlite3

from flask import current_app, g
from werkzeug.security import generate_password_hash

SCHEMA = """
CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, username TEXT UNIQUE NOT NULL, password TEXT NOT NULL, role TEXT NOT NULL DEFAULT 'reader');
CREATE TABLE IF NOT EXISTS post (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL);
"""


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    return g.db


def close_db(error=None):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def init_db(path):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    if db.execute("SELECT 1 FROM user").fetchone() is None:
        password = generate_password_hash("editor", method="pbkdf2:sha256:1000")
        db.execute("INSERT INTO user (username, password, role) VALUES ('editor', ?, 'editor')", (password,))
        db.execute("INSERT INTO post (author_id, title, body) VALUES (1, 'Hello', 'The first post.')")
    db.commit()
    db.close()
