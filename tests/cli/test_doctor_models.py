"""`ringwork doctor --models` says which lines of the models fit nothing that is installed."""

from __future__ import annotations

import pytest

from ringwork.cli import main
from ringwork.prove import run
from ringwork.survey.taint import model

HEAD = (
    'library = "markupsafe"\ndistribution = "MarkupSafe"\nversions = "{}"\nsource = "https://markupsafe.palletsprojects.com"\n[functions]\n'
)


@pytest.fixture
def told(monkeypatch, capsys):
    """Exit code and output of `ringwork doctor` where one text is the only model."""

    def call(text: str, *options: str) -> tuple[int, str]:
        monkeypatch.setattr(model, "load", lambda: model.read({"sample.toml": text}))
        return main.main(["doctor", *options]), capsys.readouterr().out

    return call


def test_names_a_line_that_fits_nothing(told) -> None:
    """A model that rots is told, and the command does not end as if all were well."""
    code, output = told(HEAD.format("") + '"markupsafe.escape_all" = {}\n', "--models")
    assert code == run.INCONCLUSIVE
    assert "markupsafe.escape_all" in output
    assert "1 lines of 1 models looked up, 1 fit nothing" in output


def test_says_that_all_lines_fit(told) -> None:
    """What was looked up is counted, so that nothing looked up is no success."""
    code, output = told(HEAD.format("") + '"markupsafe.escape" = {}\n', "--models")
    assert code == run.CLEAN
    assert "1 lines of 1 models looked up, 0 fit nothing" in output


def test_names_a_version_that_no_model_is_for(told) -> None:
    """Without --models nothing is imported; versions alone are compared."""
    code, output = told(HEAD.format("<1") + '"markupsafe.escape" = {}\n')
    assert code == 0
    assert "the model is written for <1" in output
