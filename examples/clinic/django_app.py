"""The clinic on Django: `gunicorn examples.clinic.django_app:app`. It has an admin site and no live news; the rest is the same."""

from __future__ import annotations

import dataclasses
import os

from django.core.wsgi import get_wsgi_application

from ringwork import protect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.clinic.django_settings")
app = get_wsgi_application()

from examples.clinic import desk  # noqa: E402  # Django's settings come first
from examples.clinic.admin import make_tables  # noqa: E402
from examples.clinic.django_layers import identify  # noqa: E402
from examples.clinic.policy import POLICY  # noqa: E402

desk.STORE.when_opened(make_tables)
protect(app, dataclasses.replace(POLICY, identify=identify))
