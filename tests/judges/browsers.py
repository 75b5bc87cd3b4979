"""A real browser for the judges, and axe in it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.judges import clinics, outsiders

SCHEMES = ("light", "dark")
# Against a look in the middle of a change of colours: whoever asks for less motion is shown none on the way from dark to light.
STILL = {"name": "prefers-reduced-motion", "value": "reduce"}
FLAGS = ("--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--ignore-certificate-errors")
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe, of those that it applies by itself, in which colours count."""
# Of what passes, axe would else write down every element with its path, which is most of its work on a long page.
ASK = """
const [only, done] = arguments;
axe.run(document, {resultTypes: ["violations"], ...(only ? {runOnly: {type: "rule", values: only}} : {})}).then(
  (said) => done(said.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${v.help}`))),
  (error) => done([String(error)]),
);
"""


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[webdriver.Chrome]:
    """Debian's browser with a profile of its own."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no chromium with chromedriver; ./run setup-system installs them")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as started:
        yield started


def sign_in(browser: webdriver.Chrome, site: clinics.Site, username: str) -> None:
    """As a person does, by the form."""
    browser.get(f"{site.origin}/login")
    browser.find_element(By.NAME, "username").send_keys(username)
    browser.find_element(By.NAME, "password").send_keys(clinics.PASSWORDS[username])
    browser.find_element(By.CSS_SELECTOR, "main form button").click()
    WebDriverWait(browser, clinics.PATIENCE).until(lambda b: b.find_elements(By.CSS_SELECTOR, "form[action='/logout']"))


def violations(browser: webdriver.Chrome, scheme: str = "light") -> list[str]:
    """What axe finds on the page that is open, in a colour scheme; in another than the light one only what depends on colours."""
    source = Path(outsiders.node_file("axe-core/axe.min.js")).read_text(encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}, STILL]})
    browser.set_script_timeout(4 * clinics.PATIENCE)  # a large report, two schemes, a busy machine
    # Handed over by the debugger, so the page's own policy stays as strict as it is.
    browser.execute_script(source)
    found: list[str] = browser.execute_async_script(ASK, None if scheme == "light" else OF_COLOURS)
    return found


def complaints(browser: webdriver.Chrome) -> list[str]:
    """What the console says since it was last asked.

    Left out: that the page itself has an error's status, and that there is no /favicon.ico, a guess of the browser's own.
    """
    said, failed = browser.get_log("browser"), " - Failed to load resource: the server responded with a status of 4"
    place = browser.execute_script("return location.origin")
    expected = (f"{browser.current_url}{failed}", f"{place}/favicon.ico{failed}04")
    return [f"{entry['level']} {entry['message']}" for entry in said if not str(entry["message"]).startswith(expected)]
