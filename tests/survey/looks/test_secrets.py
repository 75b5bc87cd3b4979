"""Secrets in code and files: what is told, what is not, and that no value ever leaves."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest

from ringwork.survey.flows import Past, secret_id
from ringwork.survey.looks import formats, history, liveness


def _made(length: int, alphabet: str = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789") -> str:
    """The same letters in every run, which look as if chance had made them."""
    digest = hashlib.sha512(b"a value of no service").digest() * 4
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])


_TOKEN = "ghp_" + _made(36)
_RANDOM = _made(40)


def test_a_token_of_known_form_is_told_in_any_file(looked):
    """A key in a script is as good as one in code."""
    for name, text in {"app.py": f"x = '{_TOKEN}'\n", "deploy.sh": f"curl -H {_TOKEN}\n", "notes.ipynb": f'{{"a": "{_TOKEN}"}}'}.items():
        found = looked({name: text}, "secret")
        assert [flow.place.file for flow in found if flow.place.file == name] == [name]


def test_no_value_leaves_with_what_is_told(looked):
    """A report is read by more people than the code."""
    found = looked({"app.py": f'SECRET_KEY = "{_RANDOM}"\nx = "{_TOKEN}"\n', "app.env": f"API_TOKEN={_RANDOM}\n"})
    assert len([flow for flow in found if flow.kind == "secret"]) == 3
    assert not any(value in repr(flow) for flow in found for value in (_TOKEN, _RANDOM, _TOKEN[4:], _RANDOM[:12]))


@pytest.mark.parametrize("value", ["ghp_" + "x" * 36, "AKIAIOSFODNN7EXAMPLE", "AKIA" + "A" * 16])
def test_an_example_of_a_form_is_no_secret(looked, value):
    """Documentation shows what a token looks like."""
    assert not looked(f"x = '{value}'\n", "secret")


def test_a_private_key_is_told_and_its_mark_alone_is_not(looked):
    """Code that looks for keys names the line that they begin with."""
    body = base64.b64encode(hashlib.sha512(b"no key").digest()).decode()
    mark = "-----BEGIN " + "RSA PRIVATE KEY-----"
    assert looked({"ca.pem": f"{mark}\n{body}\n"}, "secret")
    assert not looked({"ca.pem": "", "app.py": f'MARK = "{mark}"\n'}, "secret")


@pytest.mark.parametrize(
    "line",
    [
        'SECRET_KEY = "django-insecure-7f2kd93kd02kd92kd"',
        'app.secret_key = "hello"',
        'app.config["SECRET_KEY"] = b"hello there"',
        'app.config.from_mapping(SECRET_KEY="dev")',
        'app.add_middleware(SessionMiddleware, secret_key="tell no one")',
        'SECRET_KEY = os.environ.get("SECRET_KEY", "fallback-of-all")',
        'key = os.getenv("JWT_SECRET", "abc")',
        'SECRET_KEY = os.environ.get("SECRET_KEY") or "abc"',
        'JWT_SECRET: str = "change-me"',
        'SECRET_KEY = config.get("site", "secret", fallback="abc")',
        'SECRET_KEY = config.get("secret_key", "secret")',
        'SECRET_KEY = os.environ.get("SITE", "secret")',
    ],
)
def test_a_signing_key_in_the_code_is_told(looked, line):
    """Whoever knows the key signs a session for anybody."""
    found = looked(f"import os\n{line}\n", "default-secret")
    assert [(flow.place.line, flow.strength.value) for flow in found] == [(2, "strong")]


@pytest.mark.parametrize(
    "line",
    [
        'SECRET_KEY = os.environ["SECRET_KEY"]',
        'SECRET_KEY = os.environ.get("SECRET_KEY")',
        'SECRET_KEY = config.get("site", "secret")',
        'SECRET_KEY = config.get("site", "secret_key", raw=True)',
        "SECRET_KEY = secrets.token_urlsafe(32)",
        'SECRET_KEY = ""',
        "SECRET_KEY: str",
        'secret_key = secret_key.encode("utf-8")',
        'SECRET_KEY_FILE = "/run/secrets/key"',
        'PASSWORD_RESET_URL = "/accounts/reset/1"',
        'token_type = "bearer1"',
        'error = {"password": "must have 8 characters or more"}',
        'PASSWORD_FIELD = "passwd_1"',
        'password = request.form["password"]',
        'API_TOKEN = "<your-token-here-1234567890abc>"',
        'password_hash = "pbkdf2_sha256$260000$abcdefgh"',
    ],
)
def test_what_is_no_literal_secret_is_not_told(looked, line):
    """Names that tell about a secret, settings that are read, and placeholders."""
    assert not looked(f"import os\nimport secrets\n{line}\n", "secret")
    assert not looked(f"import os\nimport secrets\n{line}\n", "default-secret")


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ('EMAIL_PASSWORD = os.getenv("MAIL", "hunter2hunter2")', True),
        ('EMAIL_PASSWORD = os.getenv("MAIL", "")', False),
        ('EMAIL_PASSWORD = os.getenv("MAIL")', False),
    ],
)
def test_a_password_that_serves_where_none_is_given_is_a_hint(looked, line, is_told):
    """On a developer's machine it opens nothing; forgotten in production it does."""
    assert [flow.strength.value for flow in looked(f"import os\n{line}\n", "default-secret")] == ["weak"] * is_told


def test_settings_of_a_developers_machine_are_weak(looked):
    """Nobody else's sessions are signed by them."""
    found = looked({"settings/dev.py": 'SECRET_KEY = "only here"\n'}, "default-secret")
    assert [flow.strength.value for flow in found] == ["weak"]


@pytest.mark.parametrize(
    "line", ['if password == "Winter2019!":\n    pass', 'db = connect(user="app", password="s3cretive")', 'DB_PASSWORD = "tr0ub4dor&3"']
)
def test_a_password_in_the_code_is_told(looked, line):
    """A password that was compiled in cannot be changed."""
    assert [flow.strength.value for flow in looked(f"{line}\n", "secret")] == ["strong"]


def test_a_test_may_have_passwords(looked):
    """What opens nothing is no secret."""
    assert not looked({"tests/test_app.py": f'PASSWORD = "tr0ub4dor&3"\nSECRET_KEY = "{_RANDOM}"\n'})


def test_a_random_value_with_a_name_is_told_in_settings_files(looked):
    """YAML is committed as easily as code."""
    assert looked({"config.yaml": f"api_token: {_RANDOM}\n"}, "secret")
    assert not looked({"config.yaml": "api_token: ${API_TOKEN_FROM_ELSEWHERE}\ntoken_url: https://a.example/token/1\n"}, "secret")
    assert not looked({"config.yaml": "", "poetry.lock": f"secret_hash = {_RANDOM}\n", "site.min.js": f'token="{_RANDOM}"\n'}, "secret")


def test_a_password_in_an_address_is_told(looked):
    """An address of a database is a credential too; one of the own machine opens nothing."""
    assert looked({"app.ini": "url = postgresql://shop:Kq7vTz93@db.internal.net/shop\n"}, "secret")
    assert not looked({"app.ini": "url = postgresql://shop:Kq7vTz93@localhost/shop\nb = redis://user:${PW}@db.net/0\n"}, "secret")


@pytest.mark.parametrize(
    ("address", "strengths"),
    [
        ("postgresql://shop:Kq7vTz93@db/shop", ["strong"]),
        ("postgresql://shop:Kq7vTz93@localhost/shop", ["weak"]),
        ("postgresql://shop:shop@db/shop", []),
        ("postgresql://shop:password@db/shop", []),
    ],
)
def test_a_password_for_a_neighbour_is_told_where_a_module_holds_it(looked, address, strengths):
    """A name without a dot is resolved wherever the code runs; the own machine is a developer's."""
    assert [flow.strength.value for flow in looked({"app.py": f'DSN = "{address}"\n'}, "secret")] == strengths


def test_source_that_reads_otherwise_than_it_runs_is_told(looked):
    """Trojan Source: the direction of writing is turned in a comment; a mark within one language, and an escape, are no such sign."""
    bad = "def paid(sum):\n    # of \u202e all \u2066 sums\n    return sum\n"
    assert [(flow.place.line, flow.strength) for flow in looked({"app.py": bad}, "hidden-code")] == [(2, "strong")]
    assert not looked({"app.py": "WORD = 'sho\u200fwn'\nTURN = '\\u202e'\n"}, "hidden-code")


@pytest.mark.parametrize(
    "value",
    [
        "vertical-align-middle-2",
        "com.example.service.v1",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "https://a.net/b1c2d3e4f5a6b7c8",
        "hello world 12 34 56",
    ],
)
def test_words_and_addresses_are_not_random(value):
    """What a person wrote was not made by chance."""
    assert not liveness.is_random(value)


def test_values_made_by_chance_are_random():
    """Hexadecimal and text alike."""
    assert liveness.is_random(_RANDOM)
    assert liveness.is_random(hashlib.sha256(b"x").hexdigest())


def test_forms_are_found_in_long_texts_without_delay():
    """Against a file that was made to keep a reader busy: all forms together look at each letter a bounded number of times."""
    assert not list(formats.found("ghp_AKIA-----BEGIN PRIVATE KEY-----" * 5_000 + "sk-" + "a" * 100_000))


def _git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, "-C", str(folder), *words], check=True, capture_output=True)


def test_a_secret_that_was_deleted_is_found_in_the_history(tmp_path):
    """Who has the repository has every version of it."""
    _git(tmp_path, "init", "-q")
    (tmp_path / "app.py").write_text(f"import os\nTOKEN = '{_TOKEN}'\n", encoding="utf-8")
    _git(tmp_path, "add", "app.py")
    _git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "app.py").write_text("import os\n", encoding="utf-8")
    _git(tmp_path, "commit", "-qam", "second")
    found = history.read(tmp_path)
    assert (found.commits, found.missing) == (2, "")
    assert [(flow.place.file, flow.place.line) for flow in found.flows] == [("app.py", 2)]
    assert _TOKEN not in repr(found)


def test_a_history_without_secrets_counts_its_commits(tmp_path):
    """Nothing found is worth something only where something was read."""
    _git(tmp_path, "init", "-q")
    (tmp_path / "app.py").write_text("+ghp\n", encoding="utf-8")
    _git(tmp_path, "add", "app.py")
    _git(tmp_path, "commit", "-qm", "first")
    assert history.read(tmp_path) == Past(commits=1)


def test_a_history_is_cut_at_its_bound(tmp_path):
    """A bound that was met is told."""
    _git(tmp_path, "init", "-q")
    for number in range(3):
        (tmp_path / "app.py").write_text(f"a = {number}\n", encoding="utf-8")
        _git(tmp_path, "add", "app.py")
        _git(tmp_path, "commit", "-qm", "next")
    assert "cut short after 2 commits" in history.read(tmp_path, most_commits=1).missing
    assert "it may take 0 s" in history.read(tmp_path, seconds=0).missing


def test_outside_of_a_repository_there_is_no_history(tmp_path):
    """Nothing is claimed where nobody could look."""
    found = history.read(tmp_path)
    assert (found.commits, "no repository here" in found.missing) == (0, True)


def test_a_secret_of_a_merge_is_found_with_its_line(tmp_path):
    """Against a commit that brings in more than its parents have: what a merge alone added counts, and nothing of theirs twice."""
    _git(tmp_path, "init", "-q", "-b", "main")
    app = tmp_path / "app.py"
    app.write_text("a = 1\nb = 2\n", encoding="utf-8")
    _git(tmp_path, "add", "app.py")
    _git(tmp_path, "commit", "-qm", "first")
    _git(tmp_path, "switch", "-qc", "side")
    app.write_text(f"a = 1\nb = 2\nc = '{_TOKEN}'\n", encoding="utf-8")
    _git(tmp_path, "commit", "-qam", "side")
    _git(tmp_path, "switch", "-q", "main")
    app.write_text("a = 0\nb = 2\n", encoding="utf-8")
    _git(tmp_path, "commit", "-qam", "main")
    _git(tmp_path, "merge", "-q", "--no-commit", "side")
    other = _TOKEN[:-2] + "Kz"
    app.write_text(f"a = 0\nb = 2\nc = '{_TOKEN}'\nd = '{other}'\n", encoding="utf-8")
    _git(tmp_path, "commit", "-qam", "merged")
    found = history.read(tmp_path)
    assert found.commits == 4
    assert [(flow.place.file, flow.place.line) for flow in found.flows] == [("app.py", 3), ("app.py", 4)]


def test_a_secret_at_the_end_of_a_large_file_is_found_at_its_line(tmp_path):
    """A file of many lines is read in pieces, as a long line is."""
    _git(tmp_path, "init", "-q")
    text = "a" * 300_000 + "\n" + "word " * 19 + "\n"
    (tmp_path / "data.txt").write_text(text + ("word " * 19 + "\n") * 20_000 + f"{_TOKEN}\n", encoding="utf-8")
    _git(tmp_path, "add", "data.txt")
    _git(tmp_path, "commit", "-qm", "first")
    assert [flow.place.line for flow in history.read(tmp_path).flows] == [20_003]


def test_a_secret_far_behind_in_a_line_is_found(tmp_path):
    """Against a bundle or a notebook, which is one line of megabytes: it is read in pieces, none of which cuts a secret in two."""
    _git(tmp_path, "init", "-q")
    for number, before in enumerate((65_530, 1_000_010, 1_048_570)):
        value = _TOKEN[:-1] + "KLM"[number]
        (tmp_path / f"data{number}.json").write_text("x" * (before - 2) + f' "{value}" ' + "y" * 90_000 + "\nlast\n", encoding="utf-8")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    assert [(flow.place.file, flow.place.line) for flow in history.read(tmp_path).flows] == [
        (f"data{number}.json", 1) for number in range(3)
    ]


def test_two_secrets_of_a_line_are_two_records(tmp_path):
    """Against a record for one of them that is taken for both; the first keeps the id that it has alone."""
    _git(tmp_path, "init", "-q")
    other = _TOKEN[:-2] + "Kz"
    (tmp_path / "app.py").write_text(f"PAIR = '{_TOKEN}', '{other}', '{_TOKEN}'\n", encoding="utf-8")
    _git(tmp_path, "add", "app.py")
    _git(tmp_path, "commit", "-qm", "first")
    found = history.read(tmp_path).flows
    assert len({secret_id(flow) for flow in found}) == 2
    assert "secret: GitHub token in the history" in [flow.sink for flow in found]


def test_a_password_in_an_address_of_the_history_is_told(tmp_path):
    """A database's address has its password; that of a neighbour on the developer's machine opens nothing, and words say nothing."""
    _git(tmp_path, "init", "-q")
    password = "kV7" + "pQ2x-Wm9"
    lines = (
        f"a = 'postgres://app:{password}@db.shop.test.org/x'\nb = 'postgres://app:{password}x@localhost/x'\nc = 'amqp://a:password@q.org'\n"
    )
    (tmp_path / "settings.py").write_text(lines, encoding="utf-8")
    _git(tmp_path, "add", "settings.py")
    _git(tmp_path, "commit", "-qm", "first")
    found = history.read(tmp_path).flows
    assert [(flow.place.line, flow.sink) for flow in found] == [(1, "secret: password in an address of postgres in the history")]
    assert password not in repr(found)


def test_a_shallow_clone_is_told(tmp_path):
    """What is not here was not read."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    _git(origin, "init", "-q")
    for number in range(2):
        (origin / "app.py").write_text(f"a = {number}\n", encoding="utf-8")
        _git(origin, "add", "app.py")
        _git(origin, "commit", "-qm", "next")
    _git(tmp_path, "clone", "-q", "--depth=1", origin.as_uri(), str(clone))
    found = history.read(clone)
    assert (found.commits, "shallow" in found.missing) == (1, True)


def test_a_tracked_environment_file_is_told(tmp_path, looked):
    """What git keeps is shipped; what it ignores is not."""
    _git(tmp_path, "init", "-q")
    (tmp_path / ".env").write_text("DATABASE_PASSWORD=hunter\n", encoding="utf-8")
    (tmp_path / ".env.example").write_text("DATABASE_PASSWORD=change-me\n", encoding="utf-8")
    _git(tmp_path, "add", ".env", ".env.example")
    assert [(flow.place.file, flow.strength.value) for flow in looked({}, "ignore-rules")] == [(".env", "strong")]
    _git(tmp_path, "rm", "-q", "--cached", ".env")
    assert [flow.place.file for flow in looked({}, "ignore-rules")] == [".env"]
    assert not looked({".gitignore": ".env\n"}, "ignore-rules")


def test_an_image_of_everything_is_told_unless_the_file_is_left_out(looked):
    """COPY . . takes the environment file along."""
    files = {"Dockerfile": "FROM python\nCOPY . /app\n", ".env": "A=1\n"}
    found = looked(files, "ignore-rules")
    assert [(flow.place.file, flow.place.line) for flow in found] == [("Dockerfile", 2)]
    assert not looked({".dockerignore": "**/.env\n.git\n"}, "ignore-rules")


def test_an_image_that_takes_secrets_along_is_strong(looked):
    """The file is there, and it holds one; a file that gives no secret, and none at all, is a hint."""
    files = {"Dockerfile": "FROM python\nCOPY . /app\n", ".env": "SECRET_KEY=of-this-test\n"}
    assert [flow.strength.value for flow in looked(files, "ignore-rules")] == ["strong"]
    assert [flow.strength.value for flow in looked({".env": "COLOUR=blue\n"}, "ignore-rules")] == ["weak"]
