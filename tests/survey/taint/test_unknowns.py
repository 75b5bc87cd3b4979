"""Values of which nobody says whence they come: a hint where they are put together, silence where they are bound or made harmless."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from ringwork.survey.taint.analysis import analyse

Told = list[tuple[str, str, str, int]]


def told(folder: Path, text: str, **others: str) -> Told:
    """Kind, strength, name of the entry and line of all that is found in one module."""
    (folder / "app.py").write_text(dedent(text), encoding="utf-8")
    for name, other in others.items():
        (folder / f"{name}.py").write_text(dedent(other), encoding="utf-8")
    return [(flow.kind, flow.strength.value, flow.entry.name, flow.place.line) for flow in analyse(folder).flows]


@pytest.mark.parametrize(
    ("kind", "bad", "safe"),
    [
        (
            "sql",
            "def rows(cursor, table):\n    cursor.execute('SELECT * FROM ' + table)\n",
            "def rows(cursor, name):\n    cursor.execute('SELECT * FROM notes WHERE name = %s', (name,))\n",
        ),
        (
            "sql",
            "def rows(cursor, count):\n    cursor.execute(f'SELECT * FROM notes LIMIT {count}')\n",
            "def rows(cursor, count):\n    cursor.execute(f'SELECT * FROM notes LIMIT {int(count)}')\n",
        ),
        (
            "command",
            "import os\ndef pack(name):\n    os.system('tar cf notes.tar ' + name)\n",
            "import os, shlex\ndef pack(name):\n    os.system('tar cf notes.tar ' + shlex.quote(name))\n",
        ),
        ("code", "def work(rule):\n    return eval(rule)\n", "def work():\n    return eval('1 + 1')\n"),
    ],
)
def test_tells_what_a_function_does_with_what_it_is_given(tmp_path: Path, kind: str, bad: str, safe: str) -> None:
    """Against a hole in a library that waits for its caller: a hint, since no request was seen to get there."""
    ((found, strength, name, _),) = told(tmp_path, bad)
    assert (found, strength) == (kind, "weak")
    assert name
    assert told(tmp_path, safe) == []


@pytest.mark.parametrize(
    ("bad", "safe"),
    [
        (
            "import stranger\nimport os\nos.system(stranger.ask())\n",
            "import stranger\nimport os\nos.system('ls')\n",
        ),
        (
            "from stranger import ask\ndef rows(cursor):\n    cursor.execute('SELECT * FROM {}'.format(ask()))\n",
            "from stranger import ask\ndef rows(cursor):\n    cursor.execute('SELECT * FROM notes')\n    cursor.execute(ask())\n",
        ),
    ],
)
def test_tells_what_code_gave_that_nobody_described(tmp_path: Path, bad: str, safe: str) -> None:
    """A statement that is put together of an unknown part is a hint; one that is handed over whole is what the function is for."""
    assert [strength for _, strength, _, _ in told(tmp_path, bad)] == ["weak"]
    assert told(tmp_path, safe) == []


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
    bad = "import os\ndef handler(event, context):\n    os.system('tar cf notes.tar ' + event['name'])\n"
    assert [(kind, strength) for kind, strength, _, _ in told(tmp_path, bad)] == [("command", "strong")]
    assert [strength for _, strength, _, _ in told(tmp_path, bad.replace("event, context", "event"))] == ["weak"]


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
