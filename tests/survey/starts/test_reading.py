"""What starts an application is read from whatever file says it, with the line on which it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.starts import reading, start
from ringwork.survey.starts.start import Start


def read(root: Path, **files: str) -> list[Start]:
    """The starts of a project that holds these files; two underscores in a name stand for its dot."""
    for name, text in files.items():
        (root / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return reading.starts(root, sorted(root.iterdir()))


IMAGE = """FROM python AS build
CMD ["flask", "run"]
FROM python
ENV FORWARDED_ALLOW_IPS="*"
# ringwork: exposed reason="the pod's own network"
ENTRYPOINT ["gosu", "app", "uvicorn", "main:app"]
CMD ["--host", "0.0.0.0", \\
     "--port=80"]
"""


def test_reads_an_image_by_its_last_stage(tmp_path: Path) -> None:
    """Entry point, words, variables and the reason belong together; a stage before is never started."""
    (found,) = read(tmp_path, Dockerfile=IMAGE)
    assert (found.server, found.file, found.line, found.reason) == (start.UVICORN, "Dockerfile", 6, "the pod's own network")
    assert [(o.name, o.value, o.line) for o in found.options] == [("proxies", "*", 4), ("host", "0.0.0.0", 6), ("port", "80", 6)]


COMPOSE = """services:
  web:
    command: >
      sh -c "python manage.py migrate &&
      daphne -b 0.0.0.0 --proxy-headers shop.asgi:application"
  worker:
    command:
      - waitress-serve
      - --listen=*:8080
      - shop:app
  other:
    command: ["hypercorn", "-c", "hypercorn.toml", "x:app"]
"""
TOML = 'bind = ["127.0.0.1:8000"]\ninclude_server_header = false\n'


def test_reads_every_shape_of_a_command_in_yaml(tmp_path: Path) -> None:
    """Folded text, lists of both kinds, and the file that a command names."""
    daphne, waitress, hypercorn = read(tmp_path, compose__yml=COMPOSE, hypercorn__toml=TOML)
    assert (daphne.server, daphne.line) == (start.DAPHNE, 3)
    assert daphne.told("trusts_all") is not None
    assert (waitress.server, waitress.line) == (start.WAITRESS, 7)
    bind, banner = hypercorn.told("bind"), hypercorn.told("no_banner")
    assert bind is not None
    assert banner is not None
    assert [(o.file, o.value, o.line) for o in (bind, banner)] == [("hypercorn.toml", "127.0.0.1:8000", 1), ("hypercorn.toml", "yes", 2)]


UNIT = """[Service]
Environment=GUNICORN_CMD_ARGS="--timeout 0"
ExecStart=/srv/venv/bin/gunicorn \\
   --bind unix:/run/x.sock shop:app
"""


def test_puts_a_unit_file_and_the_servers_own_file_together(tmp_path: Path) -> None:
    """gunicorn reads gunicorn.conf.py by itself; the command line counts last."""
    conf = 'import os\nbind = "0.0.0.0:80"\nworkers = 4\nforwarded_allow_ips = os.environ["PROXIES"]\n'
    (found,) = read(tmp_path, app__service=UNIT, gunicorn__conf__py=conf)
    assert (found.server, found.line) == (start.GUNICORN, 3)
    bind, proxies, timeout = found.told("bind"), found.told("proxies"), found.told("timeout")
    assert bind is not None
    assert (bind.value, bind.file) == ("unix:/run/x.sock", "app.service")
    assert proxies is not None
    assert (proxies.file, proxies.line) == ("gunicorn.conf.py", 4)
    assert timeout is not None
    assert (timeout.value, timeout.line) == ("0", 2)


def test_follows_a_command_into_the_script_that_it_runs(tmp_path: Path) -> None:
    """What a script starts is told at the script's line; a script that nothing runs starts nothing."""
    script = 'if __name__ == "__main__":\n    app.run(host="0.0.0.0", debug=True)\n'
    (found,) = read(tmp_path, Procfile="web: python app.py\n", app__py=script, other__py=script)
    assert (found.server, found.file, found.line) == (start.APP_RUN, "app.py", 2)


@pytest.mark.parametrize(
    ("name", "text", "server", "line", "told"),
    [
        ("uwsgi.ini", "[uwsgi]\nmodule = x\nhttp = :8000\npy-autoreload = 1\n", start.UWSGI, 1, {"bind": ":8000", "reload": "1"}),
        ("uwsgi.ini", "[uwsgi]\npy-autoreload = 0\nharakiri = 60\n", start.UWSGI, 1, {"timeout": "60"}),
        (
            "site.conf",
            "Listen 80\nTraceEnable On\nWSGIDaemonProcess x request-timeout=30\nWSGIScriptAlias / /x\n",
            start.MOD_WSGI,
            3,
            {"bind": "80", "trace": "On", "timeout": "30"},
        ),
        ("shop.ini", "[server:main]\nuse = egg:waitress#main\nlisten = *:6543\n", start.WAITRESS, 2, {"bind": "*:6543"}),
        ("Procfile", "web: fastapi run main.py\n", start.UVICORN, 1, {"host": "0.0.0.0"}),
        ("Procfile", "web: python -m flask --app shop run --debug\n", start.FLASK_RUN, 1, {"debug": "yes"}),
        ("Procfile", "web: python manage.py runserver 0.0.0.0:80\n", start.RUNSERVER, 1, {}),
        ("Procfile", "web: ringwork serve shop:app --unix /run/x\n", start.RINGWORK, 1, {"unix": "/run/x"}),
        ("run.sh", "exec granian --interface asgi --host 127.0.0.1 main:app\n", start.GRANIAN, 1, {"host": "127.0.0.1"}),
        ("run.sh", "uv run mod_wsgi-express start-server x.py --port 80 --debug-mode\n", start.MOD_WSGI, 1, {"port": "80", "debug": "yes"}),
        ("supervisord.conf", "[program:x]\ncommand=gunicorn -b :80 x:app\n", start.GUNICORN, 2, {"bind": ":80"}),
        ("fly.toml", '[processes]\napp = "hypercorn --reload x:app"\n', start.HYPERCORN, 2, {"reload": "yes"}),
        ("render.yaml", "services:\n- startCommand: gunicorn --bind=0.0.0.0:80 x:app\n", start.GUNICORN, 2, {"bind": "0.0.0.0:80"}),
    ],
)
def test_reads_each_server_where_it_is_told(name: str, text: str, server: str, line: int, told: dict[str, str], tmp_path: Path) -> None:
    """One reading for every server and kind of file."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    (found,) = reading.starts(tmp_path, [tmp_path / name])
    assert (found.server, found.line) == (server, line)
    assert {option.name: option.value for option in found.options} == told


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", 'FROM python\n# CMD uvicorn main:app --reload\nRUN pip install uvicorn\nCMD ["bash"]\n'),
        ("Procfile", "release: python manage.py migrate\n"),
        ("notes.txt", "gunicorn --reload x:app\n"),
        ("values.yml", "gunicorn:\n  reload: true\n"),
        ("run.sh", "echo 'unbalanced\npip install gunicorn\n"),
        ("site.conf", "Listen 80\nTraceEnable On\n"),
        ("setup.ini", "[server]\nhost = 0.0.0.0\n"),
    ],
)
def test_leaves_alone_what_starts_nothing(name: str, text: str, tmp_path: Path) -> None:
    """A comment, an installation, a text and somebody else's file are no start."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert reading.starts(tmp_path, [tmp_path / name]) == []


DEEP = {"names": "a" + ".b" * 20_000 + "()", "signs": "bind = " + "-" * 50_000 + "1", "sums": "bind = " + "+".join(["1"] * 20_000)}


@pytest.mark.parametrize("nested", DEEP)
def test_goes_on_behind_what_nests_too_deep(tmp_path: Path, nested: str) -> None:
    """A hostile file takes itself out of the look, and no other."""
    found = read(tmp_path, gunicorn__conf__py=DEEP[nested], Procfile="web: python run.py\nworker: gunicorn app:app", run__py=DEEP[nested])
    assert start.GUNICORN in [one.server for one in found]


def test_reads_a_variable_behind_many_blanks_at_once(tmp_path: Path) -> None:
    """A value is taken in one pass: by trial of every end this line would take longer than the suite."""
    blanks = " " * 100_000
    (found,) = read(tmp_path, Dockerfile=f'FROM python\nENV FORWARDED_ALLOW_IPS="*{blanks}x{blanks}"\nCMD ["uvicorn", "main:app"]\n')
    assert [(o.name, o.value) for o in found.options] == [("proxies", f"*{blanks}x")]
