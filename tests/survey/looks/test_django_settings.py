"""Which settings production uses, and what in them is told."""

from __future__ import annotations

import pytest

SERVER = {"site/wsgi.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.live")\n', "site/__init__.py": ""}


@pytest.mark.parametrize(
    ("kind", "bad", "safe"),
    [
        ("debug", "DEBUG = True", "DEBUG = env.bool('DEBUG')"),
        ("url-host", 'ALLOWED_HOSTS = ["*"]', 'ALLOWED_HOSTS = ["shop.example"]'),
        ("cookie-flags", "SESSION_COOKIE_SECURE = False", "SESSION_COOKIE_SECURE = not DEBUG"),
        ("cors", "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True", "CORS_ALLOW_CREDENTIALS = True"),
        (
            "loader",
            'SESSION_SERIALIZER = "django.contrib.sessions.serializers.PickleSerializer"',
            'SESSION_SERIALIZER = "a.JSONSerializer"',
        ),
        (
            "password-hash",
            'PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]',
            'PASSWORD_HASHERS = ["a.Argon2PasswordHasher"]',
        ),
        ("autoescape", 'TEMPLATES = [{"OPTIONS": {"autoescape": False}}]', 'TEMPLATES = [{"OPTIONS": {"debug": False}}]'),
        (
            "csrf-exempt",
            'MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]',
            'MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]',
        ),
    ],
)
def test_tells_what_weakens_the_settings_of_production(looked, kind, bad, safe):
    """The settings that the server is told to use decide, and no others."""
    found = looked({**SERVER, "site/live.py": bad + "\n"}, kind)
    assert [(flow.place.file, flow.strength.value) for flow in found] == [("site/live.py", "strong")]
    assert not looked({"site/live.py": safe + "\n", "site/other_settings.py": f"INSTALLED_APPS = []\n{bad}\n"}, kind)


def test_a_value_that_is_set_again_is_not_told(looked):
    """Settings build upon others, and the last one counts."""
    files = {**SERVER, "site/ground.py": "DEBUG = True\n", "site/live.py": "from site.ground import *\nDEBUG = False\n"}
    assert not looked(files, "debug")
    assert looked({"site/live.py": "from site.ground import *\n"}, "debug")


def test_a_value_under_a_condition_is_not_told(looked):
    """Nobody knows whether the condition holds."""
    assert not looked({**SERVER, "site/live.py": "if os.environ.get('D'):\n    DEBUG = True\n"}, "debug")


def test_settings_that_others_may_replace_are_weak(looked):
    """A star import of a file that is not here may change every one of them."""
    found = looked({**SERVER, "site/live.py": "DEBUG = True\ntry:\n    from site.mine import *\nexcept ImportError:\n    pass\n"}, "debug")
    assert [flow.strength.value for flow in found] == ["weak"]


def test_without_a_server_the_settings_that_nobody_builds_upon_are_read(looked):
    """A project whose server is told elsewhere has settings all the same; those of a developer are left alone."""
    files = {
        "shop/settings.py": "INSTALLED_APPS = []\nDEBUG = True\n",
        "shop/settings_dev.py": "INSTALLED_APPS = []\nDEBUG = True\n",
        "shop/__init__.py": "",
    }
    assert [flow.place.file for flow in looked(files, "debug")] == ["shop/settings.py"]
