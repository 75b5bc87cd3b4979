"""What stands round a Django application: its debugger, its files, the settings of its own guards; and what templates may print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import engines

from ringwork.current import csp_nonce, csrf_field
from ringwork.enforce.guard import Surroundings
from ringwork.frameworks import django_sharing, rewriters, telltales, templating
from ringwork.frameworks.django_routes import entries

_DEBUG_SETTINGS = ("DEBUG_PROPAGATE_EXCEPTIONS",)
_SIGNING = ("SECRET_KEY", "SECRET_KEY_FALLBACKS")


def look_round(layers: tuple[str, ...]) -> Surroundings:
    """What guards may look at when the application starts. layers: faults of ringwork's own."""
    return Surroundings(
        framework="django",
        debug=tuple(dict.fromkeys(_debug())),
        static_folders=tuple(_folders()),
        settings={**django_sharing.settings_of(), **{name: getattr(settings, name, None) for name in _SIGNING}},
        rewriters=tuple(rewriters.around_us()),
        layers=layers,
    )


def _debug() -> Iterator[str]:
    """What shows internals, each as its user would find it."""
    if settings.DEBUG:
        yield "settings.DEBUG"
    yield from (name for name in _DEBUG_SETTINGS if getattr(settings, name, False))
    for path in settings.MIDDLEWARE:
        name = path.rpartition(".")[2]
        if name in telltales.LAYERS:
            yield name
    yield from telltales.tools_among(entry.path for entry in entries(settings.ROOT_URLCONF))
    yield from telltales.reloading()


def _folders() -> Iterator[tuple[str, str]]:
    """Folders whose files are served, by whoever serves them for Django."""
    for folder, url in ((settings.STATIC_ROOT, settings.STATIC_URL), (settings.MEDIA_ROOT, settings.MEDIA_URL)):
        if folder and Path(folder).is_dir():
            yield str(folder), "/" + str(url or "").strip("/")
    for found in settings.STATICFILES_DIRS:
        folder = found[1] if isinstance(found, tuple | list) else found
        yield str(folder), "/" + str(settings.STATIC_URL or "").strip("/")
    for entry in entries(settings.ROOT_URLCONF):
        if entry.folder:
            yield entry.folder, entry.path.partition("/{")[0]


def names(request: Any) -> Mapping[str, Any]:
    """A context processor: the nonce of this answer, and the hidden field of a form."""
    return {"csp_nonce": csp_nonce, "ringwork_csrf_field": csrf_field}


def teach() -> None:
    """Give the application's template engines the names; what a template sets itself stays its own."""
    for engine in engines.all():
        inner: Any = getattr(engine, "engine", None)
        if inner is not None:
            processors = inner.template_context_processors
            if names not in processors:
                inner.__dict__["template_context_processors"] = (names, *processors)
        elif hasattr(engine, "env"):
            templating.teach(engine.env)
