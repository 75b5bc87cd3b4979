"""The line in MIDDLEWARE that says where ringwork stands: outside everything else.

Against a middleware in front of it that answers by itself, unseen by any guard: a wrong place is refused when Django starts. The
guard itself stands round Django's handler, so the line costs no request anything; Django drops it once its place was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed

from ringwork.django import project

APP = "ringwork.django"
NAME = "ringwork.django.middleware.Middleware"


class Middleware:
    """Looks at its place among the project's middleware, and has no other work. Raises ImproperlyConfigured for a wrong one."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Raise MiddlewareNotUsed, by which Django leaves it out, when all is well."""
        installation = project.installation()
        if installation is None:
            raise ImproperlyConfigured(f'{NAME} stands in MIDDLEWARE, and nothing guards; add "{APP}" to INSTALLED_APPS')
        fault = place_fault(settings.MIDDLEWARE, installation.policy.fail_closed.allowed_outside)
        if fault:
            raise ImproperlyConfigured(fault)
        raise MiddlewareNotUsed


def place_fault(middleware: Sequence[str], allowed: Sequence[str]) -> str:
    """What is wrong with the place of the line, "" when it stands first, or behind such as may stand outside."""
    if NAME not in middleware:
        return f'MIDDLEWARE does not name ringwork; write "{NAME}" as its first line'
    before = [name for name in middleware[: middleware.index(NAME)] if name not in allowed]
    if before:
        return (
            f'{before[0]} stands before "{NAME}" in MIDDLEWARE; move ringwork\'s line to the first place, '
            f"or name what has to stand there in fail_closed.allowed_outside"
        )
    return ""
