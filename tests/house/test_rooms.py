"""Law 10: a control that has a guard or a proof has every room; what is missing is printed by name."""

from __future__ import annotations

import ast

import pytest

from ringwork.controls import address, control
from ringwork.report import status
from tests.house import graph

FACES = {"__init__"}


def _catalogue() -> control.Catalogue:
    return control.load()


def test_every_begun_control_has_all_its_rooms() -> None:
    """Guard, proof, both tests, the breached clinic and the page stand together, or none does."""
    found = status.standings(_catalogue(), status.trees())
    missing = [
        f"{name}: {part}" for name, standing in found.items() if standing.status is status.Status.PARTIAL for part in standing.missing
    ]
    assert not missing, "\n".join(["rooms that are missing:", *missing])


def test_at_least_the_six_first_controls_are_complete() -> None:
    """The walking skeleton's controls stay whole."""
    found = status.standings(_catalogue(), status.trees())
    first = (
        "access.deny-by-default",
        "browser.cookie-attributes",
        "browser.csrf",
        "browser.security-headers",
        "network.host-validation",
        "output.error-handling",
    )
    incomplete = {name: found[name].phrase for name in first if found[name].status is not status.Status.COMPLETE}
    assert not incomplete, incomplete


@pytest.mark.parametrize(
    "tree", ["src/ringwork/enforce", "src/ringwork/prove", "tests/breached", "tests/enforce", "tests/prove", "docs/controls"]
)
def test_no_file_of_a_layer_stands_outside_the_catalogue(tree: str) -> None:
    """Every file in a layer's folder is the address of a control; there is no second name for anything."""
    known = {place.path for row in _catalogue().controls for place in address.places_of(row.id, guarded=True)}
    layers = {row.layer.replace("-", "_") for row in _catalogue().controls}
    strays = [
        path.relative_to(graph.TOP).as_posix()
        for layer in sorted(layers)
        for path in sorted((graph.TOP / tree / layer).glob("*.*"))
        if path.is_file() and path.stem not in FACES and path.relative_to(graph.TOP).as_posix() not in known
    ]
    assert not strays, strays


def test_the_pipeline_lists_every_guard_once() -> None:
    """A guard that no tuple names guards nothing."""
    for module, name in (("ringwork.pipeline", "ORDER"), ("ringwork.policy.guards", "SETTINGS")):
        text = ast.unparse(_assigned(module, name))
        for path in sorted((graph.SOURCE / "ringwork" / "enforce").glob("*/*.py")):
            if path.stem not in FACES:
                assert text.count(f"{path.stem}.GUARD") == 1, f"{module}.{name} must name {path.stem}.GUARD once"


def test_the_register_lists_every_proof_once() -> None:
    """A proof that no tuple names proves nothing."""
    text = graph.modules()["ringwork.prove.register"].text
    for path in sorted((graph.SOURCE / "ringwork" / "prove").glob("*/*.py")):
        if path.stem not in FACES:
            assert text.count(f"{path.stem}.CHECKS") == 1, f"prove/register.py must name {path.stem}.CHECKS once"


def test_every_proof_names_checks_of_its_own_row() -> None:
    """A check's id is the control's id, a slash and a name that the row has."""
    rows = {row.id: {check.id for check in row.checks} for row in _catalogue().controls}
    for path in sorted((graph.SOURCE / "ringwork" / "prove").glob("*/*.py")):
        if path.stem in FACES:
            continue
        name = f"{path.parent.name}.{path.stem}".replace("_", "-")
        written = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(f"{name}/")
            and " " not in node.value
        }
        assert written <= rows[name], written - rows[name]


def _assigned(module: str, name: str) -> ast.expr:
    for node in graph.modules()[module].tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(ast.unparse(target) == name for target in targets) and node.value is not None:
            return node.value
    raise AssertionError(f"{module} assigns no {name}")
