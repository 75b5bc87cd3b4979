"""What browsers report is read with suspicion: every part is from a closed list, cleaned, or left out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.enforce import violations
from ringwork.enforce.violations import REPORT, REPORTS, Tally, Violation

WORD = st.text(max_size=60) | st.sampled_from(["https://a.example/x.js?q", "inline", "script-src-elem", "data:x", "http://[", "//x"])
JSON = st.recursive(st.none() | st.booleans() | st.integers() | WORD, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
TOLD = st.dictionaries(
    st.sampled_from(
        ["document-uri", "blocked-uri", "effective-directive", "violated-directive", "disposition", "documentURL", "blockedURL"]
    ),
    JSON,
)


def one(**told: object) -> Violation:
    """The violation in an old report."""
    (found,) = violations.read(REPORT, json.dumps({"csp-report": {name.replace("_", "-"): v for name, v in told.items()}}).encode()) or [
        None
    ]
    assert found is not None
    return found


@given(TOLD, st.sampled_from([REPORT, REPORTS]))
def test_whatever_is_reported_ends_as_one_plain_line(told: dict[str, object], kind: bytes) -> None:
    """No blank, line end, quotation mark, angle bracket or foreign letter gets through, and it reads back as it was."""
    body = {"csp-report": told} if kind == REPORT else [{"type": "csp-violation", "url": "x", "body": told}]
    for found in violations.read(kind, json.dumps(body).encode()) or []:
        parts = (found.directive, found.blocked, found.page, found.disposition)
        assert all(part.isascii() and part.isprintable() and not set(part) & set(" <>\"'\\?#&") for part in parts)
        assert violations.of_detail(found.as_detail()) == (found, 1)


@given(st.binary(max_size=300), st.sampled_from([REPORT, REPORTS]))
def test_reads_any_bytes_without_a_fault(body: bytes, kind: bytes) -> None:
    """What is no report is None."""
    assert violations.read(kind, body) is None or body


@pytest.mark.parametrize(
    ("blocked", "kept"),
    [
        ("inline", "inline"),
        ("eval", "eval"),
        ("data", "data"),
        ("data:text/javascript,alert(1)", "data"),
        ("chrome-extension://abcdef/x.js", "chrome-extension"),
        ("https://cdn.example/a.js?token=1#x", "https://cdn.example/a.js"),
        ("HTTPS://CDN.example:8443/a.js", "https://cdn.example:8443/a.js"),
        ("https://cdn.example/" + "a" * 65, "https://cdn.example"),
        ("https://cdn.example/a b", "https://cdn.example"),
        ("https://user:word@cdn.example/a.js", "other"),
        ("https://", "other"),
        ("http://[", "other"),
        ("javascript:alert(1)", "other"),
        ("", "other"),
    ],
)
def test_keeps_of_an_address_what_a_policy_could_name(blocked: str, kept: str) -> None:
    """No query, no user, no code."""
    assert one(effective_directive="script-src-elem", blocked_uri=blocked).blocked == kept


def test_keeps_whole_files_only_where_a_file_is_named() -> None:
    """A script is let in by its file; of pictures and calls the place says enough."""
    assert one(effective_directive="img-src", blocked_uri="https://a.example/people/17.png").blocked == "https://a.example"


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("https://clinic.example/", "/"),
        ("https://clinic.example", "/"),
        ("https://clinic.example/patients/17/notes?x=1#y", "/patients/*/notes"),
        ("https://clinic.example/reset/q8Zk3jV0", "/reset/*"),
        ("https://clinic.example/" + "a" * 33, "/*"),
        ("https://clinic.example/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f"),
        ("http://[", "*"),
    ],
)
def test_writes_a_star_for_what_may_be_an_id_or_a_secret(page: str, kept: str) -> None:
    """Many people read a log."""
    assert one(document_uri=page).page == kept


def test_reads_the_directive_of_old_browsers() -> None:
    """They give the whole directive, sources and all; a word that is none is not kept."""
    assert one(violated_directive="script-src 'self' https://a.example").directive == "script-src"
    assert one(effective_directive="<b>").directive == "unknown"


def test_takes_only_so_many_of_one_batch() -> None:
    """One request is no way round the count of requests."""
    item = {"type": "csp-violation", "body": {"blockedURL": "inline"}}
    assert len(violations.read(REPORTS, json.dumps([item] * 90).encode()) or []) == violations.MOST_IN_ONE


def test_takes_a_lone_report_outside_a_list() -> None:
    """Some browsers send one object."""
    assert violations.read(REPORTS, b'{"type": "csp-violation", "body": {"blockedURL": "inline"}}')
    assert violations.read(REPORTS, b'{"type": "csp-violation", "body": 7}') == []


@pytest.mark.parametrize("detail", ["", "x", "directive=a blocked=b page=c", "directive=a blocked=b page=c disposition=d seen=x"])
def test_reads_back_no_other_detail(detail: str) -> None:
    """An event of another kind is passed over."""
    assert violations.of_detail(detail) is None


def test_a_kind_of_report_is_told_again_after_a_while_with_its_number() -> None:
    """The window begins with what was told."""
    tally = Tally(window_seconds=10, most=5)
    assert [tally.count("a", now) for now in (0, 1, 9, 10, 11, 20)] == [1, 0, 0, 3, 0, 2]


def test_kinds_whose_time_is_over_make_room() -> None:
    """A flood of ever new kinds is held to a number; a while later new ones are told again."""
    tally = Tally(window_seconds=10, most=2)
    assert [tally.count(kind, 0) for kind in "abc"] == [1, 1, 0]
    assert tally.count("c", 10) == 1


@pytest.mark.parametrize("blocked", ["\x1b]0;owned\x07", 'https://a.example/"]\x1b[2J', "https://user:word@a.example"])
def test_reads_back_nothing_that_it_would_not_have_written(blocked: str) -> None:
    """A log holds lines of others too; their control characters reach no terminal and no settings."""
    assert violations.of_detail(f"directive=script-src blocked={blocked} page=/ disposition=enforce") is None
