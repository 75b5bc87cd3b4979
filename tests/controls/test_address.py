"""A control's id leads to its files in every tree."""

from __future__ import annotations

from ringwork.controls import address
from ringwork.names import ControlId


def paths(id_: str, *, guarded: bool) -> dict[str, str]:
    return {place.part: place.path for place in address.places_of(ControlId(id_), guarded=guarded)}


def test_writes_layer_and_stem_with_underscores() -> None:
    """Ids have hyphens, files have underscores."""
    assert paths("browser.cookie-attributes", guarded=True) == {
        "row": "src/ringwork/controls/browser.toml",
        "guard": "src/ringwork/enforce/browser/cookie_attributes.py",
        "proof": "src/ringwork/prove/browser/cookie_attributes.py",
        "guard test": "tests/enforce/browser/test_cookie_attributes.py",
        "proof test": "tests/prove/browser/test_cookie_attributes.py",
        "breached clinic": "tests/breached/browser/cookie_attributes.py",
        "page": "docs/controls/browser/cookie_attributes.md",
    }


def test_gives_no_place_for_a_guard_that_cannot_be() -> None:
    """What no running application can enforce lacks no guard and no guard test."""
    found = paths("supply-chain.sbom", guarded=False)
    assert "guard" not in found
    assert "guard test" not in found
    assert found["proof"] == "src/ringwork/prove/supply_chain/sbom.py"


def test_leads_to_the_component_of_what_stands_on_no_requests_path() -> None:
    """A defence that the application calls is looked for where it is, not among the guards."""
    found = {p.part: p.path for p in address.places_of(ControlId("data.secure-randomness"), guarded=True, component="crypto/chance")}
    assert found["guard"] == "src/ringwork/crypto/chance.py"
    assert found["guard test"] == "tests/crypto/test_chance.py"
    assert found["proof"] == "src/ringwork/prove/data/secure_randomness.py"
