"""The Django app: guards the project once it is set up, and joins Django's own system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from ringwork.collector import Resting


class Ringwork(AppConfig):
    """`"ringwork.django"` in INSTALLED_APPS."""

    name = "ringwork.django"
    label = "ringwork"
    verbose_name = "ringwork"

    def ready(self) -> None:
        """Called by Django when all apps are loaded, before any handler is made."""
        with Resting():
            from ringwork.django import project, system_checks

            project.guard()
        checks.register(system_checks.place, checks.Tags.security)
        checks.register(system_checks.deployment, checks.Tags.security, deploy=True)
