"""Values of which nobody says whence they come: a hint where they are put together, silence where they are bound or made harmless."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from ringwork.survey.taint.analysis import analyse

HEAD = (
    "import logging\nfrom fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordRequestForm\n"
    "log = logging.getLogger(__name__)\napp = FastAPI()\n@app.post('/login')\n"
)
Told = list[tuple[str, str, str, int]]


def told(folder: Path, text: str, **others: str) -> Told:
    """Kind, strength, name of the entry and line of all that is found in one module."""
    (folder / "app.py").write_text(dedent(text), encoding="utf-8")
    for name, other in others.items():
        (folder / f"{name}.py").write_text(dedent(other), encoding="utf-8")
    return [(flow.kind, flow.strength.value, flow.entry.name, flow.place.line) for flow in analyse(folder).flows]


@pytest.mark.parametrize(
    ("kind", "strength", "bad", "safe"),
    [
        (
            "sql",
            "strong",
            "def rows(cursor, table):\n    cursor.execute('SELECT * FROM ' + table)\n",
            "def rows(cursor, name):\n    cursor.execute('SELECT * FROM notes WHERE name = %s', (name,))\n",
        ),
        (
            "sql",
            "strong",
            "def rows(cursor, count):\n    cursor.execute(f'SELECT * FROM notes LIMIT {count}')\n",
            "def rows(cursor, count):\n    cursor.execute(f'SELECT * FROM notes LIMIT {int(count)}')\n",
        ),
        (
            "command",
            "strong",
            "import os\ndef pack(name):\n    os.system('tar cf notes.tar ' + name)\n",
            "import os, shlex\ndef pack(name):\n    os.system('tar cf notes.tar ' + shlex.quote(name))\n",
        ),
        ("command", "strong", "import os\ndef work(line):\n    os.system(line)\n", "import os\ndef work():\n    os.system('ls')\n"),
        ("code", "strong", "def work(rule: str):\n    return eval(rule)\n", "def work():\n    return eval('1 + 1')\n"),
        (
            "deserialise",
            "strong",
            "import pickle\ndef work(payload):\n    return pickle.loads(payload)\n",
            "import json\ndef work(payload):\n    return json.loads(payload)\n",
        ),
        (
            "deserialise",
            "weak",
            "import pickle\ndef work(index_file):\n    return pickle.load(index_file)\n",
            "import json\ndef work(index_file):\n    return json.load(index_file)\n",
        ),
        (
            "command",
            "weak",
            "import os\nclass Worker:\n    def work(self, line):\n        os.system(line)\n",
            "import os\nclass Worker:\n    def work(self):\n        os.system('ls')\n",
        ),
    ],
)
def test_tells_what_a_function_does_with_what_it_is_given(tmp_path: Path, kind: str, strength: str, bad: str, safe: str) -> None:
    """Against a hole that waits for its caller: what a plain function runs or loads that nobody names, unless a file is handed over."""
    ((found, seen, name, _),) = told(tmp_path, bad)
    assert (found, seen) == (kind, strength)
    assert name
    assert told(tmp_path, safe) == []


@pytest.mark.parametrize(
    ("strength", "bad", "safe"),
    [
        (
            "strong",
            "import stranger\nimport os\nos.system(stranger.ask())\n",
            "import stranger\nimport os\nos.system('ls')\n",
        ),
        (
            "weak",
            "from stranger import ask\ndef rows(cursor):\n    cursor.execute('SELECT * FROM {}'.format(ask()))\n",
            "from stranger import ask\ndef rows(cursor):\n    cursor.execute('SELECT * FROM notes')\n    cursor.execute(ask())\n",
        ),
    ],
)
def test_tells_what_code_gave_that_nobody_described(tmp_path: Path, strength: str, bad: str, safe: str) -> None:
    """A shell's line is wrong whatever it is; a statement of an unknown part is a hint, one handed over whole what a function is for."""
    assert [seen for _, seen, _, _ in told(tmp_path, bad)] == [strength]
    assert told(tmp_path, safe) == []


def test_runs_what_it_is_for_where_another_module_names_it(tmp_path: Path) -> None:
    """A helper that another module imports is judged by what that one hands over: with a constant it is no more than a hint."""
    (tmp_path / "user.py").write_text("from app import work\nwork('ls')\n", encoding="utf-8")
    assert [seen for _, seen, _, _ in told(tmp_path, "import os\ndef work(line):\n    os.system(line)\n")] == ["weak"]


def test_takes_a_name_that_nothing_binds_for_what_somebody_brings(tmp_path: Path) -> None:
    """Against a cut-out or a notebook's cell whose text takes in what stands elsewhere; what a loop or an import may bind is a hint."""
    bad = "def rows(cursor):\n    text = 'SELECT * FROM {}'.format(table)\n    cursor.execute(text)\n"
    assert [(kind, seen) for kind, seen, _, _ in told(tmp_path, bad)] == [("sql", "strong")]
    for bound in ("for table in names():\n    pass\n", "from names import *\n", "def name():\n    global table\n"):
        assert [seen for _, seen, _, _ in told(tmp_path, bound + bad)] in (["weak"], []), bound


def test_leaves_it_to_the_caller_where_the_module_has_one(tmp_path: Path) -> None:
    """The caller shows what comes in: constants are no hint, a request is a finding of its own."""
    text = """
        def rows(cursor, table):
            cursor.execute('SELECT * FROM ' + table)


        def notes(cursor):
            rows(cursor, 'notes')
    """
    assert told(tmp_path, text) == []


def test_reads_both_of_two_functions_of_one_name(tmp_path: Path) -> None:
    """Against a hole in the first of two versions, which the second hides from whoever looks it up by name."""
    text = """
        import os
        import sys

        if sys.version_info > (3, 12):
            def pack(name):
                os.system('tar cf notes.tar ' + name)
        else:
            def pack(name):
                os.system('tar cf notes.tar notes')
    """
    assert [(kind, line) for kind, _, _, line in told(tmp_path, text)] == [("command", 7)]


def test_takes_a_default_for_what_may_be_given(tmp_path: Path) -> None:
    """A default that weakens every call which does not say otherwise is as bad as the same word in the call."""
    bad = "import requests\ndef ask(url, verify=False):\n    return requests.get(url, verify=verify, timeout=5)\n"
    assert [kind for kind, strength, _, _ in told(tmp_path, bad) if strength == "strong"] == ["tls-unverified"]
    assert told(tmp_path, bad.replace("False", "True")) == []


def test_takes_the_event_of_a_cloud_function_for_a_request(tmp_path: Path) -> None:
    """AWS Lambda calls handler(event, context) with what a client sent; a function with another signature is no handler."""
    bad = "import os\ndef handler(event, context):\n    os.system(event['name'])\n"
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, bad)] == [("command", "strong")]
    assert [strength for _, strength, _, _ in told(tmp_path, bad.replace("event, context", "event"))] == ["weak"]


@pytest.mark.parametrize(
    ("line", "strength"),
    [
        ("os.system('tar cf notes.tar ' + sys.argv[1])", "strong"),
        ("os.system(sys.argv[1])", "strong"),
        ("eval(sys.argv[1])", "strong"),
        ("os.system(input())", "weak"),
        ("os.execlp(sys.argv[1], sys.argv[1])", "weak"),
    ],
)
def test_tells_a_word_of_a_command_line_that_a_shell_takes_apart(tmp_path: Path, line: str, strength: str) -> None:
    """A script whose arguments are code or a shell's text is started by others too; who types a line runs his own."""
    assert {seen for _, seen, _, _ in told(tmp_path, f"import os\nimport sys\n{line}\n")} == {strength}
    assert told(tmp_path, "import subprocess\nimport sys\nsubprocess.run(['tar', 'cf', 'notes.tar', sys.argv[1]])\n") == []


def test_tells_text_for_a_shell_that_is_spawned_by_its_name(tmp_path: Path) -> None:
    """The words behind a shell's name are a command, wherever they stand in the list; those of another program are its own."""
    bad = "import os\ndef handler(event, context):\n    os.spawnl(os.P_WAIT, '/bin/sh', 'sh', '-c', 'ls ' + event['name'])\n"
    assert [kind for kind, _, _, _ in told(tmp_path, bad)] == ["command"]
    assert told(tmp_path, bad.replace("/bin/sh", "/bin/ls")) == []


@pytest.mark.parametrize(
    ("bad", "safe"),
    [
        ("0o777", "0o750"),
        ("stat.S_IRWXU | stat.S_IWOTH", "stat.S_IRWXU | stat.S_IRGRP | stat.S_IROTH"),
        ("0o666", "0o644"),
    ],
)
def test_tells_a_file_that_others_may_write(tmp_path: Path, bad: str, safe: str) -> None:
    """By the bits of its mode, however the number is written."""
    text = "import os\nimport stat\nos.chmod('notes.txt', {})\n"
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, text.format(bad))] == [("permissions", "strong")]
    assert told(tmp_path, text.format(safe)) == []


def test_tells_a_number_of_a_request_that_may_be_nan(tmp_path: Path) -> None:
    """float("nan") is smaller than nothing and greater than nothing, so that no limit refuses it; a whole number cannot be it."""
    head = "from flask import Flask, request\napp = Flask(__name__)\n@app.post('/pay')\n"
    text = head + "def pay():\n    return {{'sum': {}(request.form['sum'])}}\n"
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, text.format("float"))] == [("nan", "weak")]
    assert told(tmp_path, text.format("int")) == []


def test_follows_a_module_that_is_imported_by_a_constant_name(tmp_path: Path) -> None:
    """Against a call that hides from a search for its name."""
    text = "def handler(event, context):\n    getattr(__import__('os'), 'system')({})\n"
    assert [kind for kind, _, _, _ in told(tmp_path, text.format("event['line']"))] == ["command"]
    assert told(tmp_path, text.format("'ls'")) == []


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        ("'SELECT * FROM notes WHERE name = ' + name", "'SELECT * FROM notes ORDER BY ' + name"),
        ("f\"INSERT INTO notes (name) VALUES ('{name}')\"", "f'SELECT * FROM {name}'"),
        ("\"UPDATE notes SET name = '%s'\" % name", "'DROP TABLE %s' % name"),
    ],
)
def test_a_value_in_the_text_of_a_statement_is_wrong_whoever_calls(tmp_path: Path, bad: str, hint: str) -> None:
    """Where the driver takes a parameter nothing else is right; a table's name and an order it does not take."""
    text = "def rows(cursor, name):\n    cursor.execute({})\n"
    caller = "from app import rows\nrows(CURSOR, 'notes')\n"
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, text.format(bad), other=caller)] == [("sql", "strong")]
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, text.format(hint), other=caller)] == [("sql", "weak")]


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("def rows(cursor, table):\n    cursor.execute('SELECT * FROM ' + table)\n", "strong"),
        ("class Notes(Base):\n    def rows(self, cursor, table):\n        cursor.execute('SELECT * FROM ' + table)\n", "weak"),
        ("def rows(cursor, table):\n    cursor.execute('SELECT * FROM ' + table)\nRUN = [rows]\n", "weak"),
        ("@click.command()\ndef rows(table):\n    CURSOR.execute('SELECT * FROM ' + table)\n", "weak"),
        ("@login_required\ndef rows(cursor, table):\n    cursor.execute('SELECT * FROM ' + table)\n", "strong"),
        ("def rows(cursor, table: str | None):\n    cursor.execute('SELECT * FROM ' + table)\n", "strong"),
        ("def rows(cursor, table: Table):\n    cursor.execute('SELECT * FROM ' + table.value)\n", "weak"),
    ],
)
def test_what_nobody_calls_is_judged_by_what_it_does(tmp_path: Path, text: str, strength: str) -> None:
    """A name in a statement may be one of the caller's own, where there is a caller; a base class or a list may be one."""
    another = "def rows():\n    pass\n\n\nrows()\n"
    assert [seen for _, seen, _, _ in told(tmp_path, text, other=another)] == [strength]


def test_a_value_whose_quotes_were_looked_for_is_a_hint(tmp_path: Path) -> None:
    """Somebody thought of it; binding is still better."""
    text = """
        def rows(cursor, name):
            if "'" in name:
                raise ValueError
            cursor.execute("DELETE FROM notes WHERE name = '" + name + "'")
    """
    assert [strength for _, strength, _, _ in told(tmp_path, text)] == ["weak"]


def test_tells_once_what_has_two_names(tmp_path: Path) -> None:
    """A request that gets to a place makes the hint about the same place needless."""
    text = """
        from flask import Flask, request
        app = Flask(__name__)


        @app.get('/notes')
        def notes():
            return rows(request.args['name'])


        def rows(name):
            db.execute("SELECT * FROM notes WHERE name = '" + name + "'")
    """
    assert [(kind, strength, name) for kind, strength, name, _ in told(tmp_path, text)] == [("sql", "strong", "name")]


def test_a_callback_stands_where_it_is_handed_over(tmp_path: Path) -> None:
    """Against a finding without a line: what an executor calls is told at the call that hands it in."""
    text = (
        "import asyncio\nasync def handler(event, context):\n    await asyncio.get_running_loop().run_in_executor(None, {}, event['x'])\n"
    )
    assert [(kind, line) for kind, _, _, line in told(tmp_path, text.format("exec"))] == [("code", 3)]
    assert told(tmp_path, text.format("print")) == []


@pytest.mark.parametrize(
    ("kind", "strength", "bad", "safe"),
    [
        (
            "cookie-flags",
            "strong",
            "from pyramid.view import view_config\ndef note(request):\n    request.response.set_cookie('note', 'x', samesite='Lax')\n",
            (
                "from pyramid.view import view_config\ndef note(request):\n"
                "    request.response.set_cookie('note', 'x', secure=True, httponly=True, samesite='Lax')\n"
            ),
        ),
        (
            "xml-text",
            "strong",
            (
                "from twilio.rest import Client\nclient = Client('a', AUTH)\ndef call(words):\n"
                "    client.calls.create(twiml='<Response><Say>' + words + '</Say></Response>')\n"
            ),
            (
                "import html\nfrom twilio.rest import Client\nclient = Client('a', AUTH)\ndef call(words):\n"
                "    client.calls.create(twiml='<Response><Say>' + html.escape(words) + '</Say></Response>')\n"
            ),
        ),
        (
            "secret",
            "strong",
            "from Crypto.Cipher import AES\ndef seal(nonce):\n    return AES.new(b'sixteen byte key', AES.MODE_GCM, nonce=nonce)\n",
            "from Crypto.Cipher import AES\ndef seal(key, nonce):\n    return AES.new(key, AES.MODE_GCM, nonce=nonce)\n",
        ),
        (
            "autoescape",
            "weak",
            "import jinja2\nfrom stranger import choose\npages = jinja2.Environment(autoescape=choose())\n",
            "import jinja2\npages = jinja2.Environment(autoescape=jinja2.select_autoescape())\n",
        ),
        (
            "bind-all",
            "weak",
            "import stranger\nstranger.app.run(host='0.0.0.0')\n",
            "import stranger\nstranger.app.run(host='127.0.0.1')\n",
        ),
        (
            "cleartext",
            "strong",
            "import http.client\nhttp.client.HTTPConnection('rates.example.org', timeout=3)\n",
            "import http.client\nhttp.client.HTTPConnection('rates', timeout=3)\nhttp.client.HTTPConnection('10.2.0.1', timeout=3)\n",
        ),
        (
            "jwt-algorithms",
            "strong",
            "import jwt\ndef read(token, key):\n    return jwt.decode(token, key, algorithms=['HS256', 'none'])\n",
            "import jwt\ndef read(token, key):\n    return jwt.decode(token, key, algorithms=['HS256', 'HS384'])\n",
        ),
        (
            "debug",
            "strong",
            "from fastapi import FastAPI\napp = FastAPI(debug=True)\n",
            "from fastapi import FastAPI\napp = FastAPI(debug=False)\n",
        ),
        (
            "secret-log",
            "strong",
            HEAD + "def login(form: OAuth2PasswordRequestForm = Depends()):\n    log.info('login %s %s', form.username, form.password)\n",
            HEAD + "def login(form: OAuth2PasswordRequestForm = Depends()):\n    log.info('login %s', form.username)\n",
        ),
        (
            "loader",
            "strong",
            "import yaml\nNOTES = yaml.load('notes: []', Loader=yaml.UnsafeLoader)\n",
            "import yaml\nNOTES = yaml.load('notes: []', Loader=yaml.SafeLoader)\n",
        ),
        (
            "cookie-flags",
            "strong",
            "from pyramid.authentication import AuthTktCookieHelper\nhelper = AuthTktCookieHelper(KEY, secure=False)\n",
            "from pyramid.authentication import AuthTktCookieHelper\nhelper = AuthTktCookieHelper(KEY, secure=True, http_only=True)\n",
        ),
        (
            "loader",
            "strong",
            "from multiprocessing.connection import Client\nnotes = Client(('127.0.0.1', 6000))\n",
            "from multiprocessing.connection import Client\nfrom stranger import key\nnotes = Client(('127.0.0.1', 6000), authkey=key())\n",
        ),
    ],
)
def test_tells_what_arguments_make_dangerous(tmp_path: Path, kind: str, strength: str, bad: str, safe: str) -> None:
    """Each beside the call that does the same and is right."""
    assert (kind, strength) in [(told_kind, told_strength) for told_kind, told_strength, _, _ in told(tmp_path, bad)]
    assert kind not in [told_kind for told_kind, _, _, _ in told(tmp_path, safe)]


def test_tells_a_page_that_a_cloud_function_answers(tmp_path: Path) -> None:
    """The body of its answer is markup where its own headers say so."""
    bad = (
        "def handler(event, context):\n    page = f\"<p>{event['name']}</p>\"\n"
        "    return {'statusCode': 200, 'body': page, 'headers': {'Content-Type': 'text/html'}}\n"
    )
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, bad)] == [("html", "strong")]
    assert told(tmp_path, bad.replace("text/html", "text/plain")) == []


def test_tells_code_into_which_a_plain_function_puts_what_it_is_given(tmp_path: Path) -> None:
    """Whoever calls it chooses what runs; what a number is put into says no more than the number."""
    bad = "def shown(name):\n    return eval(f'shown_{name}()')\n"
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, bad)] == [("code", "strong")]
    assert told(tmp_path, bad.replace("(name)", "(name: int)")) == []


@pytest.mark.parametrize(
    ("line", "strength"),
    [
        ("eval(f'shown({asked()})')", "strong"),
        ("flask.render_template_string('{ extends }{ block }'.format(request.url))", "strong"),
        ("cursor.execute('SELECT * FROM %s' % asked.quoted(table))", "weak"),
    ],
)
def test_tells_what_comes_of_a_name_that_nothing_binds(tmp_path: Path, line: str, strength: str) -> None:
    """What such a name gives, and what it has, is as unknown as itself; what quotes says so by its name."""
    assert [seen for _, seen, _, _ in told(tmp_path, f"import flask\n{line}\n")] == [strength]
