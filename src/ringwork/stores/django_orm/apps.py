"""The Django app: `"ringwork.stores.django_orm"` in INSTALLED_APPS brings the key table's migration."""

from __future__ import annotations

from django.apps import AppConfig


class Stores(AppConfig):
    """The key table in a Django project's own database."""

    name = "ringwork.stores.django_orm"
    label = "ringwork_stores"
    verbose_name = "ringwork, stores"
    default_auto_field = "django.db.models.BigAutoField"
