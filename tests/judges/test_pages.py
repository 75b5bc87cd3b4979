"""What axe, a browser's console and html-validate say of every page of the clinics, for everyone who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from ringwork.cli import routes
from tests.judges import browsers, clinics, markup

pytestmark = pytest.mark.real

PAGES = {
    "": ("/", "/visiting/", "/login", "/appointments", "/nothing-here"),
    "alice": ("/", "/appointments", "/notes", "/visiting/", "/patients/1", "/admin/users"),
    "carol": ("/", "/appointments", "/patients", "/patients/1", "/rota", "/patients/999", "/patients/x"),
    "dave": ("/", "/appointments", "/patients", "/rota"),
    "erin": ("/", "/admin/users", "/admin/report", "/rota"),
}
"""For each person, nobody first, the pages to look at; those that are refused or missing are pages too."""

# The four clinics show the same templates, so axe, which takes its time, reads those of two.
# What a browser makes of the answers is asked of all.
WITH_AXE = pytest.mark.parametrize("clinic", clinics.each("fastapi", "flask"), indirect=True)
WITHOUT_AXE = pytest.mark.parametrize("clinic", clinics.each("django", "aiohttp"), indirect=True)

# Django's admin site is no template of the clinic's: tests/examples/test_clinic_browser.py opens it under the policy.
# A calendar file is no page: a browser keeps it on disk.
LEFT_OUT = ("/api/", "/static", "/.ringwork", "/live", "/office/", "/appointments/1/calendar")


SLOWLY = """<!DOCTYPE html><html lang="en"><title>Links</title><style>
:root { --ink: #0a4d8c; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #9cf; --paper: #111; } }
@media (prefers-reduced-motion: no-preference) { a { transition: color 60s; } }
body { background: var(--paper); } a { color: var(--ink); }
</style><main><h1><a href="/">All links</a></h1></main></html>"""
"""A page whose colours take a minute to change, for whoever wants motion."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all; it forgets its cookies between people."""
    with browsers.chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


def test_the_judges_look_at_every_page_there_is(clinic: clinics.Site) -> None:
    """A page that is added to a clinic has to be added here."""
    found = routes.facts_of(f"examples.clinic.{clinic.framework}_app:app", factory=False, arguments=(), env=[]).routes
    there = {re.sub(r"{[^}]*}", "1", route.path) for route in found if "GET" in route.methods}
    seen = {path for paths in PAGES.values() for path in paths}
    assert not {path for path in there if not path.startswith(LEFT_OUT)} - seen


def found_by(browser: webdriver.Chrome, clinic: clinics.Site, username: str, schemes: Iterable[str]) -> str:
    """What the console says on a person's pages, and axe in these colour schemes: a line each."""
    browser.delete_all_cookies()
    if username:
        browsers.sign_in(browser, clinic, username)
    browsers.complaints(browser)
    found = []
    for path in PAGES[username]:
        browser.get(f"{clinic.origin}{path}")
        found += [f"{path}: {said}" for said in browsers.complaints(browser)]
        found += [f"{path}, {scheme}: {said}" for scheme in schemes for said in browsers.violations(browser, scheme)]
    browser.get(f"{clinic.origin}/")
    browser.delete_all_cookies()
    return "\n".join(found)


@WITH_AXE
@pytest.mark.parametrize("username", PAGES)
def test_axe_and_the_console_find_nothing_on_any_page(browser: webdriver.Chrome, clinic: clinics.Site, username: str) -> None:
    """For everyone, light and dark: nothing that keeps a person out, no error, nothing blocked by the policy."""
    assert not found_by(browser, clinic, username, browsers.SCHEMES)


@WITHOUT_AXE
@pytest.mark.parametrize("username", PAGES)
def test_the_console_finds_nothing_on_any_page(browser: webdriver.Chrome, clinic: clinics.Site, username: str) -> None:
    """For everyone: no error and nothing blocked by the policy, whichever framework and server answer."""
    assert not found_by(browser, clinic, username, ())


def test_no_browser_reported_a_breach_of_the_policy(browser: webdriver.Chrome, clinic: clinics.Site) -> None:
    """What a browser blocks it also reports to the clinic; after a page with its script and its live news there is nothing."""
    browsers.sign_in(browser, clinic, "alice")
    browser.get(f"{clinic.origin}/appointments")
    browser.delete_all_cookies()
    assert not clinic.events("csp")


def test_axe_objects_to_an_ugly_page(browser: webdriver.Chrome, toys: clinics.Site) -> None:
    """No language, no title, a picture and a link without words: each is named."""
    browser.get(f"{toys.origin}/")
    assert {"html-has-lang", "document-title", "image-alt", "link-name"} <= {
        said.partition(":")[0] for said in browsers.violations(browser)
    }


@pytest.mark.parametrize(("motion", "found"), [("reduce", set()), ("no-preference", {"color-contrast"})])
def test_axe_looks_when_the_colours_have_changed(
    browser: webdriver.Chrome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, motion: str, found: set[str]
) -> None:
    """Halfway from the dark scheme to the light one a link is hard to read, and nobody is kept out by that."""
    (tmp_path / "page.html").write_text(SLOWLY, encoding="utf-8")
    monkeypatch.setattr(browsers, "STILL", {"name": "prefers-reduced-motion", "value": motion})
    browsers.violations(browser, "dark")
    browser.get((tmp_path / "page.html").as_uri())
    assert {said.partition(":")[0] for said in browsers.violations(browser, "light")} == found


def test_the_console_tells_of_what_a_policy_blocks(browser: webdriver.Chrome, toys: clinics.Site) -> None:
    """A script that the page's own policy forbids is an error of the console."""
    browser.get(f"{toys.origin}/noisy")
    assert [said for said in browsers.complaints(browser) if "Content Security Policy" in said]


def test_every_page_is_valid(clinic: clinics.Site) -> None:
    """html-validate finds nothing in any page that anyone sees, those of errors included."""
    pages: dict[str, str] = {}
    for username, paths in PAGES.items():
        with clinic.visitor(username) as visitor:
            seen = {path: visitor.get(path).text for path in paths}
            seen["a refused form"] = visitor.post("/login", data={"username": "alice"}).text
            seen["a wrong method"] = visitor.put("/visiting/").text
        pages |= {f"{username or 'nobody'}, {name}": text for name, text in seen.items()}
    assert not markup.objections(pages)


def test_every_page_of_an_error_is_valid(clinic: clinics.Site) -> None:
    """The clinic's own pages and those of ringwork: a wrong password, a form half filled, a host that is not ours."""
    with clinic.visitor() as nobody:
        form = {"csrf_token": clinics.token_of(nobody.get("/login").text, "/login"), "username": "alice", "password": "wrong"}
        pages = {"wrong password": nobody.post("/login", data=form).text}
        pages["foreign host"] = nobody.get("/", headers={"host": "evil.invalid"}).text
    with clinic.visitor("carol") as carol:
        form = {"csrf_token": clinics.token_of(carol.get("/patients/1").text, "/patients/1/notes"), "text": ""}
        pages["empty note"] = carol.post("/patients/1/notes", data=form).text
    assert "evil.invalid" not in pages["foreign host"]
    assert not markup.objections(pages)


def test_the_judge_of_markup_objects_to_an_ugly_page(toys: clinics.Site) -> None:
    """Elements that are gone, ids that are there twice, and what was never closed."""
    with toys.visitor() as visitor:
        found = "\n".join(markup.objections({"ugly": visitor.get("/").text})["ugly"])
    assert "no-dup-id" in found
    assert "deprecated" in found
