"""What a project told django-cors-headers and django-csp is read, and said in ringwork's words when it starts."""

from __future__ import annotations

import logging
import sys
import types
from typing import Any

import django
import pytest
from django.http import HttpResponse
from django.test.utils import override_settings
from django.urls import path

import ringwork
from ringwork import Policy, public
from ringwork.enforce.browser.content_security_policy import ContentSecurityPolicySettings
from ringwork.enforce.browser.cors import CorsSettings
from tests.frameworks.django_project import MIDDLEWARE, ask, configure, project

CORS, CSP = "corsheaders.middleware.CorsMiddleware", "csp.middleware.CSPMiddleware"
FRONT = "https://front.example"


def told(caplog: pytest.LogCaptureFixture, middleware: str, settings: dict[str, object], **policy: object) -> str:
    """What is said at the start of a project with these settings."""
    configure()
    patterns = [path("ok", public("a test needs it")(lambda request: HttpResponse("fine")))]
    with override_settings(MIDDLEWARE=[*MIDDLEWARE, middleware], **settings), caplog.at_level(logging.WARNING, "ringwork"):
        app = ringwork.protect(project(patterns), Policy(origin="https://clinic.example", events=lambda event: None, **policy))
        assert ask(app, "GET", "/ok").status == 200
    return caplog.text


def test_says_what_to_write_instead_of_django_cors_headers(caplog: pytest.LogCaptureFixture) -> None:
    """Two who answer for sharing contradict each other; the line to write names the same origins."""
    said = told(caplog, CORS, {"CORS_ALLOWED_ORIGINS": [FRONT], "CORS_ALLOW_CREDENTIALS": True})
    assert "browser.cors: django-cors-headers" in said
    assert f'origins = ["{FRONT}"]' in said
    assert "credentials = true" in said


def test_warns_of_sharing_with_everybody(caplog: pytest.LogCaptureFixture) -> None:
    """CORS_ALLOW_ALL_ORIGINS with credentials lets any page read what the user may read."""
    said = told(caplog, CORS, {"CORS_ALLOW_ALL_ORIGINS": True, "CORS_ALLOW_CREDENTIALS": True})
    assert "shares answers with cookies with '*'" in said


def test_says_nothing_of_sharing_that_the_policy_says_already(caplog: pytest.LogCaptureFixture) -> None:
    """The honest case: the same origins stand in the policy."""
    settings = {"CORS_ALLOWED_ORIGINS": [FRONT]}
    said = told(caplog, CORS, settings, cors=CorsSettings(origins=(FRONT,)), trusted_origins=(FRONT,))
    assert "django-cors-headers" not in said


def test_says_what_to_write_instead_of_django_csp(caplog: pytest.LogCaptureFixture) -> None:
    """A second policy knows another nonce, so pages would break; its sources are told as settings, keywords left out."""
    sources = {"script-src": ["'self'", "https://cdn.example/app.js"], "img-src": ["'self'", "https://media.example"]}
    said = told(caplog, CSP, {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": sources}})
    assert 'script_sources = ["https://cdn.example/app.js"], image_sources = ["https://media.example"]' in said
    known = ContentSecurityPolicySettings(script_sources=("https://cdn.example/app.js",), image_sources=("https://media.example",))
    caplog.clear()
    again = told(caplog, CSP, {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": sources}}, content_security_policy=known)
    assert "take it out of MIDDLEWARE" in again
    assert "script_sources" not in again


class PassesOn:
    """Stands for Django 6's own middleware on a Django that has none; what is read are the settings."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


@pytest.fixture
def own_middleware(monkeypatch: pytest.MonkeyPatch) -> str:
    """The dotted name of Django 6's middleware, which every Django can load here."""
    module, name = "django.middleware.csp", "ContentSecurityPolicyMiddleware"
    if django.VERSION < (6,):
        stand_in: Any = types.ModuleType(module)
        setattr(stand_in, name, PassesOn)
        monkeypatch.setitem(sys.modules, module, stand_in)
    return f"{module}.{name}"


def test_says_what_to_write_instead_of_the_policy_of_django_6(caplog: pytest.LogCaptureFixture, own_middleware: str) -> None:
    """SECURE_CSP is read like django-csp's settings; its word for a nonce, like every keyword, is no source."""
    sources = {"script-src": ["'self'", "<CSP_NONCE_SENTINEL>", "https://cdn.example/app.js"], "img-src": "https://media.example"}
    said = told(caplog, own_middleware, {"SECURE_CSP": sources})
    assert "Django's own ContentSecurityPolicyMiddleware" in said
    assert 'script_sources = ["https://cdn.example/app.js"], image_sources = ["https://media.example"]' in said
    known = ContentSecurityPolicySettings(script_sources=("https://cdn.example/app.js",), image_sources=("https://media.example",))
    caplog.clear()
    again = told(caplog, own_middleware, {"SECURE_CSP": sources}, content_security_policy=known)
    assert "take it out of MIDDLEWARE" in again
    assert "script_sources" not in again


def test_says_nothing_of_a_policy_that_is_not_sent(caplog: pytest.LogCaptureFixture, own_middleware: str) -> None:
    """Settings without the middleware, and a policy that only reports, send nothing that could break a page."""
    sources = {"script-src": ["https://cdn.example/app.js"]}
    assert "Content" not in told(caplog, "django.middleware.common.BrokenLinkEmailsMiddleware", {"SECURE_CSP": sources})
    assert "script_sources" not in told(caplog, own_middleware, {"SECURE_CSP_REPORT_ONLY": sources})


def test_gives_templates_the_nonce_of_the_policy_that_is_sent() -> None:
    """`{{ csp_nonce }}` of Django's templates is the one in the header; a page without it has none."""
    from django.template import engines

    def page(request: object) -> HttpResponse:
        return HttpResponse(engines["django"].from_string('<script nonce="{{ csp_nonce }}"></script>').render({}, request))

    app = ringwork.protect(project([path("page", public("a test needs it")(page))]), Policy(origin="https://clinic.example"))
    answer = ask(app, "GET", "/page")
    nonce = answer.text.partition('nonce="')[2].partition('"')[0]
    assert len(nonce) == 24
    assert f"'nonce-{nonce}'" in answer.all("content-security-policy")[0]
