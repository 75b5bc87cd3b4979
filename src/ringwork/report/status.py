"""What of each control really stands in the code, looked up and never typed in; writes docs/status.md.

Against a defence that is only announced: a control counts as complete when its guard, proof, tests, breached clinic and
page are all there, and what is missing is printed by name.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ringwork.controls import address
from ringwork.controls.control import Catalogue, Control

FORMAT = "ringwork.catalogue/1"
"""The version mark of `as_document`."""

_PACKAGE_IN_REPOSITORY = "src/ringwork/"


class Status(StrEnum):
    """How far a control is built."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    READ = "read, no guard yet"  # its source is read and judged, with all rooms that this asks for; a guard is possible and not there
    ATTACKED = "attacked, no guard yet"  # the same of a control whose proof attacks a copy as well
    NO_GUARD_YET = "no guard yet"  # nothing stands, and a guard is possible
    NOT_STARTED = "not started"  # nothing stands, and only a proof is possible


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Where to look. repository: None for an installed package, of which only the shipped places can be known."""

    package: Path
    repository: Path | None

    def path_of(self, place: address.Place) -> Path | None:
        """Where the place stands on this disk, whether it exists or not; None when it cannot be known."""
        if place.shipped:
            return self.package / place.path.removeprefix(_PACKAGE_IN_REPOSITORY)
        return self.repository / place.path if self.repository else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one control has.

    present, missing, unknown: the parts of its address (`guard`, `page`, ...), without the row; unknown ones were not looked at.
    checks: names of the catalogue's checks that the proof makes; checks_missing: those that it does not make yet.
    """

    status: Status
    present: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    checks: tuple[str, ...]
    checks_missing: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """The status in words, with what is missing by name when it is partial."""
        return f"{self.status}: missing {', '.join(self.missing)}" if self.status is Status.PARTIAL else str(self.status)


def trees() -> Trees:
    """The trees of the package that is running."""
    package = Path(__file__).resolve().parents[1]
    repository = package.parents[1]
    in_repository = package == repository / _PACKAGE_IN_REPOSITORY and (repository / "pyproject.toml").is_file()
    return Trees(package=package, repository=repository if in_repository else None)


def standing_of(control: Control, where: Trees) -> Standing:
    """Look at what the code has for one control. An empty file counts as missing."""
    places = [(place.part, where.path_of(place)) for place in control.places if place.part != address.ROW]
    present = tuple(part for part, path in places if path is not None and _is_written(path))
    unknown = tuple(part for part, path in places if path is None)
    missing = tuple(part for part, _ in places if part not in present and part not in unknown)
    proof = next(path for part, path in places if part == address.PROOF)
    made = _checks_made(control, proof) if proof is not None and address.PROOF in present else ()
    return Standing(
        status=_status(present, missing, control=control, made=made),
        present=present,
        missing=missing,
        unknown=unknown,
        checks=made,
        checks_missing=tuple(check.name for check in control.checks if check.name not in made),
    )


def standings(catalogue: Catalogue, where: Trees) -> Mapping[str, Standing]:
    """What stands of every control, by its id, in the order of the catalogue."""
    return {control.id: standing_of(control, where) for control in catalogue.controls}


def _is_written(path: Path) -> bool:
    return path.is_file() and bool(path.read_text(encoding="utf-8").strip())


def _is_read(control: Control, made: tuple[str, ...]) -> bool:
    """Whether the proof makes the checks of source alone: what no guard has to stand for."""
    return all(check.kind == "static" for check in control.checks if check.name in made)


def _status(present: tuple[str, ...], missing: tuple[str, ...], *, control: Control, made: tuple[str, ...]) -> Status:
    if not missing:
        return Status.COMPLETE
    if made and not set(missing) - {address.GUARD, address.GUARD_TEST}:
        return Status.READ if _is_read(control, made) else Status.ATTACKED
    if present:
        return Status.PARTIAL
    return Status.NO_GUARD_YET if control.guarded else Status.NOT_STARTED


def _checks_made(control: Control, proof: Path) -> tuple[str, ...]:
    """The checks whose id, or bare name, stands as a text in the proof's code; comments and docstrings do not count."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(proof.read_text(encoding="utf-8"))
    except SyntaxError:
        return ()
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return tuple(check.name for check in control.checks if {check.id, check.name, f"/{check.name}"} & texts)


def as_document(control: Control, standing: Standing) -> dict[str, object]:
    """One control as plain data for JSON; the keys are append-only under `FORMAT`."""
    return {
        "id": control.id,
        "title": control.title,
        "layer": control.layer,
        "aliases": control.aliases,
        "profile": control.profile,
        "owner": control.owner,
        "severity": control.severity,
        "guarded": control.guarded,
        "component": control.component,
        "threat": control.threat,
        "enforce": control.enforce,
        "frameworks": dict(control.frameworks),
        "checks": [
            {
                "id": check.id,
                "kind": check.kind,
                "attack": check.attack,
                "proven": check.proven,
                "violated": check.violated,
                "not_verified": check.not_verified,
                "built": check.name in standing.checks,
            }
            for check in control.checks
        ],
        "standards": {name: codes for name, codes in control.standards.items() if codes},
        "backed_by": control.backed_by,
        "entails": [{"control": item.control, "reason": item.reason} for item in control.entails],
        "status": str(standing.status),
        "missing": standing.missing,
        "not_looked_at": standing.unknown,
    }


def markdown(catalogue: Catalogue, where: Trees) -> str:
    """The text of docs/status.md: the counts, then one table a layer."""
    found = standings(catalogue, where)
    lines = [
        "# Status",
        "",
        "Written by `ringwork catalogue --markdown` from what the code has; a test holds this page to it. Do not edit.",
        "",
        *_summary(catalogue, found),
    ]
    for layer in catalogue.layers:
        lines += ["", f"## {layer}", "", "| Control | Status | Checks | Missing |", "|---|---|---|---|"]
        lines += [_line(control, found[control.id], where) for control in catalogue.controls if control.layer == layer]
    return "\n".join(lines) + "\n"


def _summary(catalogue: Catalogue, found: Mapping[str, Standing]) -> Iterator[str]:
    counts = Counter(standing.status for standing in found.values())
    made = sum(len(standing.checks) for standing in found.values())
    checks = sum(len(control.checks) for control in catalogue.controls)
    unguarded = sum(not control.guarded for control in catalogue.controls)
    yield f"{len(catalogue.controls)} controls: " + ", ".join(f"{counts[status]} {status}" for status in Status) + "."
    yield f"Of their {checks} checks {made} are built; the others are not verified, by name, in every report."
    yield f"{unguarded} controls can have no guard in a running application; they have a proof only."
    yield ""
    yield "*Complete* means that guard (where one is possible), proof, both tests, the breached clinic and the page are there;"
    yield "*read, no guard yet* means that the source is read and judged, and that nothing enforces the control while the application runs;"
    yield "*attacked, no guard yet* means the same where a running copy is attacked as well;"
    yield "*no guard yet* and *not started* mean that nothing is. A complete control may still have fewer checks than its row asks for:"
    yield "the last column names them."


def _line(control: Control, standing: Standing, where: Trees) -> str:
    page = next(place for place in control.places if place.part == address.PAGE)
    path = where.path_of(page)
    name = f"[{control.id}]({page.path.removeprefix('docs/')})" if path is not None and path.is_file() else control.id
    lacks = standing.missing if standing.status is Status.PARTIAL else ()
    unbuilt = tuple(f"check {name}" for name in standing.checks_missing) if standing.checks else ()
    return f"| {name} | {standing.status} | {len(standing.checks)} of {len(control.checks)} | {', '.join(lacks + unbuilt)} |"
