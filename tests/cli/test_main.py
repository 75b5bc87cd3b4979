"""The door of the command line."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import types

import pytest

from ringwork.cli import main
from ringwork.errors import PolicyInvalid


def test_prints_the_version(run) -> None:
    """The version is that of the installed package."""
    ended = run("--version")
    assert (ended.code, ended.out) == (0, f"{importlib.metadata.version('ringwork')}\n")


def test_help_lists_every_command(run) -> None:
    """A newcomer sees all that can be asked."""
    ended = run("--help")
    assert run("-h").text == ended.text
    assert ended.code == 0
    assert [command.name for command in main.COMMANDS if f" {command.name} " not in ended.out] == []


def test_a_mistyped_command_is_a_usage_error_with_the_near_one(run) -> None:
    """The exit code tells a script, and the message a person, what went wrong."""
    ended = run("catalog")
    assert ended.code == 2
    assert "catalogue" in ended.err


@pytest.mark.parametrize(("words", "names"), [(["nonsense"], ["prove", "certs"]), (["certs", "begin"], ["ca", "issue"])])
def test_a_word_near_to_no_command_is_refused_with_all_of_them(run, words: list[str], names: list[str]) -> None:
    """Nobody has to ask for help to learn what there is."""
    ended = run(*words)
    assert ended.code == 2
    assert f"No such command '{words[-1]}'" in ended.err
    assert all(name in ended.err for name in names)


def test_python_m_is_the_same_door() -> None:
    """Where the script is not on the path, or one of several Pythons is meant, `python -m ringwork` does what `ringwork` does."""
    answers = [
        subprocess.run([sys.executable, "-m", "ringwork", word], capture_output=True, text=True, check=False)
        for word in ("--version", "catalog")
    ]
    assert [ended.returncode for ended in answers] == [0, 2]
    assert answers[0].stdout == f"{importlib.metadata.version('ringwork')}\n"
    assert "catalogue" in answers[1].stderr


def test_no_command_is_a_usage_error(run) -> None:
    """A script that forgot the command does not pass."""
    assert run().code == 2


def test_the_catalogue_does_not_load_the_prover() -> None:
    """A command loads what it needs and no other command."""
    program = "import sys; from ringwork.cli import main; main.main(['catalogue', '--layer', 'browser']); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "ringwork.cli.catalogue" in loaded
    assert not {name for name in loaded if name.startswith(("ringwork.prove", "ringwork.survey", "ringwork.cli.prove"))}


def test_the_door_itself_needs_the_standard_library_only() -> None:
    """Where the extra is missing, the door can still say so."""
    program = "import sys; before = set(sys.modules); import ringwork.cli.main; print(*set(sys.modules) - before)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in ended.stdout.split()}
    assert roots <= {"ringwork", *sys.stdlib_module_names}


def test_names_the_extra_when_typer_is_missing(run, monkeypatch) -> None:
    """Without the extra the command line tells what to install, and does not show a traceback."""
    monkeypatch.setitem(sys.modules, "typer", None)
    ended = run("catalogue")
    assert ended.code == 2
    assert ended.err == "ringwork: typer is not installed: the command line needs the extra, `pip install 'ringwork[prove]'`\n"


def test_names_the_extra_when_a_command_misses_its_third_party(run, monkeypatch) -> None:
    """The same is said when a part of the extra is gone."""
    command_that_raises(monkeypatch, ModuleNotFoundError("no", name="h11"))
    ended = run("falls")
    assert ended.code == 2
    assert "h11 is not installed" in ended.err
    assert "Traceback" not in ended.err


def command_that_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Put a command of the name `falls` behind the door."""

    def command() -> None:
        """Fall."""
        raise error

    module = types.ModuleType("tests_falls")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_falls", module)
    monkeypatch.setattr(main, "COMMANDS", (main.Command("falls", "tests_falls"),))


def test_an_error_of_ringwork_is_a_message_for_the_operator(run, monkeypatch) -> None:
    """A faulty policy is told in words, with the exit code of usage."""
    command_that_raises(monkeypatch, PolicyInvalid(["origin: is missing"]))
    ended = run("falls")
    assert ended.code == 2
    assert ended.err.startswith("ringwork: 1 fault(s)")
    assert "Traceback" not in ended.err


def test_an_unforeseen_error_is_internal(run, monkeypatch) -> None:
    """What nobody foresaw is exit code 4 with a traceback, never mistaken for findings."""
    command_that_raises(monkeypatch, ZeroDivisionError("x"))
    ended = run("falls")
    assert ended.code == 4
    assert "ZeroDivisionError" in ended.err
    assert "a fault of ringwork itself" in ended.err


def test_a_missing_module_of_our_own_is_internal(run, monkeypatch) -> None:
    """A broken installation is no missing extra."""
    command_that_raises(monkeypatch, ModuleNotFoundError("no", name="ringwork.gone"))
    assert run("falls").code == 4


def test_an_interrupt_has_its_own_exit_code(run, monkeypatch) -> None:
    """Ctrl-C is neither clean nor a finding."""
    command_that_raises(monkeypatch, KeyboardInterrupt())
    assert run("falls").code == 130
