"""The HTML report in a real browser: its own policy, its script, its filters, and its print."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from ringwork.report import html
from tests.report import sample

pytestmark = pytest.mark.xdist_group("report-browser")  # on one worker, so that the browser is started once

WAIT = 10


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium with chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in ("--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as started:
        yield started


@pytest.mark.real
def test_a_browser_runs_its_own_script_and_nothing_of_the_target(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """The policy holds in a real browser: no complaint about our own parts, no alert of theirs, and the buttons work."""
    html.write(sample.hostile(), tmp_path / "report.html")
    browser.get((tmp_path / "report.html").as_uri())
    browser.find_element(By.ID, "theme").click()
    assert browser.execute_script("return document.documentElement.dataset.theme") == "light"
    browser.find_element(By.ID, "all").click()
    assert browser.execute_script("return document.querySelectorAll('main details:not([open])').length") == 0
    assert not browser.find_elements(By.TAG_NAME, "img")
    assert browser.get_log("browser") == []


@pytest.mark.real
def test_a_browser_refuses_a_script_that_was_slipped_in(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """Were the escaping to fail, the policy would still stop the script, the handler and the request home."""
    slipped = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"></body>"
    (tmp_path / "report.html").write_text(html.document(sample.clean()).replace("</body>", slipped), encoding="utf-8")
    browser.get((tmp_path / "report.html").as_uri())
    assert browser.title != "taken"
    assert any("Content Security Policy" in entry["message"] for entry in browser.get_log("browser"))


@pytest.mark.real
def test_a_link_to_a_check_opens_what_it_lies_in(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """Whoever follows a link from the list of proven checks sees the evidence."""
    html.write(sample.clean(), tmp_path / "report.html")
    browser.get((tmp_path / "report.html").as_uri() + "#check-browser-csrf-token-matrix")
    assert browser.find_element(By.ID, "check-browser-csrf-token-matrix").is_displayed()
    assert browser.execute_script("return document.getElementById('control-browser-csrf').open") is True


@pytest.fixture
def shop(browser: webdriver.Chrome, tmp_path: Path) -> webdriver.Chrome:
    """The shop with holes, compared with the run before it, in a wide window."""
    report = sample.foreign()
    first, second, *rest = report.findings
    owned = replace(report, findings=(replace(first, owner="web team"), replace(second, owner="payments"), *rest))
    html.write(owned, tmp_path / "report.html", before=sample.before_foreign())
    browser.set_window_size(1300, 900)
    browser.get((tmp_path / "report.html").as_uri())
    return browser


def _shown(browser: webdriver.Chrome, kind: str) -> list[str]:
    found = browser.find_elements(By.CSS_SELECTOR, f"[data-sift={kind}]:not([hidden])")
    return [str(one.get_attribute("id")) for one in found]


def _said(browser: webdriver.Chrome, words: str) -> None:
    WebDriverWait(browser, WAIT).until(lambda b: words in b.find_element(By.ID, "sifted").text)


@pytest.mark.real
def test_a_filter_leaves_what_passes_and_says_how_much_that_is(shop: webdriver.Chrome) -> None:
    """One severity hides the others, empty groups go with them, and clearing brings everything back."""
    total = len(_shown(shop, "finding"))
    Select(shop.find_element(By.ID, "by-severity")).select_by_value("critical")
    _said(shop, f"Shown: 1 of {total} findings")
    assert _shown(shop, "finding") == ["finding-000000000001"]
    assert not shop.find_element(By.ID, "cause-browser-csrf").is_displayed()
    shop.find_element(By.ID, "clear").click()
    assert len(_shown(shop, "finding")) == total
    assert shop.find_element(By.ID, "cause-browser-csrf").is_displayed()


@pytest.mark.real
@pytest.mark.parametrize(
    ("field", "value", "finding"),
    [("by-owner", "payments", "finding-000000000002"), ("by-state", "new", "finding-000000000001")],
)
def test_an_owner_and_what_is_new_can_be_asked_for(shop: webdriver.Chrome, field: str, value: str, finding: str) -> None:
    """A team sees its own findings, and a reviewer what a change brought."""
    Select(shop.find_element(By.ID, field)).select_by_value(value)
    _said(shop, "Shown: 1 of")
    assert _shown(shop, "finding") == [finding]


@pytest.mark.real
def test_words_are_looked_for_in_findings_routes_and_requirements(shop: webdriver.Chrome) -> None:
    """Text that stands in one finding finds it, whatever the capitals; text that stands nowhere says so."""
    field = shop.find_element(By.ID, "by-text")
    field.send_keys("cwe-352")
    _said(shop, "1 of")
    assert "cwe-CWE-352" in _shown(shop, "requirement")
    field.clear()
    field.send_keys("POST /RESET")
    _said(shop, "Shown: 1 of")
    assert _shown(shop, "finding") == ["finding-000000000005"]
    field.clear()
    field.send_keys("no such word anywhere")
    _said(shop, "Shown: 0 of")
    assert shop.find_element(By.ID, "no-finding").is_displayed()


@pytest.mark.real
def test_an_address_carries_its_filter(shop: webdriver.Chrome) -> None:
    """A filter survives sharing: the address of a filtered page opens it filtered."""
    Select(shop.find_element(By.ID, "by-layer")).select_by_value("network")
    _said(shop, "Shown: 1 of")
    address = shop.current_url
    assert address.endswith("#?layer=network")
    shop.get("about:blank")
    shop.get(address)
    assert _shown(shop, "finding") == ["finding-000000000005"]


@pytest.mark.real
def test_a_link_to_a_finding_opens_it_whatever_the_filter_hides(shop: webdriver.Chrome) -> None:
    """A deep link shows its finding, open, and takes a filter off that would hide it."""
    Select(shop.find_element(By.ID, "by-severity")).select_by_value("critical")
    _said(shop, "Shown: 1 of")
    shop.execute_script("location.hash = '#finding-000000000003'")
    WebDriverWait(shop, WAIT).until(lambda b: b.find_element(By.CSS_SELECTOR, "#finding-000000000003 pre").is_displayed())


@pytest.mark.real
def test_print_shows_everything_and_no_controls(shop: webdriver.Chrome) -> None:
    """On paper nothing is folded away, and there is nothing to press."""
    shop.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not shop.find_element(By.ID, "sift").is_displayed()
        assert not shop.find_element(By.ID, "tools").is_displayed()
        assert not shop.find_element(By.CSS_SELECTOR, "nav").is_displayed()
        is_seen = "return document.querySelector('#finding-000000000002 pre').checkVisibility({contentVisibilityAuto: true})"
        assert shop.execute_script(is_seen)
    finally:
        shop.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shop.find_element(By.ID, "sift").is_displayed()


@pytest.mark.real
@pytest.mark.parametrize("width", [390, 1300])
def test_a_page_is_never_wider_than_its_window(shop: webdriver.Chrome, width: int) -> None:
    """Long ids and requests wrap, and wide tables scroll by themselves; also with everything open."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    shop.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        shop.find_element(By.ID, "all").click()
        assert shop.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        shop.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
