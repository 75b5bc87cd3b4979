from __future__ import annotations

import ast
import json
import re
import tomllib

import pytest

from ringwork.cli import pipelines, project_text, proposals
from ringwork.errors import TargetFailed

SHOP = "from fastapi import FastAPI\napp = FastAPI()\n"
COMMENTED = '# the shop\n[project]\nname = "shop" # two words\nversion   =   "1"\ndependencies = ["fastapi"]\n\n[tool.ruff]\nline-length=99'


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A project with one application, at the top of a repository, as the current folder."""
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/feature\n")
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("0" * 40)
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_names_the_application_and_the_users(shop, run):
    """After `ringwork init`, `ringwork prove` alone knows what to attack and who can sign in."""
    assert run("init").code == 0
    assert tomllib.loads((shop / "ringwork.toml").read_text())["prove"] == {"target": "shop:app", "users_from": "ringwork_users:users"}
    made = {}
    exec((shop / "ringwork_users.py").read_text(), made)
    assert made["users"]() == []
    assert (shop / ".gitignore").read_text() == ".ringwork/\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_adds_to_pyproject_and_changes_nothing_in_it(shop, run, end):
    """Comments, order, odd spaces and line ends of a file that people keep by hand stay to the byte."""
    old = COMMENTED.replace("\n", end).encode()
    (shop / "pyproject.toml").write_bytes(old)
    assert run("init").code == 0
    new = (shop / "pyproject.toml").read_bytes()
    assert new.startswith(old)
    assert new.count(b"\n") == new.count(end.encode())
    assert tomllib.loads(new.decode())["tool"]["ringwork"]["prove"]["target"] == "shop:app"
    assert not (shop / "ringwork.toml").exists()


def test_adds_beside_the_policy_that_is_there(shop, run):
    """Settings of the guard in ringwork.toml are where the prover's go too."""
    (shop / "ringwork.toml").write_text('origin = "https://shop.example"\n')
    (shop / "pyproject.toml").write_text(COMMENTED)
    assert run("init").code == 0
    found = tomllib.loads((shop / "ringwork.toml").read_text())
    assert (found["origin"], found["prove"]["target"]) == ("https://shop.example", "shop:app")
    assert (shop / "pyproject.toml").read_text() == COMMENTED


def test_leaves_settings_that_are_there(shop, run):
    """Whoever settled this already is not asked again, and gets no second file of users."""
    (shop / "ringwork.toml").write_text("[prove]\ncoverage_floor = 0.5\n")
    ended = run("init")
    assert (ended.code, "has settings for the prover already" in ended.text) == (0, True)
    assert (shop / "ringwork.toml").read_text() == "[prove]\ncoverage_floor = 0.5\n"
    assert not (shop / "ringwork_users.py").exists()


@pytest.mark.parametrize("text", ['tool = {ringwork = {mode = "observe"}}\n', '[tool]\nringwork = {mode = "observe"}\n'])
def test_refuses_a_form_to_which_nothing_can_be_added(shop, run, text):
    """A table that is written inline takes no second one; the file stays, and the lines are told."""
    (shop / "pyproject.toml").write_text(text)
    ended = run("init")
    assert (ended.code, 'target = "shop:app"' in ended.text) == (2, True)
    assert (shop / "pyproject.toml").read_text() == text


def test_refuses_a_broken_settings_file(shop, run):
    """What cannot be read is not added to."""
    (shop / "pyproject.toml").write_text("[project\n")
    ended = run("init")
    assert (ended.code, "pyproject.toml is no valid TOML" in ended.text) == (2, True)


@pytest.mark.parametrize("words", [(), ("ci", "github"), ("ci", "gitlab"), ("pre-commit",)])
def test_a_second_run_changes_nothing(shop, run, words):
    """Whoever runs it twice has what they had."""
    assert run("init", *words).code == 0
    before = _tree(shop)
    assert run("init", *words).code == 0
    assert _tree(shop) == before


@pytest.mark.parametrize("words", [(), ("ci", "github"), ("ci", "gitlab"), ("pre-commit",)])
def test_a_dry_run_writes_nothing(shop, run, words):
    """It shows every line and leaves the folder alone."""
    before = _tree(shop)
    ended = run("init", *words, "--dry-run")
    assert (ended.code, "+" in ended.out) == (0, True)
    assert _tree(shop) == before


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("ci", "github"), ".github/workflows/ringwork.yml"),
        (("ci", "gitlab"), ".gitlab/ringwork.yml"),
        (("ci", "gitlab"), ".gitlab-ci.yml"),
        (("pre-commit",), ".pre-commit-config.yaml"),
    ],
)
def test_never_writes_over_what_is_there(shop, run, words, file):
    """A changed file is shown as a diff and left; only --force writes."""
    (shop / file).parent.mkdir(parents=True, exist_ok=True)
    mine = "repos:\n  - repo: meta\n    hooks: [{id: identity}]\n" if words == ("pre-commit",) else "stages: [test]\n"
    (shop / file).write_text(mine)
    ended = run("init", *words)
    assert ended.code == 1
    assert "was left as it is" in ended.text
    assert f"+++ {file}" in ended.out
    assert (shop / file).read_text() == mine
    assert run("init", *words, "--force").code == 0
    assert (shop / file).read_text() != mine
    assert run("init", *words).code == 0


def test_never_writes_over_users(shop, run):
    """From its second day the file of users is the project's own."""
    (shop / "ringwork_users.py").write_text("def users(): return [1]\n")
    assert run("init").code == 0
    assert (shop / "ringwork_users.py").read_text() == "def users(): return [1]\n"


def test_asks_which_application_is_meant(shop, run):
    """Of two it chooses none, and says what to write."""
    (shop / "other.py").write_text(SHOP)
    ended = run("init")
    assert (ended.code, "ringwork init --target other.py:app" in ended.text) == (2, True)
    assert run("init", "--target", "other:app").code == 0
    assert 'target = "other:app"' in (shop / "ringwork.toml").read_text()


def test_names_an_application_of_another_root_by_its_file(shop, run):
    """backend/ is a project of its own, so its module is not found from here; its file is."""
    (shop / "shop.py").unlink()
    (shop / "backend" / "app").mkdir(parents=True)
    (shop / "backend" / "pyproject.toml").write_text("")
    (shop / "backend" / "app" / "main.py").write_text(SHOP)
    assert run("init").code == 0
    assert 'target = "backend/app/main.py:app"' in (shop / "ringwork.toml").read_text()


def test_refuses_a_word_that_is_nothing(shop, run):
    """A mistyped part is told with those that there are."""
    ended = run("init", "ci", "gitbub")
    assert (ended.code, "write one of: ci github, ci gitlab, pre-commit" in ended.text) == (2, True)


def test_a_pipeline_of_a_folder_below_the_top_works_in_that_folder(shop, run, monkeypatch):
    """GitHub reads workflows at the top only, whichever folder the project stands in."""
    (shop / "backend").mkdir()
    (shop / "backend" / "shop.py").write_text(SHOP)
    monkeypatch.chdir(shop / "backend")
    assert run("init", "ci", "github").code == 0
    assert run("init", "pre-commit").code == 0
    text = (shop / ".github" / "workflows" / "ringwork.yml").read_text()
    assert 'working-directory: "backend"' in text
    assert 'cd "$RUNNER_TEMP/before/backend"' in text
    assert "made by backend/ringwork_users.py" in text
    hooks = (shop / ".pre-commit-config.yaml").read_text()
    assert "entry: ringwork prove backend --quick" in hooks
    assert "files: ^backend/\n" in hooks


@pytest.mark.parametrize("branch", ["main; rm -rf .", '"', "a\nb", "${{ secrets.X }}", ""])
def test_refuses_a_branch_that_would_be_a_command(branch, tmp_path):
    """What is put into a pipeline is a plain name, or nothing is written."""
    place = pipelines.Place(top=tmp_path, folder=".", branch=branch, users="ringwork_users.py", install=())
    with pytest.raises(TargetFailed, match="cannot stand in a pipeline file"):
        pipelines.github(place)


@pytest.mark.parametrize("line", ["a\nb", "a\u2028b", " "])
def test_refuses_an_install_line_that_is_no_line(line, tmp_path):
    """A second line would stand where it means something else in YAML."""
    place = pipelines.Place(top=tmp_path, folder=".", branch="main", users="ringwork_users.py", install=(line,))
    with pytest.raises(TargetFailed, match="is no line of a shell"):
        pipelines.gitlab(place)


def test_reads_the_branch_from_the_remote(shop, run):
    """The remote's own default counts before any usual name."""
    (shop / ".git" / "refs" / "remotes" / "origin").mkdir(parents=True)
    (shop / ".git" / "refs" / "remotes" / "origin" / "HEAD").write_text("ref: refs/remotes/origin/release/next\n")
    assert run("init", "ci", "github").code == 0
    assert 'branches: ["release/next"]' in (shop / ".github" / "workflows" / "ringwork.yml").read_text()


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        ({"uv.lock": "", "pyproject.toml": "[project]"}, ("uv sync --quiet --locked --active --inexact", "'ringwork[prove]==")),
        ({"poetry.lock": ""}, ("poetry install --quiet --no-interaction", "'ringwork[prove]==")),
        ({"requirements.txt": "fastapi\n"}, ("python -m pip install --quiet --requirement requirements.txt", "'ringwork[prove]==")),
        ({"requirements.txt": "fastapi\nringwork[prove]>=0.1\n"}, ("--requirement requirements.txt", "'ringwork[prove]'")),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, ("python -m pip install --quiet .", "'ringwork[prove]==")),
        ({"pyproject.toml": "[project]\ndependencies = ['ringwork >= 0.1']\n"}, ("pip install --quiet .", "'ringwork[prove]'")),
        ({"pyproject.toml": "[tool.ringwork]\n"}, ("'ringwork[prove]==",)),
    ],
)
def test_installs_as_the_project_does(tmp_path, files, lines):
    """By the lock that is there, and ringwork in the version that wrote the pipeline unless the project names one."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = pipelines.install(tmp_path)[0][-len(lines) :]
    assert [part in line for part, line in zip(lines, found, strict=True)] == [True] * len(lines)


def _came(monkeypatch, origin):
    class Distribution:
        version = "0.1.0"

        def read_text(self, name):
            return json.dumps(origin) if name == "direct_url.json" and origin else None

    monkeypatch.setattr(pipelines.metadata, "distribution", lambda name: Distribution())


def test_a_pipeline_gets_the_commit_that_is_here(tmp_path, monkeypatch):
    """What was installed from a repository is installed from there again, and not from whoever has the name elsewhere."""
    vcs = {"vcs": "git", "commit_id": "a" * 40}
    _came(monkeypatch, {"url": "https://git.example/ringwork", "vcs_info": vcs})
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    lines, doubts = pipelines.install(tmp_path)
    assert lines[-1] == f"python -m pip install --quiet 'ringwork[prove] @ git+https://git.example/ringwork@{'a' * 40}'"
    assert doubts == ()


@pytest.mark.parametrize(("origin", "told"), [({"url": "file:///x", "dir_info": {}}, True), ({}, False)])
def test_a_ringwork_from_a_folder_is_told(tmp_path, monkeypatch, origin, told):
    """A registry may serve somebody else's package under a name that was never published there."""
    _came(monkeypatch, origin)
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    assert any("installed from a folder" in doubt for doubt in pipelines.install(tmp_path)[1]) == told


def test_says_where_nothing_names_what_the_application_needs(tmp_path):
    """A pipeline that installs nothing would fail far from here."""
    assert any("--install" in doubt for doubt in pipelines.install(tmp_path)[1])


def test_adds_the_hook_to_a_list_that_is_there(shop, run):
    """Other hooks, their comments and what stands behind the list stay where they are."""
    old = (
        "# ours\nrepos:\n- repo: https://example.invalid/hooks\n  rev: v1 # pinned\n  hooks:\n  - id: one\n\ndefault_stages: [pre-commit]\n"
    )
    text = project_text.hook(old, ".")
    assert text.startswith(old.partition("\n\ndefault")[0])
    assert text.endswith("\ndefault_stages: [pre-commit]\n")
    assert "\n- repo: local\n  hooks:\n    - id: ringwork\n" in text
    assert project_text.hook(text, ".") == text


@pytest.mark.parametrize("folder", ["my app", "a; id", "-x\n"])
def test_refuses_a_folder_that_would_be_more_than_a_name(folder):
    """The hook's line is split as a shell would split it."""
    with pytest.raises(TargetFailed, match="cannot stand in a pipeline file"):
        project_text.hook(None, folder)


@pytest.mark.parametrize("old", ["repos: [{repo: local}]\n", "repos:\n", "fail_fast: true\n"])
def test_refuses_a_list_of_hooks_that_it_cannot_read(old):
    """Nothing is guessed in a file that other tools live by."""
    with pytest.raises(TargetFailed, match="was not found"):
        project_text.hook(old, ".")


def test_includes_its_file_beside_the_project_pipeline():
    """An own list of includes is a person's to add to; without one the lines go to the end."""
    assert pipelines.including("stages: [test]\n") == "stages: [test]\n\ninclude:\n  - local: .gitlab/ringwork.yml\n"
    with pytest.raises(TargetFailed, match="includes other files"):
        pipelines.including("include: other.yml\n")


@pytest.mark.parametrize("imports", [{"flask"}, {"flask", "flask_sqlalchemy"}, {"fastapi", "sqlmodel"}, {"fastapi"}])
def test_the_example_of_users_is_python_in_the_words_of_the_project(imports):
    """What a person uncomments has to parse, but for the names that only they know."""
    text = project_text.users(frozenset(imports), "shop.main:create_app")
    example = "\n".join(line.removeprefix("#     ") for line in text.partition("have to be made:\n#\n")[2].split("\n\n\n")[0].splitlines())
    ast.parse("def users():\n" + "\n".join(f"    {line}" for line in example.replace("import ...", "import User").splitlines()))
    assert ("with create_app().app_context():" in example) == ("flask" in imports)
    assert "from shop.main import" in example


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """Bytes of another encoding are not text to add to."""
    (tmp_path / "x.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(TargetFailed, match="cannot be read"):
        proposals.text_of(tmp_path / "x.yml")


def test_every_action_is_pinned_by_its_whole_commit():
    """A tag can be moved to other code after it was read; the version stands beside the commit for people and for Dependabot."""
    lines = [line.strip() for line in (pipelines.TEMPLATES / "github.yml").read_text().splitlines() if "uses:" in line]
    loose = [line for line in lines if not re.fullmatch(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    assert lines
    assert not loose
