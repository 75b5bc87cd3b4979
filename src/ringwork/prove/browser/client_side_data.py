"""Whether scripts keep secrets where every other script can read them: read in source.

Against the one injected line that sends `localStorage` away.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("browser.client-side-data/browser-storage-writes"),)
