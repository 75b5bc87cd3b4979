"""A control's id is its address in every tree: where its row, guard, proof, tests, breached clinic and page stand."""

from __future__ import annotations

from dataclasses import dataclass

from ringwork.names import ControlId


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One room of a control.

    part: its name in reports. path: relative to the repository, with forward slashes.
    shipped: whether an installed package has it, and not only the repository.
    """

    part: str
    path: str
    shipped: bool = False


ROW, GUARD, PROOF, GUARD_TEST, PROOF_TEST, BREACHED, PAGE = "row", "guard", "proof", "guard test", "proof test", "breached clinic", "page"


def row_file(layer: str) -> str:
    """The file of a layer's rows, without folder: `supply-chain` stands in `supply_chain.toml`."""
    return f"{layer.replace('-', '_')}.toml"


def places_of(control: ControlId, *, guarded: bool, component: str = "") -> tuple[Place, ...]:
    """Every place that the control must fill, its row first; one that cannot have a guard has no place for it.

    component: where the defence stands when it stands on no request's path, below the package and without ".py": "crypto/chance".
    """
    layer, _, stem = control.partition(".")
    folder, file = layer.replace("-", "_"), stem.replace("-", "_")
    guard, test = f"enforce/{folder}/{file}", f"enforce/{folder}/test_{file}"
    if component:
        room, _, module = component.rpartition("/")
        guard, test = component, f"{room}/test_{module}"
    places = (
        Place(part=ROW, path=f"src/ringwork/controls/{row_file(layer)}", shipped=True),
        Place(part=GUARD, path=f"src/ringwork/{guard}.py", shipped=True),
        Place(part=PROOF, path=f"src/ringwork/prove/{folder}/{file}.py", shipped=True),
        Place(part=GUARD_TEST, path=f"tests/{test}.py"),
        Place(part=PROOF_TEST, path=f"tests/prove/{folder}/test_{file}.py"),
        Place(part=BREACHED, path=f"tests/breached/{folder}/{file}.py"),
        Place(part=PAGE, path=f"docs/controls/{folder}/{file}.md"),
    )
    return tuple(place for place in places if guarded or place.part not in (GUARD, GUARD_TEST))
