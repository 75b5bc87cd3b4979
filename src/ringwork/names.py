"""The identifiers that cross rooms, as types, so that a session is never passed where a control is meant."""

from __future__ import annotations

from typing import NewType

ControlId = NewType("ControlId", str)
"""``layer.stem``, for example ``browser.csrf``; the address of a control in every tree."""

CheckId = NewType("CheckId", str)
"""``layer.stem/check``, for example ``browser.csrf/token-matrix``."""

IncidentId = NewType("IncidentId", str)
"""16 lower-case hexadecimal characters; all that a refused client learns besides the status."""

SessionId = NewType("SessionId", str)
"""A handle of one login. Not the cookie's value: guards bind to it, logs may show it."""
