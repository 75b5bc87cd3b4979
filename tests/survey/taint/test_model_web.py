"""What the models say of web frameworks, templates and object mappers: each danger beside the safe twin that the same library offers."""

from __future__ import annotations

import pytest

from ringwork.survey.taint import model
from ringwork.survey.taint.parts import Function


def of(name: str) -> Function:
    """A function, or what reading an attribute of a type gives."""
    owner, _, last = name.rpartition(".")
    found = model.load().function(name) or model.load().attribute(owner, last)
    assert found is not None, name
    return found


def kinds(name: str) -> set[str]:
    return {sink.kind for sink in of(name).sinks}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("flask.Request.args", "query"),
        ("flask.Request.view_args", "path"),
        ("flask.request.get_json", "body"),
        ("starlette.requests.Request.query_params", "query"),
        ("fastapi.Request.body", "body"),
        ("fastapi.WebSocket.receive_text", "message"),
        ("django.http.HttpRequest.POST", "form"),
        ("django.http.HttpRequest.get_host", "host"),
        ("rest_framework.request.Request.data", "body"),
        ("rest_framework.request.Request.META", "header"),
        ("aiohttp.web.Request.match_info", "path"),
        ("aiohttp.web.Request.cookies", "cookie"),
        ("wtforms.StringField.data", "form"),
        ("django.forms.ModelForm.cleaned_data", "form"),
    ],
)
def test_a_request_brings_input_of_its_kind(name: str, source: str) -> None:
    """Where a value comes from decides who can choose it."""
    assert of(name).source == source


@pytest.mark.parametrize("name", ["flask.Request.method", "flask.Request.content_length", "wtforms.IntegerField.data", "flask.url_for"])
def test_what_nobody_can_write_freely_is_no_input(name: str) -> None:
    """A number, a method and an address that the application makes carry no text of a client."""
    found = of(name)
    assert not found.source
    assert not found.passes


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("flask.redirect", "redirect"),
        ("flask.render_template_string", "template"),
        ("flask.send_file", "path"),
        ("fastapi.responses.HTMLResponse", "html"),
        ("django.utils.safestring.mark_safe", "html"),
        ("django.http.HttpResponseNotFound", "html"),
        ("django.db.models.Manager.raw", "sql"),
        ("django.db.models.QuerySet.extra", "sql"),
        ("django.db.models.QuerySet.filter", "orm"),
        ("aiohttp.web.HTTPFound", "redirect"),
        ("jinja2.Environment.from_string", "template"),
        ("sqlalchemy.sql.text", "sql"),
        ("sqlalchemy.ext.asyncio.AsyncConnection.exec_driver_sql", "sql"),
        ("sqlmodel.Session.exec", "sql"),
        ("markupsafe.Markup", "html"),
    ],
)
def test_a_place_where_text_is_obeyed_is_told(name: str, kind: str) -> None:
    """Aliases and bases included."""
    assert kind in kinds(name)


@pytest.mark.parametrize(
    "name",
    [
        "flask.jsonify",
        "flask.render_template",
        "fastapi.responses.JSONResponse",
        "django.http.JsonResponse",
        "django.shortcuts.render",
        "aiohttp.web.json_response",
        "jinja2.sandbox.SandboxedEnvironment.from_string",
        "sqlalchemy.select",
        "sqlalchemy.orm.Query.filter",
    ],
)
def test_the_safe_twin_is_no_place_of_harm_and_gives_nothing_on(name: str) -> None:
    """JSON is no markup, a rendered page is escaped, and an expression binds its values."""
    assert kinds(name) <= {"error-detail", "page"}  # what comes into a page is judged with the page
    assert not of(name).passes


@pytest.mark.parametrize(
    "name",
    [
        "sqlalchemy.orm.Query.first",
        "sqlalchemy.orm.Session.get",
        "django.db.models.QuerySet.get",
        "flask_sqlalchemy.query.Query.get_or_404",
    ],
)
def test_what_was_loaded_is_stored_whatever_it_was_looked_up_with(name: str) -> None:
    """A lookup key does not become the name of the one who was found."""
    assert of(name).source == "stored"
    assert not of(name).passes


@pytest.mark.parametrize(
    "name", ["markupsafe.escape", "django.utils.html.escape", "django.utils.html.format_html", "nh3.clean", "bleach.clean"]
)
def test_an_escaper_makes_markup_harmless_and_no_statement(name: str) -> None:
    """Escaped for a page is not escaped for SQL."""
    assert "html" in of(name).cleans
    assert "sql" not in of(name).cleans
    assert of(name).passes


@pytest.mark.parametrize(
    "name", ["markdown.markdown", "mistune.html", "commonmark.commonmark", "django.utils.html.strip_tags", "bleach.linkify"]
)
def test_what_only_looks_like_an_escaper_cleans_nothing(name: str) -> None:
    """Markdown keeps the HTML in it, and tags that are stripped may be put together again."""
    assert not of(name).cleans
    assert of(name).passes


def test_the_host_of_a_redirect_is_asked_by_a_guard() -> None:
    """Only the answer yes makes the address harmless."""
    (guard,) = of("django.utils.http.url_has_allowed_host_and_scheme").guards
    assert "redirect" in guard.true
    assert not guard.false


def test_what_is_assigned_to_a_location_leads_away_and_another_header_does_not() -> None:
    """The name of the header decides, in any case of letters."""
    (sink,) = of("werkzeug.datastructures.Headers.__setitem__").sinks
    pattern = sink.when[0].wanted[0].value
    assert (sink.kind, sink.when[0].of) == ("redirect", (0,))
    assert pattern.search("location")
    assert not pattern.search("X-Location-Id")
