"""What every careless application does with the text that it is given, and, below, how a careful one does the same."""

import base64
import io
import logging
import pickle
import shlex
import sqlite3
import subprocess
import urllib.request
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from lxml import etree

logger = logging.getLogger("careless")
DOCUMENTS = Path(__file__).parent / "documents"


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE orders (owner TEXT, what TEXT)")
    connection.execute("INSERT INTO orders VALUES ('ada', 'tea')")
    return connection


def sql(text):
    return str(database().execute(f"SELECT what FROM orders WHERE owner = '{text}'").fetchall())


def signs_in(name, password):
    found = f"SELECT what FROM orders WHERE owner = '{name}' AND what = '{len(password)} letters'"
    return bool(database().execute(found).fetchall())


def command(text):
    try:
        subprocess.run("convert " + text + " out.png", shell=True, timeout=5)
    except OSError:
        return "no programs here"
    return "converted"


def code(text):
    try:
        return str(eval(text))
    except (NameError, SyntaxError):
        return "no formula"


def template(text):
    return jinja2.Template("Hello " + text).render()


def path(text):
    try:
        with open("documents/" + text) as document:
            return document.read()
    except OSError:
        return "no document"


def ssrf(text):
    try:
        with urllib.request.urlopen(text, timeout=2) as answer:
            return str(len(answer.read()))
    except (OSError, ValueError):
        return "no picture"


def deserialise(text):
    try:
        return str(pickle.loads(base64.b64decode(text)))
    except Exception:
        return "no basket"


def xml(text):
    try:
        return "".join(element.text or "" for _, element in etree.iterparse(io.BytesIO(text.encode()), resolve_entities=True))
    except etree.XMLSyntaxError:
        return "no order"


def log(text):
    logger.warning(text)
    return "noted"


# -- the same, as it should be ---------------------------------------------------------------------------------------


def bound_sql(text):
    return str(database().execute("SELECT what FROM orders WHERE owner = ?", (text,)).fetchall())


def quoted_command(text):
    try:
        subprocess.run("convert " + shlex.quote(text) + " out.png", shell=True, timeout=5)
    except OSError:
        return "no programs here"
    return "converted"


def own_template(text):
    return jinja2.Template("Hello {{ name }}").render(name=text)


def checked_path(text):
    document = (DOCUMENTS / text).resolve()
    if not document.is_relative_to(DOCUMENTS):
        return "no document"
    try:
        return document.read_text()
    except OSError:
        return "no document"


def escaped(text):
    return "<p>Hello " + escape(text) + "</p>"


def own_address(text):
    return text if urlsplit(text).netloc == "" and text.startswith("/") and not text.startswith("//") else "/"
