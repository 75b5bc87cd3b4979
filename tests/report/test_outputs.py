from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import pytest

from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome, Report
from ringwork.report import outputs
from ringwork.survey.wire import masking
from tests.report import sample

ASKED = outputs.Asked(now=datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC))
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")

CANARIES = {
    "cookie": "canary-session-9f2b7c61d0e84a35",
    "bearer": "canary-bearer-eyJhbGciOiJIUzI1NiJ9",
    "password": "canary walks by the river",
    "csrf": "canary-csrf-0d5a7f3310c94be2",
    "issued": "canary-issued-51c2e7aa90d34b18",
    "api": "canary-api-key-77aa01",
    "json": "canary-json-token-33f0",
}


def every(report: Report) -> dict[str, str]:
    """Each file of each output, and what is printed, by name."""
    return {f"{one.name}: {name}": text for one in outputs.OUTPUTS for name, text in one.make(report, ASKED).items()}


def _exchanged() -> Exchanged:
    """An exchange full of secrets, masked as the attacking client does it."""
    form = f"username=alice&password={quote_plus(CANARIES['password'])}&csrf_token={CANARIES['csrf']}"
    request = (
        f"POST /login HTTP/1.1\r\nHost: clinic.example\r\nCookie: __Host-session={CANARIES['cookie']}; other=1\r\n"
        f"Authorization: Bearer {CANARIES['bearer']}\r\nX-Api-Key: {CANARIES['api']}\r\n\r\n{form}"
    ).encode()
    answer = (
        f"HTTP/1.1 200 OK\r\nSet-Cookie: __Host-session={CANARIES['issued']}; Secure\r\n\r\n"
        f'<input type="hidden" name="csrf_token" value="{CANARIES["csrf"]}">{{"access_token": "{CANARIES["json"]}"}}'
    ).encode()
    return Exchanged(request=masking.masked(request), answer=masking.masked(answer), as_user="alice", replay=masking.replayable(request))


def _seeded() -> Report:
    """The exchange wherever a report can hold one."""
    report = sample.foreign()
    seen = Observation(attack="a", where="POST /login", outcome=Outcome.BROKEN, detail="b", exchanged=(_exchanged(),), control=_exchanged())
    results = tuple(
        replace(one, evidence=Evidence(check=one.check, observations=(seen,))) if one.evidence is not None else one
        for one in report.results
    )
    return replace(report, results=results, findings=tuple(replace(one, observation=seen) for one in report.findings))


def test_no_secret_of_an_exchange_leaves() -> None:
    """Cookies, tokens, passwords and keys that were sent or answered stand in no output, not even in what replays the request."""
    for name, text in every(_seeded()).items():
        whole = text + "".join(
            base64.b64decode(found).decode("utf-8", "replace")
            for found in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text)
            if len(found) % 4 == 0
        )
        leaked = [kind for kind, canary in CANARIES.items() if canary in whole or quote_plus(canary) in whole]
        assert not leaked, (name, leaked)


def test_the_exchange_itself_is_there() -> None:
    """The opposite: what was masked is told, so the test above looked at something."""
    told = every(_seeded())
    for name in ("sarif: report.sarif", "json: report.json", "html: report.html"):
        assert "POST /login" in told[name]
        assert "****" in told[name]


def test_no_hidden_character_leaves() -> None:
    """Nothing steers a terminal, hides, or turns text around, in any output as it stands on the disk."""
    for name, text in every(sample.hostile()).items():
        assert not HIDDEN.search(text), name


@pytest.mark.parametrize("name", ["sarif", "oscal", "in-toto", "badge"])
def test_no_hidden_character_is_behind_an_escape(name: str) -> None:
    """A tool that reads the JSON shows its texts to somebody; report.json alone keeps them as they were, to be read again."""
    (form,) = [one for one in outputs.OUTPUTS if one.name == name]
    for file, text in form.make(sample.hostile(), ASKED).items():
        if not file.endswith(".svg"):
            assert not [said for said in _texts(json.loads(text)) if HIDDEN.search(said)], file


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


@pytest.mark.parametrize("report", [sample.clean(), sample.foreign(), sample.partial(), sample.hostile(), sample.late()])
def test_every_file_can_be_written(report: Report) -> None:
    """UTF-8 takes every text, names stay inside the folder, and no two outputs write the same file."""
    names = [name for one in outputs.OUTPUTS for name, text in one.make(report, ASKED).items() if text.encode("utf-8")]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"([a-z-]+/)?[a-z-]+\.[a-z]+|", name) for name in names)


def test_report_json_and_the_page_are_always_written() -> None:
    """Whatever else is asked for."""
    assert [one.name for one in outputs.OUTPUTS if one.always] == ["html", "json"]
