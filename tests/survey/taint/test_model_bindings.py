"""Every line of a model fits the library that is installed here, and one that does not is told by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ringwork.survey.taint import bindings, model, model_reading

HEAD = 'library = "markupsafe"\ndistribution = "{}"\nversions = "{}"\nsource = "https://markupsafe.palletsprojects.com"\n'

BINDING = """
from ringwork.survey.taint import bindings, model
for found in bindings.binding(model.load()):
    print(f"{found.model}.toml: {found.name}: {found.why}")
"""


def unbound(text: str, *, distribution: str = "MarkupSafe", versions: str = ">=2") -> dict[str, str]:
    models = model.read({"sample.toml": HEAD.format(distribution, versions) + text})
    return {found.name: found.why for found in bindings.binding(models)}


def test_every_line_of_every_model_binds() -> None:
    """A line that names what its library does not have would never meet a call."""
    # In a process of its own: some hundred libraries are imported, and Django is configured.
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", BINDING], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stdout, ran.stdout


def test_every_library_is_installed_here() -> None:
    """A model whose library is not in the development environment is held to nothing; which cannot be there says why."""
    missing = [library.name for library in model.load().libraries if not bindings.is_installed(library) and not library.absent]
    assert not missing, missing


@pytest.mark.parametrize(
    "line",
    [
        '[functions]\n"markupsafe.escape_all" = {}',
        '[functions]\n"markupsafe.nothing.escape" = {}',
        '[types."markupsafe.Text"]',
        '[values]\n"markupsafe.current" = "str"',
        '[aliases]\n"markupsafe.core.escape" = "markupsafe.escape"',
    ],
)
def test_tells_a_name_that_the_library_does_not_have(line: str) -> None:
    """Functions, modules, classes, objects and aliases alike."""
    assert list(unbound(line).values()) == ["the library has nothing of this name"]


@pytest.mark.parametrize("section", ["attributes", "methods"])
def test_tells_what_a_class_does_not_have(section: str) -> None:
    """A method that was renamed is a line that binds no more."""
    found = unbound(f'[types."markupsafe.Markup".{section}]\nescape_all = {{}}\nstriptags = {{}}\n')
    assert list(found) == ["markupsafe.Markup.escape_all"]


def test_tells_a_type_that_is_in_no_library() -> None:
    """The type of a result is a name like others."""
    found = unbound('[functions]\n"markupsafe.escape" = { type = "markupsafe.Text" }')
    assert found == {"markupsafe.escape": "says markupsafe.Text, which is in no library"}


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ('[0, "text"]', "names 'text', and the parameters are s"),
        ("[1]", "names position 1, and there are 1"),
    ],
)
def test_tells_an_input_that_the_signature_does_not_have(inputs: str, why: str) -> None:
    """A sink at an argument that was renamed is a sink nowhere."""
    assert unbound(f'[functions]\n"markupsafe.escape" = {{ sinks = [{{ kind = "html", at = {inputs} }}] }}') == {"markupsafe.escape": why}


def test_tells_a_name_that_stands_at_another_position() -> None:
    """A position that moved is found by the name beside it."""
    found = unbound('[functions]\n"shutil.copyfile" = { sinks = [{ kind = "path", at = [0, "src", 2, "dst"] }] }', distribution="")
    assert found == {"shutil.copyfile": "names position 2, and there are 2"}
    moved = unbound('[functions]\n"shutil.copyfile" = { finds = [{ kind = "debug", when = { "0|dst" = [true] } }] }', distribution="")
    assert moved == {"shutil.copyfile": "names 'dst' at position 0, where 'src' stands"}


def test_takes_every_input_that_fits() -> None:
    """Positions, names, words, and whatever a function with ** takes."""
    line = '"shutil.copyfile" = { passes = ["*"], sinks = [{ kind = "path", at = [0, "src", 1, "dst", "follow_symlinks"] }] }'
    assert not unbound(f'[functions]\n{line}\n"dict" = {{ passes = ["self", "1:", "anything"] }}', distribution="")


def test_finds_what_is_set_on_self_alone() -> None:
    """Attributes that a constructor sets stand in no class."""
    assert not unbound('[types."logging.LogRecord".attributes]\nfilename = {}\n', distribution="")


def test_leaves_out_what_has_a_reason() -> None:
    """What nothing installed can show is written down with the reason."""
    line = '[unchecked]\n"markupsafe.dynamic" = "set at run time"\n'
    assert not unbound(f'{line}[functions]\n"markupsafe.dynamic" = {{}}')
    assert list(unbound(line)) == ["markupsafe.dynamic"]


def test_tells_a_version_that_the_file_is_not_for() -> None:
    """It still loads: the source is what is analysed, not this environment."""
    found = unbound('[functions]\n"markupsafe.escape" = {}', versions="<1")
    assert "the model is written for <1" in found["markupsafe"]


def test_tells_a_range_that_is_none() -> None:
    """A range is written as pip writes it."""
    assert "write it as in pip" in unbound("", versions="two")["markupsafe"]


def test_looks_up_nothing_of_what_is_not_installed() -> None:
    """No library, no question."""
    assert not unbound('[functions]\n"markupsafe.escape_all" = {}', distribution="no-such-distribution-anywhere")


def test_a_kept_model_is_the_schema_s_own_data() -> None:
    """What is kept as JSON is what was read."""
    assert set(model_reading.tables({})) == set(model_reading.SECTIONS)
