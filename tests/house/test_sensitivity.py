"""Ruling 5: the shipped table of what each check was seen to fail on belongs to the proofs as they are now."""

from __future__ import annotations

import re

from ringwork.prove import register, sensitivity
from tests.house import graph

FRAMEWORKS = ("aiohttp", "django", "fastapi", "flask")
TABLE = graph.SOURCE / "ringwork" / "prove" / sensitivity.FILE


def test_the_table_is_shipped() -> None:
    """An installed prover has no breached clinics; without this file it could show no check able to fail."""
    assert TABLE.is_file(), "write it with ./run sensitivity"


def test_every_entry_belongs_to_the_proof_as_it_is_now() -> None:
    """A proof that was changed since is unproven itself: its digest no longer fits."""
    stale = [
        f"{entry.check} on {entry.framework}"
        for entry in sensitivity.read().values()
        if entry.digest != sensitivity.digest_of(entry.check.partition("/")[0])
    ]
    assert not stale, f"write the table again with ./run sensitivity: {stale}"


def test_every_check_was_seen_to_fail_on_every_framework() -> None:
    """A check that has no entry was never seen to fail, so its pass would mean nothing."""
    # Where a clinic has nothing that the check could look at, the entry says so; it must then fail on the other one.
    seen = {(entry.check, entry.framework) for entry in sensitivity.read().values()}
    fallen = {entry.check for entry in sensitivity.read().values() if entry.verdict == "violated"}
    never = sorted({check.id for check in register.checks()} - fallen)
    assert not never, f"never seen to fail on any framework: {never}"
    expected = {(check.id, framework) for check in register.checks() for framework in FRAMEWORKS}
    missing = sorted(f"{check} on {framework}" for check, framework in expected - seen)
    assert not missing, "\n".join(["never seen to fail:", *missing])


def test_no_entry_is_about_a_check_that_is_gone() -> None:
    """The table names checks that exist, frameworks that are served, and the control that was taken out."""
    known = {check.id for check in register.checks()}
    for entry in sensitivity.read().values():
        assert entry.check in known, entry.check
        assert entry.framework in FRAMEWORKS, entry.framework
        assert entry.planted or entry.verdict == "not applicable" or entry.check.partition("/")[0] in entry.without, entry.check
        assert re.fullmatch(r"[0-9a-f]{16}", entry.digest), entry.check
