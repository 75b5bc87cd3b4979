"""`manage.py check` and `check --deploy` say what ringwork would say at its start.

Against a fault that shows only when the server starts: routes without a rule, dead rules, settings that contradict each other.
Ids are append-only, as Django's own: E001 the place in MIDDLEWARE; E002 a fault that would stop a start in production.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from ringwork.django import middleware, project

PLACE, FAULT = "ringwork.E001", "ringwork.E002"


def place(app_configs: Sequence[Any] | None, **more: Any) -> list[CheckMessage]:
    """Whether ringwork's line stands first in MIDDLEWARE."""
    found = project.installation()
    allowed = () if found is None else found.policy.fail_closed.allowed_outside
    fault = middleware.place_fault(settings.MIDDLEWARE, allowed)
    return (
        [Error(fault, hint="Against a middleware that answers by itself before any guard has seen the request.", id=PLACE)] if fault else []
    )


def deployment(app_configs: Sequence[Any] | None, **more: Any) -> list[CheckMessage]:
    """What would stop a start in production, each fault with the control that it belongs to and what to write instead."""
    found = project.installation()
    if found is None:
        return []
    return [
        Error(fault, hint=f"ringwork explain {fault.partition(':')[0]}" if "." in fault.partition(":")[0] else None, id=FAULT)
        for fault in found.faults_in_production()
    ]
