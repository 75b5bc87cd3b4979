"""Where a pipeline reads what is printed: only our own commands are commands."""

from __future__ import annotations

from rich.console import Console

from ringwork.cli import writing
from tests.report import sample


def _obeyed(printed: str) -> list[str]:
    """The commands that the runner of GitHub Actions would carry out: it trims, and a stop holds until its own word comes back."""
    found, stopped = [], ""
    for line in map(str.strip, printed.splitlines()):
        if stopped:
            stopped = "" if line == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
        elif line.startswith("::"):
            found.append(line)
    return found


def test_text_of_the_target_is_no_command_on_the_terminal(capsys) -> None:
    """A summary folds long answers, and a line of one may begin like a command; the annotations after it are obeyed."""
    forms, out, given = writing.chosen(["github"]), Console(width=20), writing.asked()
    with writing.commands_stopped(forms, out):
        print("  ::add-mask::proven\n::0000::\n::error::made up", file=out.file)
    writing.print_commands(sample.late(), forms, out, given)
    obeyed = _obeyed(capsys.readouterr().out)
    assert [line.split(" ")[0] for line in obeyed] == ["::error", "::notice", "::notice"]
    assert "made up" not in "".join(obeyed)


def test_the_word_that_ends_the_stop_is_another_each_time(capsys) -> None:
    """A target cannot know it beforehand."""
    forms, out = writing.chosen(["github"]), Console()
    for _ in range(2):
        with writing.commands_stopped(forms, out):
            pass
    words = [line for line in capsys.readouterr().out.splitlines() if "stop-commands" in line]
    assert len(set(words)) == 2
    assert all(len(word.removeprefix("::stop-commands::")) == 32 for word in words)


def test_nothing_is_stopped_where_nobody_reads_commands(capsys) -> None:
    """A person at a terminal sees no such line."""
    with writing.commands_stopped(writing.chosen(["sarif"]), Console()):
        pass
    assert capsys.readouterr().out == ""


def test_keeps_what_it_writes_out_of_commits(tmp_path) -> None:
    """The folder holds requests and answers of every attack; one that somebody else named is his."""
    forms, given = writing.chosen([]), writing.asked()
    for name, is_marked in ((writing.OUTPUT, True), ("reports", False)):
        writing.write(sample.late(), forms, tmp_path / name, Console(), given)
        assert (tmp_path / name / "report.json").is_file()
        assert (tmp_path / name / ".gitignore").is_file() is is_marked
