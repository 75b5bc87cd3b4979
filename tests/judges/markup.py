"""What html-validate says of pages."""

from __future__ import annotations

from collections.abc import Mapping

from tests.judges import outsiders


def objections(pages: Mapping[str, str]) -> dict[str, list[str]]:
    """Messages with their place, for each page that something is found on. pages: name to the whole text."""
    outsiders.node_file("html-validate/package.json")
    assert all("<html" in page for page in pages.values()), [name for name, page in pages.items() if "<html" not in page]
    found = outsiders.node_json(str(outsiders.HERE / "markup.cjs"), given=outsiders.json.dumps(dict(pages)))
    assert set(found) == set(pages)
    return {name: said for name, said in found.items() if said}
