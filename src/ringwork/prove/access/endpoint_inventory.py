"""Whether routes for tests and debugging are shipped: read in source.

Against the route that signs anybody in, left over from a test.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("access.endpoint-inventory/debug-and-test-routes"),)
