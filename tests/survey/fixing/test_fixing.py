from __future__ import annotations

import ast

import pytest

from ringwork.survey.fixing import mending

IN_FLASK = "from flask import make_response\n"

MENDED = {
    "yaml": ("import yaml\nx = yaml.load(f)\n", "import yaml\nx = yaml.safe_load(f)\n"),
    "yaml with a loader": (
        "import yaml\nx = yaml.load(f, Loader=yaml.FullLoader)\n",
        "import yaml\nx = yaml.safe_load(f)\n",
    ),
    "yaml under a name": ("import yaml as y\nx = y.load(\n    f,\n    y.Loader,\n)\n", "import yaml as y\nx = y.safe_load(\n    f,\n)\n"),
    "yaml's load": (
        "import os\nfrom yaml import load\nx = load(f)\n",
        "import os\nimport yaml\nfrom yaml import load\nx = yaml.safe_load(f)\n",
    ),
    "md5 of a checksum": (
        "import hashlib\ndef checksum(b):\n    return hashlib.md5(b).hexdigest()\n",
        "import hashlib\ndef checksum(b):\n    return hashlib.md5(b, usedforsecurity=False).hexdigest()\n",
    ),
    "sha1 of an etag": (
        'from hashlib import sha1\netag = sha1(b"a").hexdigest()\n',
        'from hashlib import sha1\netag = sha1(b"a", usedforsecurity=False).hexdigest()\n',
    ),
    "timeout": ("import requests\nrequests.get(url)\n", "import requests\nrequests.get(url, timeout=10)\n"),
    "timeout in a column": (
        "import requests\nrequests.post(\n    url,\n    json=data,\n)\n",
        "import requests\nrequests.post(\n    url,\n    json=data,\n    timeout=10,\n)\n",
    ),
    "verify": (
        "import requests\nrequests.get(url, verify=False, timeout=3)\n",
        "import requests\nrequests.get(url, timeout=3)\n",
    ),
    "verify of a client": ("import httpx\nc = httpx.Client(verify=False)\n", "import httpx\nc = httpx.Client()\n"),
    "cookie": (
        f"{IN_FLASK}r = make_response()\nr.set_cookie('id', v)\n",
        f"{IN_FLASK}r = make_response()\nr.set_cookie('id', v, secure=True, httponly=True, samesite=\"Lax\")\n",
    ),
    "cookie that is half there": (
        f"{IN_FLASK}r.set_cookie('id', v, secure=False, httponly=True)\n",
        f"{IN_FLASK}r.set_cookie('id', v, secure=True, httponly=True, samesite=\"Lax\")\n",
    ),
    "token by choice": (
        '"""Doc."""\n\nimport random\nimport sys\n\ntoken = random.choice(letters)\n',
        '"""Doc."""\n\nimport random\nimport secrets\nimport sys\n\ntoken = secrets.choice(letters)\n',
    ),
    "code by numbers": (
        "import random\ndef make_code():\n    return str(random.randint(100000, 999999))\n",
        "import random\nimport secrets\ndef make_code():\n    return str(secrets.randbelow(900000) + 100000)\n",
    ),
    "password by choices": (
        'import random\npassword = "".join(random.choices(letters, k=12))\n',
        'import random\nimport secrets\npassword = "".join(secrets.SystemRandom().choices(letters, k=12))\n',
    ),
    "f-string": (
        "import sqlite3\nc.execute(f\"SELECT * FROM t WHERE a = {a} AND b = '{x.b}'\")\n",
        'import sqlite3\nc.execute("SELECT * FROM t WHERE a = ? AND b = ?", (a, x.b))\n',
    ),
    "percent": (
        "import psycopg2\nc.execute(\"SELECT * FROM t WHERE a = '%s'\" % a)\n",
        'import psycopg2\nc.execute("SELECT * FROM t WHERE a = %s", (a,))\n',
    ),
    "format": (
        "import sqlite3\nc.execute(\"INSERT INTO t (a, b) VALUES ({}, '{}')\".format(a, b))\n",
        'import sqlite3\nc.execute("INSERT INTO t (a, b) VALUES (?, ?)", (a, b))\n',
    ),
    "plus": (
        'import pymysql\nc.execute("SELECT * FROM t WHERE a = \'" + a + "\' LIMIT 1")\n',
        'import pymysql\nc.execute("SELECT * FROM t WHERE a = %s LIMIT 1", (a,))\n',
    ),
    "raw and long": (
        'import sqlite3\nc.execute(rf"""SELECT *\n  FROM t\n  WHERE a = {a}""")\n',
        'import sqlite3\nc.execute(r"""SELECT *\n  FROM t\n  WHERE a = ?""", (a,))\n',
    ),
}

LEFT = {
    "yaml with another's loader": "import yaml\nfrom own import Loader\nx = yaml.load(f, Loader=Loader)\n",
    "md5 of a password": "import hashlib\ndef cache_password(p):\n    return hashlib.md5(p)\n",
    "md5 of nobody knows what": "import hashlib\nx = hashlib.md5(b)\n",
    "timeout among others": "import requests\nrequests.get(url, **options)\n",
    "mktemp": "import tempfile\nname = tempfile.mktemp()\n",
    "cookie that scripts read": f"{IN_FLASK}r.set_cookie('csrf_token', v)\n",
    "cookie that scripts may read on purpose": f"{IN_FLASK}r.set_cookie('id', v, httponly=False)\n",
    "token of a seed": "import random\nrandom.seed(1)\ntoken = random.choice(letters)\n",
    "token beside another's secrets": "import random\nsecrets = {}\ntoken = random.choice(letters)\n",
    "a table's name": 'import sqlite3\nc.execute(f"SELECT * FROM {table} WHERE a = {a}")\n',
    "an order": 'import sqlite3\nc.execute(f"SELECT * FROM t ORDER BY {name}")\n',
    "a list": 'import sqlite3\nc.execute(f"SELECT * FROM t WHERE a IN ({ids})")\n',
    "a part of a value": "import sqlite3\nc.execute(f\"SELECT * FROM t WHERE a LIKE '%{a}%'\")\n",
    "a call inside": 'import sqlite3\nc.execute(f"SELECT * FROM t WHERE a = {a()}")\n',
    "a format inside": 'import sqlite3\nc.execute(f"SELECT * FROM t WHERE a = {a!r}")\n',
    "parameters already": 'import sqlite3\nc.execute(f"SELECT * FROM t WHERE a = {a} AND b = ?", (b,))\n',
    "another's execute": 'import sqlalchemy\nc.execute(f"SELECT * FROM t WHERE a = {a}")\n',
    "two drivers": 'import sqlite3, psycopg\nc.execute(f"SELECT * FROM t WHERE a = {a}")\n',
}

UNTOUCHED = {
    "a safe loader": "import yaml\nx = yaml.load(f, Loader=yaml.SafeLoader)\n",
    "another yaml": "from ruamel import yaml\nx = yaml.load(f)\n",
    "a function of its own": "def load(f): ...\nx = load(f)\n",
    "a strong hash": "import hashlib\nchecksum = hashlib.sha256(b)\n",
    "a checksum that says so": "import hashlib\nchecksum = hashlib.md5(b, usedforsecurity=False)\n",
    "a timeout": "import requests\nrequests.get(url, timeout=None)\n",
    "a variable": "import requests\nrequests.get(url, verify=ca, timeout=1)\n",
    "a dice": "import random\npips = random.randint(1, 6)\n",
    "a whole cookie": f"{IN_FLASK}r.set_cookie('id', v, secure=True, httponly=True, samesite='Strict')\n",
    "a method of its own": "class Jar:\n    def set_cookie(self, a, b): ...\nJar().set_cookie('a', 'b')\n",
    "parameters": 'import sqlite3\nc.execute("SELECT * FROM t WHERE a = ?", (a,))\n',
    "a constant": 'import sqlite3\nc.execute("SELECT " "1")\n',
    "a file that is half written": "import yaml\nx = yaml.load(f)\ndef (:\n",
}


@pytest.mark.parametrize("name", MENDED)
def test_mends_what_is_safe_and_touches_nothing_else(name):
    """The one edit, byte for byte; the rest of the file stays as it was."""
    before, after = MENDED[name]
    assert mending.mended(before.encode()).data.decode() == after


@pytest.mark.parametrize("name", MENDED)
def test_mends_once(name):
    """A second run finds nothing to mend, and what the first wrote is Python."""
    after = mending.mended(MENDED[name][0].encode()).data
    ast.parse(after)
    again = mending.mended(after)
    assert (again.data, again.fixes) == (after, ())


@pytest.mark.parametrize("name", LEFT)
def test_leaves_to_a_person_what_it_cannot_know(name):
    """Where an edit could change what the program means, the file stays, and the reason says what to write."""
    found = mending.mended(LEFT[name].encode())
    assert found.data == LEFT[name].encode()
    assert found.fixes == ()
    assert len(found.left) == 1


@pytest.mark.parametrize("name", UNTOUCHED)
def test_says_nothing_of_what_is_right(name):
    """The safe twin of each is neither edited nor spoken of."""
    found = mending.mended(UNTOUCHED[name].encode())
    assert (found.data, found.fixes, found.left) == (UNTOUCHED[name].encode(), (), ())


def test_keeps_line_ends_and_characters():
    """A file of another system, with letters beyond ASCII before the edit, is edited at the right place and keeps its ends."""
    before = "import requests\r\nwörter = 'äöü €𝄞'; requests.get(wörter)\r\nimport random\r\ntoken = random.choice('ß')\r\n"
    after = mending.mended(before.encode()).data.decode()
    assert after == (
        "import requests\r\nimport secrets\r\nwörter = 'äöü €𝄞'; requests.get(wörter, timeout=10)\r\n"
        "import random\r\ntoken = secrets.choice('ß')\r\n"
    )


def test_mends_several_at_once():
    """Two arguments of one call, and calls in calls."""
    before = "import requests, hashlib\nchecksum = hashlib.md5(requests.get(u, verify=False).content)\n"
    after = mending.mended(mending.mended(before.encode()).data).data.decode()
    assert after == "import requests, hashlib\nchecksum = hashlib.md5(requests.get(u, timeout=10).content, usedforsecurity=False)\n"


def test_mends_only_what_is_wanted():
    """What a person accepted at its line stays as it is."""
    found = mending.mended(MENDED["yaml"][0].encode(), lambda kind, line: (kind, line) != ("loader", 2))
    assert found.fixes == ()


def test_binds_values_that_really_are_values():
    """The mended query answers the honest question as before, and the attack no more."""
    import sqlite3

    before = "import sqlite3\nrows = c.execute(f\"SELECT b FROM t WHERE a = '{a}'\").fetchall()\n"
    after = mending.mended(before.encode()).data.decode()
    c = sqlite3.connect(":memory:")
    c.execute("CREATE TABLE t (a, b)")
    c.execute("INSERT INTO t VALUES ('x', 'secret'), ('y', 'own')")
    said = []
    for text in (before, after):
        for a in ("y", "' OR '1'='1"):
            scope = {"c": c, "a": a}
            exec(text, scope)
            said.append(len(scope["rows"]))
    assert said == [1, 2, 1, 0]
