"""What MDN's HTTP Observatory and Google's CSP evaluator say of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges import clinics, outsiders

pytestmark = pytest.mark.real

HIGH = 10
"""The evaluator's severities run from 10, high, to 100, none."""


def observatory(site: clinics.Site) -> dict[str, Any]:
    """The scan of a site: grade, score and the result of each test."""
    script = outsiders.node_file("@mdn/mdn-http-observatory/src/scan.js")
    said: dict[str, Any] = outsiders.node_json(script, site.place, NODE_EXTRA_CA_CERTS=str(site.authority))
    assert "scan" in said, said
    return said


def high_findings(policy: str) -> list[str]:
    """What the evaluator finds grave in a policy."""
    outsiders.node_file("csp_evaluator/dist/evaluator.js")
    found = outsiders.node_json(str(outsiders.HERE / "csp.cjs"), given=policy)
    return [f"{one['directive']}: {one['description']}" for one in found if one["severity"] <= HIGH]


def policies(site: clinics.Site) -> dict[str, str]:
    """The policy of one answer of each kind: pages for nobody and for a person, JSON, files, redirects and errors."""
    with site.visitor() as nobody, site.visitor("alice") as alice:
        answers = {
            "front page": nobody.get("/"),
            "form": nobody.get("/login"),
            "person's page": alice.get("/appointments"),
            "JSON": alice.get("/api/me"),
            "file": nobody.get("/static/clinic.js"),
            "redirect": nobody.get("/visiting"),
            "missing": nobody.get("/nothing-here"),
            "nobody": nobody.get("/notes"),
            "other role": alice.get("/admin/users"),
            "wrong method": nobody.put("/visiting/"),
            "refused form": nobody.post("/login", data={"username": "alice"}),
        }
    return {name: answer.headers.get("content-security-policy", "") for name, answer in answers.items()}


def test_the_observatory_grades_the_clinic_a_plus(clinic: clinics.Site) -> None:
    """The best grade there is, with every test of the scan passed."""
    said = observatory(clinic)
    assert said["scan"]["grade"] == "A+", said
    assert not [name for name, result in said["tests"].items() if not result["pass"]]


def test_the_observatory_fails_a_bare_site(toys: clinics.Site) -> None:
    """The same judge gives F to a site without any header."""
    assert observatory(toys)["scan"]["grade"] == "F"


def test_the_evaluator_finds_nothing_grave_in_any_policy(clinic: clinics.Site) -> None:
    """Every kind of answer has a policy, and none of them lets foreign script run."""
    for name, policy in policies(clinic).items():
        assert policy, f"{name}: no policy"
        assert not high_findings(policy), f"{name}: {policy}"


def test_the_evaluator_finds_a_weak_policy(clinic: clinics.Site) -> None:
    """The clinic's own policy with inline script allowed is grave, and so is one that says nothing of script."""
    weak = policies(clinic)["front page"].replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
    assert [found for found in high_findings(weak) if "unsafe-inline" in found]
    assert high_findings("img-src 'self'")
