"""The Django app: `"ringwork.sealed.django"` in INSTALLED_APPS brings the admin's pages and the check of the keyring."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from ringwork.sealed.django import faults


class Sealed(AppConfig):
    """`"ringwork.sealed.django"` in INSTALLED_APPS; the fields work without it."""

    name = "ringwork.sealed.django"
    label = "ringwork_sealed"
    verbose_name = "ringwork, sealed fields"

    def ready(self) -> None:
        """Called by Django when all apps are loaded."""
        checks.register(faults.of_project, checks.Tags.security)
        checks.register(faults.of_admin, checks.Tags.admin)
        checks.register(faults.of_deployment, checks.Tags.security, deploy=True)
