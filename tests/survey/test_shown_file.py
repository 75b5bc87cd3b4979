"""Where a handler stands, as a report shows it: a file of the project, or the module of a library, and no path of the machine."""

from __future__ import annotations

import pytest

from ringwork.prove.evidence import Outcome
from ringwork.prove.witness import saw
from ringwork.survey.facts import RouteFacts


def _route(file):
    return RouteFacts(kind="http", path="/openapi.json", methods=("GET",), handler="x", file=file, line=9)


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("shop/views.py", "shop/views.py"),
        ("", ""),
        ("/srv/shop/.venv/lib/python3.11/site-packages/fastapi/applications.py", "library:fastapi.applications"),
        ("/usr/lib/python3/dist-packages/django/contrib/__init__.py", "library:django.contrib"),
        ("/usr/lib/python3.12/http/server.py", "library:http.server"),
        ("/srv/shop/beside/views.py", "library:views"),
    ],
)
def test_a_handler_of_a_library_is_shown_by_its_module(file, shown):
    """Against a report that tells how the machine is laid out."""
    assert _route(file).shown_file == shown
    assert saw(Outcome.HELD, "an attack", _route(file), "it failed").file == shown
