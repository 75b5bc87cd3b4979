"""Keys of Django's encrypted fields, where a setting may hold a list of them: a new one is put in front, and the old one taken away.

Each package reads its setting at another time, and keeps what it read; in a copy that is forgotten again.
"""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from ringwork.survey.facts import FieldFacts


class KeyList(Protocol):
    """A setting with keys, the first of which encrypts."""

    @property
    def setting(self) -> str:
        """Its name."""

    def lead(self) -> None:
        """Put a fresh key in front."""

    def only_new(self) -> None:
        """Take all others away."""

    def both(self) -> None:
        """Put them back behind it."""


class Setting:
    """The setting of one package."""

    def __init__(self, name: str, fields: Sequence[Any]) -> None:
        from django.conf import settings

        self.setting, self._settings, self._fields = name, settings, fields
        value = getattr(settings, name)
        self._old = list(value) if isinstance(value, list | tuple) else [value]
        self._new = ""

    def lead(self) -> None:
        """A random one."""
        self._new = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.both()

    def both(self) -> None:
        """New, then old."""
        self._set([self._new, *self._old])

    def only_new(self) -> None:
        """The old one is gone."""
        self._set([self._new])

    def _set(self, keys: list[Any]) -> None:
        setattr(self._settings, self.setting, keys)
        module: Any = sys.modules.get("encrypted_model_fields.fields")
        if self.setting == "FIELD_ENCRYPTION_KEY" and module is not None:
            module.CRYPTER = module.get_crypter()
        for field in self._fields:
            for name in ("keys", "f"):
                field.__dict__.pop(name, None)


_SETTINGS = {"django-encrypted-model-fields": "FIELD_ENCRYPTION_KEY", "django-fernet-encrypted-fields": "SALT_KEY"}


def of(fields: Sequence[FieldFacts]) -> tuple[KeyList, list[FieldFacts]] | None:
    """The list by which these fields' keys can be rotated, and the fields that it is for; None where there is no such setting."""
    for library, setting in _SETTINGS.items():
        found = [field for field in fields if field.encrypted_by == library]
        if found:
            from django.apps import apps

            models = {f"{m.__module__}:{m.__qualname__}": m for m in apps.get_models()}
            return Setting(setting, [models[one.model]._meta.get_field(one.attribute) for one in found]), found  # noqa: SLF001  # documented
    return None
