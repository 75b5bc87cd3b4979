"""Django's settings for the clinic: `DJANGO_SETTINGS_MODULE=examples.clinic.django_settings`."""

from __future__ import annotations

import os
import secrets

DEBUG = False
# Signs only the notices of the admin site, which are shown once; a new key at each start forgets them.
SECRET_KEY = os.environ.get("CLINIC_SECRET_KEY") or secrets.token_urlsafe(48)
# Whom the clinic answers is ringwork's to say, from the origin of the policy: one list, not two.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "examples.clinic.django_views"
AUTH_USER_MODEL = "clinic.User"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "ringwork.sealed.django",
    "examples.clinic",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "examples.clinic.django_layers.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "examples.clinic.django_layers.Refusals",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("CLINIC_DATABASE") or "clinic.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
# The clinic's logins are in its own database; what Django would call a session is a signed cookie, and stays empty.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
STATIC_URL = "/static/"
USE_TZ = True
