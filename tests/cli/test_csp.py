"""`ringwork csp EVENTS_FILE`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ringwork.policy import files


def event(directive: str, blocked: str, page: str = "/", *, seen: int = 1, **more: object) -> str:
    detail = f"directive={directive} blocked={blocked} page={page} disposition=enforce" + (f" seen={seen}" if seen > 1 else "")
    told = {"v": 2, "control": "browser.content-security-policy", "reason": "violation-reported", "detail": detail}
    return json.dumps({**told, **more})


@pytest.fixture
def asked(run, tmp_path: Path):
    """Run the command on these lines."""

    def _asked(*lines: str) -> str:
        log = tmp_path / "events.log"
        log.write_text("\n".join(lines), encoding="utf-8")
        ended = run("csp", str(log))
        assert ended.code == 0
        return ended.out

    return _asked


def test_prints_settings_that_the_policy_takes(asked) -> None:
    """What is printed is pasted into ringwork.toml as it stands, and has no fault there."""
    out = asked(
        event("script-src-elem", "https://cdn.example/a.js", "/shop"),
        event("img-src", "https://pictures.example", "/shop"),
        event("connect-src", "wss://live.example"),
    )
    policy = files.from_table(tomllib.loads(out), where="ringwork.toml")
    assert policy.content_security_policy.script_sources == ("https://cdn.example/a.js",)
    assert policy.content_security_policy.image_sources == ("https://pictures.example",)
    assert policy.content_security_policy.connect_sources == ("wss://live.example",)


def test_gives_each_line_its_count_and_its_pages(asked) -> None:
    """Who reads it sees how often it was wanted, and where; counted repetitions too."""
    out = asked(
        *[event("img-src", "https://pictures.example", f"/{page}") for page in "abcd"], event("img-src", "https://pictures.example", seen=9)
    )
    assert '"https://pictures.example",  # reported 13 times, on /, /a, /b and 2 more' in out


def test_joins_the_directives_of_one_setting(asked) -> None:
    """Old and new browsers name the directive differently."""
    out = asked(event("style-src", "https://cdn.example/a.css"), event("style-src-elem", "https://cdn.example/a.css"))
    assert "reported 2 times" in out


@pytest.mark.parametrize(
    ("directive", "blocked", "advice"),
    [
        ("script-src-elem", "inline", 'nonce="{{ csp_nonce }}"'),
        ("script-src-attr", "inline", "addEventListener"),
        ("style-src-elem", "inline", 'nonce="{{ csp_nonce }}"'),
        ("style-src-attr", "inline", "inline_styles = true"),
        ("script-src", "eval", "does without"),
        ("script-src", "data", "serve it as a file"),
        ("script-src", "other", "serve it as a file"),
        ("script-src-elem", "self", "scripts"),
        ("script-src-elem", "http://cdn.example/a.js", "by https"),
        ("script-src-elem", "https://cdn.jsdelivr.net", "the one file"),
        ("require-trusted-types-for", "trusted-types-sink", "TrustedHTML"),
        ("base-uri", "https://evil.invalid", "an attack may have been stopped"),
    ],
)
def test_suggests_no_line_that_opens_the_page_to_injected_markup(asked, directive: str, blocked: str, advice: str) -> None:
    """It says what to do instead."""
    out = asked(event(directive, blocked))
    assert advice in out
    assert all(line.startswith("#") for line in out.splitlines())


def test_leaves_extensions_of_browsers_out(asked) -> None:
    """What a visitor's own browser adds is nobody's fault here."""
    out = asked(event("script-src-elem", "chrome-extension", seen=4))
    assert "4 report(s) came from extensions" in out


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a line of the server",
        "{not json",
        "[1]",
        "{" * 3000,
        '{"v": 2}',
        event("img-src", "https://a.example", control="browser.csrf"),
        event("img-src", "https://a.example", reason="report-type"),
        event("img-src", "https://a.example", detail="directive=img-src"),
        event("img-src", "https://a.example", detail=7),
        "x" * 70000 + event("img-src", "https://a.example"),
    ],
)
def test_passes_over_whatever_is_no_report(asked, line: str) -> None:
    """A log holds many other things."""
    assert asked(line) == "no report of browser.content-security-policy stands in this file\n"


def test_reads_records_behind_the_words_of_a_log(asked) -> None:
    """Handlers write time and level before the record."""
    assert "https://a.example" in asked("2027-01-01 WARNING " + event("img-src", "https://a.example"))


def test_prints_the_integrity_of_a_file(run, tmp_path: Path) -> None:
    """The attribute by which a browser knows a file on a foreign host."""
    script = tmp_path / "hello.js"
    script.write_bytes(b"alert('Hello, world.');")
    attribute = 'integrity="sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO" crossorigin="anonymous"'
    assert run("csp", str(script), "--integrity").out.strip() == attribute


def test_a_missing_file_is_a_usage_error(run, tmp_path: Path) -> None:
    """It says which."""
    ended = run("csp", str(tmp_path / "nothing.log"))
    assert ended.code == 2
    assert "nothing.log" in ended.err.replace("\n", "")
