"""`./run test` keeps to two minutes: of the proofs on the clinics it runs a few, `./run test --all` runs every one."""

from __future__ import annotations

from pathlib import Path

import pytest

QUICK = frozenset(
    {"test_host_validation", "test_security_headers", "test_cookie_attributes", "test_hsts", "test_cors", "test_tls_required"}
)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what plays on a clinic as slow, apart from the quick ones."""
    for item in items:
        on_clinic = item.path.parent.parent == HERE and "framework" in getattr(item, "fixturenames", ())
        if on_clinic and item.path.stem not in QUICK:
            item.add_marker(pytest.mark.slow)
