"""What each framework brings by itself, what of that stays on, and what ringwork adds; each row names the tests that show it.

kept: the framework's own stays in force, behind ringwork's. read: its settings are read, and ringwork answers in its place.
replaced: what it sends is taken out. refused: production does not start with it. added: it has nothing of the kind.
"""

from __future__ import annotations

import dataclasses

COLUMNS = ("Starlette", "FastAPI", "Flask", "Django", "aiohttp")

HERE = "tests/frameworks/conformance/"
BESIDE = "tests/frameworks/"


@dataclasses.dataclass(frozen=True, slots=True)
class Feature:
    """One defence. cells: for Starlette, FastAPI, Flask, Django and aiohttp; a single one is for all of them. shown: tests."""

    defence: str
    cells: tuple[str, ...]
    shown: tuple[str, ...]


FEATURES: tuple[Feature, ...] = (
    Feature(
        "A rule for every route",
        (
            "added",
            "added; dependencies that verify are kept and counted as rules",
            "added; Flask-Login's `login_required` is kept and counted",
            "added; its decorators, `LoginRequiredMiddleware` and the admin's own check are kept and counted",
            "added",
        ),
        (
            f"{HERE}test_rules.py::test_refuses_a_route_without_a_rule_before_its_handler_runs",
            f"{BESIDE}test_authentication_required.py::test_counts_a_dependency_that_verifies_as_the_route_s_rule",
            f"{BESIDE}test_authentication_required.py::test_counts_flask_login_s_decorator_as_the_view_s_rule",
            f"{BESIDE}test_django.py::test_recognises_checks_of_django_and_nothing_that_merely_looks_like_one",
        ),
    ),
    Feature(
        "Sessions and their cookies",
        (
            "`SessionMiddleware` kept; its cookie leaves with every attribute",
            "as Starlette",
            "`session` kept; its cookie leaves with every attribute",
            "sessions kept; their cookie leaves with every attribute",
            "aiohttp-session kept; its cookie leaves with every attribute",
        ),
        (
            f"{BESIDE}test_cache_control.py::test_trap_30_a_session_that_was_touched_is_not_shared",
            f"{HERE}test_answers.py::test_keeps_repeated_headers_two",
        ),
    ),
    Feature(
        "Proof of a form's origin",
        (
            "added",
            "added",
            "added",
            "added; where the project uses Django's token, in `CsrfViewMiddleware` or `csrf_protect`, that one is kept and counts",
            "added",
        ),
        (
            f"{HERE}test_rules.py::test_takes_a_form_token_once",
            f"{BESIDE}test_django_csrf.py::test_takes_the_token_of_django_where_the_project_uses_it",
        ),
    ),
    Feature(
        "Host names",
        (
            "added",
            "added",
            "added",
            "added; `ALLOWED_HOSTS` is kept and asked afterwards",
            "added; its parser refuses two Host lines itself",
        ),
        (
            f"{HERE}test_rules.py::test_refuses_a_foreign_host_before_anything_else",
            f"{HERE}test_denials.py::test_refuses_and_tells_and_shows_nothing",
        ),
    ),
    Feature(
        "Sharing with other origins",
        (
            "`CORSMiddleware` read, its headers replaced",
            "as Starlette",
            "flask-cors read, its headers replaced",
            "django-cors-headers read, its headers replaced",
            "aiohttp-cors read, its headers replaced",
        ),
        (
            f"{BESIDE}test_cors.py::test_reads_the_frameworks_own_sharing_at_start",
            f"{BESIDE}test_cors.py::test_shares_nothing_by_default",
            f"{BESIDE}test_aiohttp.py::test_reads_what_aiohttp_cors_was_told_and_answers_preflights_itself",
            f"{BESIDE}test_django_settings.py::test_says_what_to_write_instead_of_django_cors_headers",
        ),
    ),
    Feature(
        "Headers for browsers, HSTS",
        (
            "added",
            "added",
            "added",
            "those of `SecurityMiddleware` and `XFrameOptionsMiddleware` replaced; a stricter Referrer-Policy or HSTS stays",
            "added",
        ),
        (
            f"{HERE}test_answers.py::test_puts_every_header_once_on_every_kind_of_answer",
            f"{BESIDE}test_hsts.py::test_takes_the_place_of_a_weaker_one_and_leaves_a_stricter_one",
        ),
    ),
    Feature(
        "Content Security Policy",
        ("added", "added; the hash of its own documentation page is known", "added", "django-csp read, its header replaced", "added"),
        (
            f"{BESIDE}test_django_settings.py::test_says_what_to_write_instead_of_django_csp",
            f"{BESIDE}test_content_security_policy.py::test_trap_33_every_answer_of_every_status_carries_a_policy",
            f"{BESIDE}test_content_security_policy.py::test_the_swagger_page_works_after_one_declared_route",
        ),
    ),
    Feature(
        "Nonces in templates",
        (
            "added to `Jinja2Templates`",
            "as Starlette",
            "added to Flask's Jinja",
            "added to every template engine of the settings",
            "added to aiohttp-jinja2",
        ),
        (
            f"{BESIDE}test_templating.py::test_finds_the_templates_of_starlette_in_the_modules_of_handlers",
            f"{BESIDE}test_templating.py::test_teaches_the_environment_of_flask",
            f"{BESIDE}test_aiohttp.py::test_teaches_templates_the_nonce",
            f"{BESIDE}test_django_settings.py::test_gives_templates_the_nonce_of_the_policy_that_is_sent",
        ),
    ),
    Feature(
        "Error pages",
        (
            "the application's own kept; the default ones and tracebacks replaced",
            "as Starlette; its `detail` stays in the problem document",
            "the application's own kept; Werkzeug's replaced",
            "the project's own templates kept; Django's replaced",
            "the application's own kept; its default ones and its parser's replaced",
        ),
        (
            f"{HERE}test_answers.py::test_gives_a_clean_page_for_a_fault_and_tells_it_once",
            f"{HERE}test_rules.py::test_gives_a_page_to_a_browser",
            f"{BESIDE}test_aiohttp.py::test_answers_what_the_parser_cannot_read_with_headers_and_without_its_words",
        ),
    ),
    Feature(
        "Debugging tools",
        (
            "`debug` refused",
            "`debug` refused, toolbars out of reach",
            "`DEBUG`, `FLASK_DEBUG` and their kind refused, Werkzeug's console out of reach",
            "`DEBUG` refused, toolbars out of reach",
            "debug mode and toolbars refused",
        ),
        (
            f"{BESIDE}test_debug_disabled.py::test_refuses_production_of_a_fastapi_application_in_debug_mode",
            f"{BESIDE}test_debug_disabled.py::test_keeps_the_console_of_werkzeug_out_of_reach",
            f"{BESIDE}test_debug_disabled.py::test_refuses_production_of_a_django_project_with_a_debug_setting",
            f"{BESIDE}test_aiohttp.py::test_refuses_to_start_in_production_with_a_fault",
        ),
    ),
    Feature(
        "Limits of bodies and waits",
        (
            "added",
            "added",
            "added, the deadline by the worker; `MAX_CONTENT_LENGTH` kept",
            "added, under WSGI the deadline by the worker; `DATA_UPLOAD_MAX_MEMORY_SIZE` kept",
            "added; `client_max_size` kept",
        ),
        (
            f"{HERE}test_clients.py::test_measures_a_body_that_comes_in_pieces",
            f"{BESIDE}test_aiohttp.py::test_holds_every_reader_of_a_body_to_its_limit",
        ),
    ),
    Feature("Limits of rates", ("added",), (f"{BESIDE}test_rate_limiting.py::test_refuses_a_client_that_is_too_fast_and_serves_the_next",)),
    Feature(
        "Static files",
        (
            "`StaticFiles` kept; what was left in the folder is refused",
            "as Starlette, and `frontend` too",
            "its static routes kept; what was left in the folder is refused",
            "`static.serve` and staticfiles kept; what was left in the folder is refused",
            "`add_static` kept; what was left in the folder is refused",
        ),
        (
            f"{BESIDE}test_information_disclosure.py::test_serves_assets_and_no_strays",
            f"{BESIDE}test_information_disclosure.py::test_production_refuses_to_start_over_a_stray_file",
        ),
    ),
    Feature(
        "Addresses behind a proxy",
        (
            "added; rewriting by the server refused",
            "as Starlette",
            "added; `ProxyFix` refused",
            "added",
            "added",
        ),
        (
            f"{BESIDE}test_trusted_proxies.py::test_trap_22_production_does_not_start_behind_uvicorns_own_rewriting",
            f"{BESIDE}test_trusted_proxies.py::test_trap_22_finds_proxyfix_wherever_it_stands",
        ),
    ),
    Feature(
        "WebSockets",
        ("guarded as routes", "guarded as routes", "none in WSGI", "none in Django itself", "guarded as routes"),
        (f"{HERE}test_answers.py::test_lets_an_honest_handshake_in", f"{HERE}test_answers.py::test_answers_a_handshake_as_a_page"),
    ),
)


WORDS = """\
*kept*: the framework's own stays in force, behind ringwork's. *read*: its settings are read, and ringwork answers in its place.
*replaced*: what it sends is taken out. *refused*: production does not start with it. *added*: ringwork alone.

"""


def own_features() -> str:
    """The table of docs/frameworks.md, with the tests below it."""
    lines = [WORDS, f"| Defence | {' | '.join(COLUMNS)} |\n", f"|{' --- |' * (len(COLUMNS) + 1)}\n"]
    for feature in FEATURES:
        cells = feature.cells * (len(COLUMNS) // len(feature.cells))
        lines.append(f"| {feature.defence} | {' | '.join(cells)} |\n")
    lines.append("\nShown by:\n\n")
    lines += [f"- {feature.defence}: {', '.join(f'`{name}`' for name in feature.shown)}\n" for feature in FEATURES]
    return "".join(lines)
