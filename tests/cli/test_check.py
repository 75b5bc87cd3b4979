from __future__ import annotations

import datetime
import functools
import json

import pytest

from ringwork.survey.linters import ruff
from ringwork.survey.linters import run as linters

SHELL = 'import subprocess\n\n\ndef show(name):\n    return subprocess.run(name, shell=True)\n\n\nTOOLS = {"show": show}\n'
SILENCED = 'import subprocess\n\n\ndef show(name):\n    return subprocess.run(name, shell=True)  # noqa\n\n\nTOOLS = {"show": show}\n'
DAY = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=30)
WAIVER = f'# ringwork: ignore[input.command-injection] reason="an own tool" owner=anna until={DAY}\n'


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder of one project, as the current one; of the other tools the fast one alone is asked."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.py").write_text(SHELL)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(linters, "run", functools.partial(linters.run, tools=(ruff.TOOL,)))
    return folder


@pytest.fixture
def shop_of_all(shop, monkeypatch):
    """The same, and all tools are asked."""
    monkeypatch.setattr(linters, "run", linters.run.func)
    return shop


def _found(text):
    return [(one["check"], one["file"], one["line"], one["strength"]) for one in json.loads(text)["findings"]]


def test_tells_the_word_of_other_tools_when_asked(shop_of_all, run):
    """What only other tools say is weak: counted, shown with --all, and then it fails the run."""
    quiet, loud = run("check", "."), run("check", ".", "--all")
    assert (quiet.code, loud.code) == (0, 1)
    assert "--all shows them" in quiet.text
    assert "shop.py:5" in loud.text
    assert "bandit B602, ruff S602" in " ".join(loud.text.split())


def test_a_file_that_cannot_be_read_is_named_beside_the_verdict(shop, run):
    """Against a broken file that is taken for one without findings; where all was read, nothing is added."""
    (shop / "shop.py").write_text("def total(prices):\n    return sum(prices)\n")
    assert "could not be read" not in " ".join(run("check", ".").text.split())
    (shop / "half.py").write_text("app = Flask(__name__\n\n@app.get('/')\ndef f(): return 'x'\n")
    ended = run("check", ".")
    assert ended.code == 0
    assert "nothing at or above low in what was read; of 2 Python files 1 could not be read whole" in " ".join(ended.text.split())


def test_where_no_file_can_be_read_nothing_is_clean(shop, run):
    """Against an exit code of 0 for a file that nobody has read."""
    (shop / "shop.py").write_bytes(b"\xff\xfe\x00app")
    for asked in (".", "shop.py"):
        ended = run("check", asked)
        assert (ended.code, "no Python file was read" in " ".join(ended.text.split())) == (3, True)


def test_prints_what_programs_read(shop_of_all, run):
    """JSON names each finding with its check, place and witnesses, and each tool with what became of it."""
    told = json.loads(run("check", ".", "--format", "json").text)
    assert told["format"] == "ringwork-check/1"
    (one,) = [one for one in told["findings"] if one["check"] == "input.command-injection/shell-and-argv"]
    assert (one["file"], one["line"], one["seen_by"]) == ("shop.py", 5, ["ringwork", "bandit B602", "ruff S602"])
    assert {tool["tool"]: tool["state"] for tool in told["tools"]}["mypy"] == "not asked"


def test_prints_results_for_code_scanning(shop, run):
    """A weak finding is to be reviewed and no failure; each has a file of the project and a fingerprint."""
    (shop / "shop.py").write_text("import subprocess, sys\nsubprocess.run(sys.argv[1])\n")
    (run_,) = json.loads(run("check", ".", "--format", "sarif").text)["runs"]
    one = next(result for result in run_["results"] if result["ruleId"].startswith("input.command-injection"))
    assert (one["kind"], one["level"]) == ("review", "none")
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop.py"
    assert one["partialFingerprints"]["ringworkFinding/v1"]


def test_prints_annotations(shop, run):
    """GitHub shows each open finding at its line."""
    text = run("check", ".", "--all", "--format", "github").text
    assert "::error file=shop.py,line=5,title=input.command-injection high::" in text


def test_keeps_its_id_when_lines_move(shop, run):
    """A finding is the same one after lines above it were added."""
    before = json.loads(run("check", ".", "--format", "json").text)["findings"]
    (shop / "shop.py").write_text("# a\n# b\n" + SHELL)
    after = json.loads(run("check", ".", "--format", "json").text)["findings"]
    assert {one["id"] for one in before} == {one["id"] for one in after}


def test_finds_a_warning_that_is_switched_off_for_everything(shop, run):
    """`# noqa` without a rule that hides a shell is a finding; one that hides style is none, nor one with rule and reason."""
    (shop / "shop.py").write_text(SILENCED)
    ended = run("check", ".")
    assert (ended.code, "names no rule" in ended.text) == (1, True)
    (shop / "shop.py").write_text(SILENCED.replace("noqa", "noqa: S602 - an own tool"))
    assert run("check", ".").code == 0
    (shop / "shop.py").write_text("import os  # noqa\n")
    assert run("check", ".").code == 0


def test_accepts_what_a_comment_accepts(shop, run):
    """With reason, owner and day it is accepted, counted, and fails nothing."""
    (shop / "shop.py").write_text(SHELL.replace("def show", f"{WAIVER}def show"))
    ended = run("check", ".", "--all", "--select", "input")
    assert (ended.code, "accepted 1" in ended.text) == (0, True)


def test_refuses_a_comment_that_says_too_little(shop, run):
    """A waiver without a reason, or past its day, accepts nothing and fails the run."""
    for old, new in (('reason="an own tool" ', ""), (str(DAY), "2020-01-01")):
        (shop / "shop.py").write_text(SHELL.replace("def show", f"{WAIVER.replace(old, new)}def show"))
        ended = run("check", ".", "--all", "--select", "input")
        assert (ended.code, "Waivers that do not hold" in ended.text, "accepted 0" in ended.text) == (1, True, True)


def test_reads_the_files_that_it_is_given(shop, run):
    """A hook names files: only they are read, and what is outside of the project is refused."""
    (shop / "other.py").write_text(SHELL)
    assert {file for _, file, _, _ in _found(run("check", "other.py", "--format", "json").text)} == {"other.py"}
    assert run("check", "none.py").code == 2


def test_leaves_tests_out_and_says_so(shop, run):
    """Nobody attacks a test; the count says that they were not read, and a file that is named is read."""
    (shop / "test_shop.py").write_text(SHELL)
    assert "1 test file left out" in run("check", ".").text
    assert "test_shop.py" in {file for _, file, _, _ in _found(run("check", ".", "--tests", "--format", "json").text)}


def test_names_the_file_that_could_not_be_read(shop, run):
    """A half-written file is not verified by name, and no fault of the others."""
    (shop / "half.py").write_text("def half(:\n")
    ended = run("check", ".")
    assert "half.py" in ended.text
    assert ended.code == 0


@pytest.mark.parametrize("words", [["--select", "nothing"], ["--fail-on", "bad"], ["--format", "xml"]])
def test_refuses_a_word_that_it_does_not_know(shop, run, words):
    """A slip must not select nothing and end clean."""
    assert run("check", ".", *words).code == 2


def test_proves_nothing_of_an_empty_folder(tmp_path, run):
    """Where nothing was read, nothing is clean."""
    assert run("check", str(tmp_path)).code == 3


def test_fits_forty_lines(shop, run):
    """However much is found, the default output fits a screen, and the rest is counted."""
    for number in range(30):
        (shop / f"a_module_whose_name_is_longer_than_a_line_has_room_for_{number}.py").write_text(SHELL)
    text = run("check", ".", "--all").text
    assert len(text.splitlines()) <= 40
    assert "more of" in text
    lines = [line for line in text.splitlines() if " input.command-injection " in line]
    assert len(lines) > 15, "two in full, and a line for each of the others"
    assert "; shortened, -v shows all of it" in text
    assert all(line.endswith("...") for line in lines[2:]), "a sentence that is cut says so"
    whole = run("check", ".", "--all", "-v").text
    assert "shortened" not in whole
    assert not [line for line in whole.splitlines() if line.endswith("...")]


LOADER = "import yaml\n\n\ndef read(text):\n    return yaml.load(text)\n"


def test_shows_what_it_would_mend_and_writes_nothing(shop, run):
    """--diff prints a patch, ends with 1, and leaves the file."""
    (shop / "shop.py").write_text(LOADER)
    ended = run("check", ".", "--diff")
    assert (ended.code, "+    return yaml.safe_load(text)\n" in ended.out) == (1, True)
    assert (shop / "shop.py").read_text() == LOADER
    assert run("check", ".", "--diff", "--ignore", "input").code == 0


def test_mends_what_is_safe_and_then_looks(shop, run):
    """--fix writes; afterwards nothing is there to be mended or found."""
    (shop / "shop.py").write_text(LOADER)
    ended = run("check", ".", "--all", "--fix", "--format", "json")
    assert (shop / "shop.py").read_text() == LOADER.replace("load(text)", "safe_load(text)")
    assert "mended shop.py:5: yaml.safe_load" in ended.err
    assert json.loads(ended.out)["findings"] == []
    assert run("check", ".", "--diff").code == 0


def test_says_what_it_leaves_to_a_person(shop, run):
    """What only a person can decide is named with the line and what to write."""
    (shop / "shop.py").write_text("import tempfile\nname = tempfile.mktemp()\n")
    ended = run("check", ".", "--diff")
    assert (ended.code, "left to you shop.py:2" in ended.err, "mkstemp" in ended.err) == (0, True, True)


def test_mends_nothing_that_somebody_accepted(shop, run):
    """A comment with rule and reason is a decision, which no edit overrules; without a reason it is none."""
    kept = LOADER.replace("(text)\n", "(text)  # nosec B506 - our own file\n")
    (shop / "shop.py").write_text(kept)
    assert run("check", ".", "--diff").code == 0
    (shop / "shop.py").write_text(kept.replace(" - our own file", ""))
    assert run("check", ".", "--diff").code == 1


def test_writes_through_no_link(shop, run, tmp_path):
    """A link may lead out of the project: what is behind it is not ours to mend."""
    other = tmp_path / "other.py"
    other.write_text(LOADER)
    (shop / "linked.py").symlink_to(other)
    run("check", ".", "--fix")
    assert other.read_text() == LOADER


SHOP = """import sqlite3

from flask import Flask, request

app = Flask(__name__)


def rows(name):
    return sqlite3.connect("shop.db").execute(f"SELECT * FROM t WHERE name = '{name}'").fetchall()


@app.get("/rows")
def listing():
    return {"rows": rows(request.args.get("name"))}
"""


def test_shows_the_way_of_a_value_from_a_request_to_the_place(shop, run):
    """Which route it is, where the value comes in, what it goes through, and what to write instead; other tools at that line are named."""
    (shop / "shop.py").write_text(SHOP)
    ended = run("check", ".")
    assert ended.code == 1
    assert "critical  input.sql-injection  shop.py:9  GET /rows" in ended.text
    assert "ringwork, ruff S608" in " ".join(ended.text.split())
    (one,) = [one for one in json.loads(run("check", ".", "--format", "json").text)["findings"] if one["kind"] == "sql"]
    assert (one["strength"], [step["line"] for step in one["steps"]][0::99], one["steps"][-1]["line"]) == ("strong", [14], 9)


def test_hands_the_way_to_code_scanning(shop, run):
    """Each step is a place that one can go to."""
    (shop / "shop.py").write_text(SHOP)
    (run_,) = json.loads(run("check", ".", "--format", "sarif").text)["runs"]
    (one,) = [result for result in run_["results"] if result["ruleId"] == "input.sql-injection"]
    assert (one["kind"], one["level"]) == ("fail", "error")
    (flow,) = one["codeFlows"][0]["threadFlows"]
    assert len(flow["locations"]) > 1


def test_mends_a_query_and_finds_it_no_more(shop, run):
    """The place that was found is the place that is mended."""
    (shop / "shop.py").write_text(SHOP)
    ended = run("check", ".", "--fix", "--select", "input")
    assert (ended.code, "mended shop.py:9" in ended.err) == (0, True)
    assert '.execute("SELECT * FROM t WHERE name = ?", (name,))' in (shop / "shop.py").read_text()


def test_follows_a_value_into_files_that_were_not_named(shop, run):
    """A hook that names one file still sees what that file hands to another, and nothing of files beside them."""
    head, _, tail = SHOP.partition("def rows")
    query, _, handler = tail.partition("\n\n\n")
    (shop / "query.py").write_text(f"import sqlite3\n\n\ndef rows{query}\n")
    (shop / "shop.py").write_text(f"{head}from query import rows\n\n\n{handler}")
    (shop / "beside.py").write_text('import hashlib\nx = hashlib.md5(b"a")\n')
    found = {(check, file) for check, file, _, strength in _found(run("check", "shop.py", "--format", "json").text) if strength == "strong"}
    assert found == {("input.sql-injection/built-statements", "query.py")}


STORE = """import sqlite3


def query(text, *given):
    return sqlite3.connect("shop.db").execute(text, given).fetchall()
"""
PAGES = """from flask import Flask, request

from store import query

app = Flask(__name__)


@app.get("/a")
def first():
    return query(f"SELECT * FROM t WHERE name = '{request.args['a']}'")


@app.get("/b")
def second():
    text = "SELECT * FROM t WHERE name = '" + request.args["b"] + "'"
    return query(text)


@app.get("/c")
def third():
    return query("SELECT * FROM t WHERE name = ?", request.args["c"])
"""


def _pages(shop, pages=PAGES, store=STORE):
    (shop / "shop.py").write_text(pages)
    (shop / "store.py").write_text(store)


def test_tells_each_line_that_makes_a_text_for_a_shared_helper(shop, run):
    """Three lines that have to be mended are no one row at the helper that runs what it is handed; ids stay when lines move."""
    _pages(shop)
    told = json.loads(run("check", ".", "--format", "json", "--select", "input.sql-injection").text)["findings"]
    assert [(one["file"], one["line"], one["function"], one["routes"]) for one in told] == [
        ("shop.py", 10, "shop.first", ["GET /a"]),
        ("shop.py", 15, "shop.second", ["GET /b"]),
    ]
    assert {one["steps"][-1]["file"] for one in told} == {"store.py"}
    assert all("ruff S608" in one["seen_by"] for one in told)
    _pages(shop, f"import os\n\n{PAGES}")
    moved = json.loads(run("check", ".", "--format", "json", "--select", "input.sql-injection").text)["findings"]
    assert [one["id"] for one in moved] == [one["id"] for one in told]


def test_accepts_by_a_comment_where_a_text_is_made_or_where_it_is_run(shop, run):
    """A comment at the line that is told accepts that one; one at the helper all that end there."""
    waiver = WAIVER.replace("command", "sql").strip()
    _pages(shop, PAGES.replace("    text =", f"    {waiver}\n    text ="))
    told = _found(run("check", ".", "--format", "json", "--select", "input.sql-injection").text)
    ended = run("check", ".", "--select", "input.sql-injection")
    assert (len(told), ended.code, "accepted 1" in ended.text) == (2, 1, True)
    _pages(shop, store=STORE.replace("    return", f"    {waiver}\n    return"))
    ended = run("check", ".", "--select", "input.sql-injection")
    assert (ended.code, "accepted 2" in ended.text) == (0, True)


def test_tells_one_fault_of_a_line_once(shop, run):
    """That a loader is unsafe is told where nothing is known to reach it, and is one with what a request loads."""
    head = "import yaml\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n\n"
    (shop / "shop.py").write_text(f"{head}def kept(text):\n    return yaml.load(text, Loader=yaml.Loader)\n\n\nREADERS = [kept]\n")
    (alone,) = _found(run("check", ".", "--format", "json", "--all", "--select", "input").text)
    assert alone[3] == "weak"
    view = "@app.post('/a')\ndef a():\n    return yaml.load(request.data, Loader=yaml.Loader)\n"
    (shop / "shop.py").write_text(head + view)
    (once,) = _found(run("check", ".", "--format", "json", "--all", "--select", "input").text)
    assert once == ("input.unsafe-deserialization/loaders", "shop.py", 9, "strong")
