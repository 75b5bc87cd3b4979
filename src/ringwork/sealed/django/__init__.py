"""Sealed fields of Django's models: `SealedField` in fields.py; `"ringwork.sealed.django"` in INSTALLED_APPS for admin and checks."""
