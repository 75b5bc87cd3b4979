"""In a process of its own: hold the project's import contracts against its import graph, which grimp builds without running anything.

The contracts are those of import-linter's settings (`[tool.importlinter]` of pyproject.toml, or `.importlinter`): layers, forbidden,
independence. Against a layer that leaks in silence, because the tool that would say so is in nobody's pipeline.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from ringwork.survey.linters import tool

KNOWN = ("layers", "forbidden", "independence")


def settings(root: Path) -> Mapping[str, Any]:
    """import-linter's settings of a folder, in the form of its TOML; empty without any."""
    found = tool.settings(root, "tool", "importlinter")
    return found or next((_ini(root / name) for name in (".importlinter", "setup.cfg") if (root / name).is_file()), {})


def _ini(path: Path) -> Mapping[str, Any]:
    reader = tool.sections(path)
    if not reader.has_section("importlinter"):
        return {}
    rows = [_section(reader[name]) for name in reader.sections() if name.startswith("importlinter:contract")]
    return {**_section(reader["importlinter"]), "contracts": rows}


def _section(section: Mapping[str, str]) -> dict[str, Any]:
    """Several lines are a list, as import-linter reads them."""
    return {key: [one.strip() for one in value.splitlines() if one.strip()] if "\n" in value else value for key, value in section.items()}


def roots(given: Mapping[str, Any]) -> list[str]:
    """The packages that the graph is of."""
    return _list(given.get("root_packages")) or _list(given.get("root_package"))


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [one for one in value or () if isinstance(one, str)]


def unknown(given: Mapping[str, Any]) -> list[str]:
    """Names of contracts of a type that is not held here."""
    return [str(row.get("name", row.get("type"))) for row in given.get("contracts", ()) if row.get("type") not in KNOWN]


def broken(graph: Any, contract: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Chains of imports that break a contract, each from importer to imported."""
    for line in _list(contract.get("ignore_imports")):
        importer, _, imported = (part.strip() for part in line.partition("->"))
        for one in graph.find_matching_direct_imports(f"{importer} -> {imported}"):
            graph.remove_import(importer=one["importer"], imported=one["imported"])
    kind = contract.get("type")
    if kind == "layers":
        layers = [_layer(one) for one in _list(contract.get("layers"))]
        containers = set(_list(contract.get("containers"))) or None
        for dependency in graph.find_illegal_dependencies_for_layers(layers=layers, containers=containers):
            for route in dependency.routes:
                yield (*sorted(route.heads)[:1], *route.middle, *sorted(route.tails)[:1])
        return
    pairs = [(a, b) for a in _list(contract.get("source_modules")) for b in _list(contract.get("forbidden_modules"))]
    if kind == "independence":
        pairs = list(permutations(_list(contract.get("modules")), 2))
    for importer, imported in pairs:
        if importer in graph.modules and imported in graph.modules:
            yield from sorted(graph.find_shortest_chains(importer=importer, imported=imported, as_packages=True))


def _layer(text: str) -> set[str] | str:
    names = {part.strip().strip("()") for part in text.replace(":", "|").split("|")}
    return names if len(names) > 1 else names.pop()


def judged(root: Path) -> list[dict[str, Any]]:
    """One row for each chain, at its first import. Raises ValueError where a package is not found."""
    import grimp

    given = settings(root)
    names = roots(given)
    sys.path[:0] = [str(root), str(root / "src")]
    missing = [name for name in names if "." in name or importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"the root package {missing[0]} is not found in the project's folder or its src")
    rows = []
    for contract in given.get("contracts", ()):
        # Anew for each, because the imports that one contract ignores are taken out of it.
        graph = grimp.build_graph(*names, include_external_packages=True, cache_dir=None)
        rows += [_row(root, graph, str(contract.get("name", contract.get("type"))), chain) for chain in broken(graph, contract)]
    return rows


def _row(root: Path, graph: Any, name: str, chain: Sequence[str]) -> dict[str, Any]:
    details = graph.get_import_details(importer=chain[0], imported=chain[1])
    line = details[0]["line_number"] if details else 1
    stem = chain[0].replace(".", "/")
    places = [f"{folder}{stem}{end}" for folder in ("", "src/") for end in (".py", "/__init__.py")]
    file = next((place for place in places if (root / place).is_file()), places[0])
    return {"contract": name, "file": file, "line": line, "chain": list(chain)}


def main(words: Sequence[str]) -> None:
    """root, result: read the project, write the rows as JSON; {"error": ...} where it could not be judged."""
    root, result = Path(words[0]), Path(words[1])
    try:
        found: object = judged(root)
    except Exception as error:  # noqa: BLE001 - whatever the graph's builder objects to is the reason that is told
        found = {"error": f"{type(error).__name__}: {error}"}
    result.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
