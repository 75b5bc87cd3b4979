"""The clinic in a real browser: every page works under the policy that guards it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from examples.clinic import sample

TOP = Path(__file__).parents[2]
PASSWORDS = {person.username: person.password for person in sample.PEOPLE}
PAGES = {
    "": ("/", "/visiting/", "/login", "/nothing-here"),
    "alice": ("/", "/appointments", "/notes"),
    "carol": ("/appointments", "/patients", "/patients/1", "/rota"),
    "erin": ("/admin/users", "/admin/report"),
}
OFFICE = {
    "carol": ("/office/", "/office/clinic/patient/", "/office/clinic/patient/1/change/", "/office/clinic/note/1/reveal/text/"),
    "dave": ("/office/clinic/appointment/", "/office/clinic/appointment/1/change/"),
    "erin": (
        "/office/",
        "/office/clinic/user/",
        "/office/clinic/user/?q=ali",
        "/office/clinic/user/1/change/",
        "/office/clinic/user/1/history/",
    ),
}
"""Pages of Django's admin site."""


# The tests of one clinic run on one worker, so that it is started once, and one browser.
DJANGO = pytest.mark.xdist_group("clinic-browser-django")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("fastapi", marks=pytest.mark.xdist_group("clinic-browser-fastapi")),
        pytest.param("flask", marks=pytest.mark.xdist_group("clinic-browser-flask")),
        pytest.param("django", marks=DJANGO),
    ],
)
def origin(request: pytest.FixtureRequest) -> Iterator[str]:
    """The clinic, as ./run clinic starts it."""
    if request.param == "django":
        yield request.getfixturevalue("office")
    else:
        yield from _started(request.param)


@pytest.fixture(scope="module")
def office() -> Iterator[str]:
    """The clinic on Django, whose admin site is looked at."""
    yield from _started("django")


def _started(framework: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "examples.clinic", "--port", str(port), *([] if framework == "fastapi" else [f"--{framework}"])]
    clinic = subprocess.Popen(words, cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            assert clinic.poll() is None, "the clinic did not start"
            time.sleep(0.02)
        yield f"https://clinic.localhost:{port}"
    finally:
        clinic.terminate()
        clinic.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all people."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no chromium with chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    flags = ("--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--ignore-certificate-errors")
    for flag in (*flags, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as started:
        started.implicitly_wait(10)  # a click returns before the next page is there
        yield started


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> webdriver.Chrome:
    """As if it was started for this person: it has no cookie, has every part still to load, and its console is empty."""
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.execute_cdp_cmd("Network.clearBrowserCache", {})
    chromium.get_log("browser")
    return chromium


def sign_in(browser: webdriver.Chrome, origin: str, username: str) -> None:
    browser.get(f"{origin}/login")
    browser.find_element(By.NAME, "username").send_keys(username)
    browser.find_element(By.NAME, "password").send_keys(PASSWORDS[username])
    browser.find_element(By.CSS_SELECTOR, "main form button").click()
    assert browser.find_elements(By.CSS_SELECTOR, "form[action='/logout']")


@pytest.mark.real
@pytest.mark.parametrize("username", PAGES)
def test_every_page_loads_all_its_parts_under_the_policy(browser: webdriver.Chrome, origin: str, username: str) -> None:
    """Style, icon, script and live news come from the clinic itself, and nothing of it is blocked."""
    if username:
        sign_in(browser, origin, username)
    for path in PAGES[username]:
        browser.get(f"{origin}{path}")
        assert not _blocked(browser)
        if path != "/nothing-here":  # ringwork's own page, which has no style at all
            rules = browser.execute_script("return [...document.styleSheets].reduce((n, sheet) => n + sheet.cssRules.length, 0)")
            assert rules > 10


@DJANGO
@pytest.mark.real
@pytest.mark.parametrize("username", OFFICE)
def test_every_page_of_the_admin_site_works_under_the_policy(browser: webdriver.Chrome, office: str, username: str) -> None:
    """Django's own scripts and styles are loaded, and none of them is blocked."""
    sign_in(browser, office, username)
    for path in OFFICE[username]:
        browser.get(f"{office}{path}")
        assert "Riverside Clinic, office" in browser.page_source
        assert not _blocked(browser)
        rules = browser.execute_script("return [...document.styleSheets].reduce((n, sheet) => n + sheet.cssRules.length, 0)")
        assert rules > 10


@DJANGO
@pytest.mark.real
def test_an_action_of_the_admin_site_works_by_hand(browser: webdriver.Chrome, office: str) -> None:
    """Its form carries Django's own token, and its script counts what is chosen."""
    sign_in(browser, office, "erin")
    browser.get(f"{office}/office/clinic/user/")
    browser.find_element(By.CSS_SELECTOR, "tr:has(a[href*='/user/2/']) input.action-select").click()
    assert browser.find_element(By.CSS_SELECTOR, ".action-counter").text.startswith("1 of")
    browser.find_element(By.CSS_SELECTOR, "select[name='action'] option[value='block']").click()
    browser.find_element(By.CSS_SELECTOR, "#changelist-form button[name='index']").click()
    assert "Bob Okafor: blocked" in browser.find_element(By.CSS_SELECTOR, ".messagelist").text


@DJANGO
@pytest.mark.real
def test_a_sealed_field_is_revealed_by_hand(browser: webdriver.Chrome, office: str) -> None:
    """From the masked page by its link, through a form without any script, to the value, and nothing of it is blocked."""
    sign_in(browser, office, "carol")
    browser.get(f"{office}/office/clinic/patient/1/change/")
    assert "1984-05-17" not in browser.page_source
    browser.find_element(By.CSS_SELECTOR, "a[href$='/reveal/born/']").click()
    browser.find_element(By.NAME, "reason").send_keys("she asked for her file")
    browser.find_element(By.CSS_SELECTOR, "#content-main input[type='submit']").click()
    assert browser.find_element(By.CSS_SELECTOR, "pre.revealed").text == "1984-05-17"
    assert not _blocked(browser)


def _blocked(browser: webdriver.Chrome) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]
