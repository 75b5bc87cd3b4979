"""What an assessment is measured by: the catalogue and the profile of the controls that were asked, and the plan, as OSCAL documents.

Against results without anything to hold them against: importers refuse those, and a reader could not say what was not reviewed.
"""

from __future__ import annotations

from typing import Any

from ringwork.controls import control as catalogue
from ringwork.prove.evidence import Report
from ringwork.report import about
from ringwork.report import oscal_words as words
from ringwork.report.visible import one_line


def catalog(report: Report, digest: str) -> dict[str, Any]:
    """The controls of the report, in groups by layer, as ringwork's own catalogue tells them. digest: of the report, in hexadecimal."""
    rows = {str(row.id): row for row in catalogue.load().controls}
    inside = words.controls(report)
    groups = [
        {
            "id": words.token(layer),
            "title": layer.replace("-", " ").capitalize() or "-",
            "controls": [_control(id_, rows.get(id_)) for id_ in inside if id_.partition(".")[0] == layer],
        }
        for layer in about.layers(set(inside))
    ]
    found: dict[str, Any] = {"uuid": words.id_of(digest, "catalog"), "metadata": words.metadata(report, "Controls asked of an application")}
    return {"catalog": {**found, **({"groups": groups} if groups else {})}}


def _control(id_: str, row: catalogue.Control | None) -> dict[str, Any]:
    name = words.token(id_)
    if row is None:
        return {"id": name, "title": one_line(id_) or name, "parts": [{"id": f"{name}_smt", "name": "statement", "prose": one_line(id_)}]}
    codes = [
        {"name": words.token(standard.replace("_", "-")), "ns": words.NAMESPACE, "value": code}
        for standard in row.standards
        for code in row.standards[standard]
    ]
    return {
        "id": name,
        "title": row.title,
        "props": [*words.props(severity=row.severity, profile=row.profile, owner=row.owner), *codes],
        "parts": [
            {"id": f"{name}_smt", "name": "statement", "prose": row.enforce},
            {"id": f"{name}_gdn", "name": "guidance", "prose": row.threat},
        ],
    }


def profile(report: Report, digest: str) -> dict[str, Any]:
    """All of them, by name."""
    names = [words.token(id_) for id_ in words.controls(report)]
    picked: dict[str, Any] = {"include-controls": [{"with-ids": names}]} if names else {"include-all": {}}
    imports = [{"href": words.CATALOG, **picked}]
    found = {"uuid": words.id_of(digest, "profile"), "metadata": words.metadata(report, "Profile of a run"), "imports": imports}
    return {"profile": {**found, "merge": {"as-is": True}}}


def plan(report: Report, digest: str) -> dict[str, Any]:
    """What was to be assessed: these controls, on the application; of its system no plan is known."""
    system = words.id_of(report.target, "system")
    missing = {
        "uuid": system,
        "title": "No system security plan",
        "description": "ringwork attacks an application and knows no plan of its system; name your own here.",
        "props": words.props(target=report.target),
    }
    return {
        "assessment-plan": {
            "uuid": words.id_of(digest, "plan"),
            "metadata": words.metadata(report, "Plan of a run"),
            "import-ssp": {"href": f"#{system}", "remarks": "A stub, because no plan of the system was given."},
            "reviewed-controls": selection(report),
            "assessment-subjects": [{"type": "component", "include-all": {}}],
            "back-matter": {"resources": [missing]},
        }
    }


def selection(report: Report) -> dict[str, Any]:
    """The controls that were reviewed, and by name those that were not."""
    reviewed = words.reviewed(report)
    left = [id_ for id_ in words.controls(report) if id_ not in reviewed]
    chosen: dict[str, Any] = (
        {"include-controls": [{"control-id": words.token(id_)} for id_ in reviewed]} if reviewed else {"include-all": {}}
    )
    # Without a reviewed one it reads "all, but for every one of them": the schema wants a selection.
    out = {"exclude-controls": [{"control-id": words.token(id_)} for id_ in left]} if left else {}
    said = f"{len(reviewed)} controls were tried. {len(left)} were not, or do not apply, and are not counted as satisfied"
    return {"control-selections": [{**chosen, **out}], "remarks": f"{said}{': ' if left else ''}{', '.join(left)}."}
