"""How the proof of browser.content-security-policy reads policies: as a browser does, all of an answer together."""

from __future__ import annotations

import dataclasses
import html
import json
import secrets
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.prove.browser import content_security_policy as proof
from ringwork.survey.wire.client import Answer

STRICT = "script-src 'nonce-abc' 'strict-dynamic'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
REST = "; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"


def answer(*values: str, body: str = "") -> Answer:
    headers = [(b"content-security-policy", value.encode()) for value in values]
    return Answer(status=200, reason="OK", http_version="1.1", headers=headers, body=body.encode(), request=b"GET / HTTP/1.1", answer=b"")


def faults(*values: str, body: str = "") -> set[str]:
    """The kinds of what is let in."""
    return {fault.partition(":")[0] for fault in proof.faults_of(proof.policies(answer(*values, body=body)))}


@pytest.mark.parametrize(
    "policy",
    [
        STRICT,
        STRICT.upper().replace("NONCE-ABC", "nonce-abc"),
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        "default-src 'self'" + REST,
        "default-src 'self'; script-src https://cdn.example/a.js" + REST,
        "script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline' https: http:" + REST,
        "script-src 'sha256-abc=' 'unsafe-inline'" + REST,
        "script-src 'nonce-abc' 'unsafe-eval'" + REST,
        "script-src https://cdn.jsdelivr.net/npm/a@1/a.js" + REST,
        "script-src 'self'; script-src *; default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ],
)
def test_finds_nothing_to_say_of_a_strict_policy(policy: str) -> None:
    """Old permissions that a nonce or 'strict-dynamic' switches off are no fault: they are there for old browsers."""
    assert faults(policy) == set()


@pytest.mark.parametrize(
    ("policy", "kinds"),
    [
        ("", {"no policy"}),
        ("upgrade-insecure-requests", {"plug-ins", "base", "frames", "inline script", "foreign script"}),
        ("default-src 'self'", {"plug-ins", "base", "frames"}),
        ("default-src *" + REST, {"foreign script"}),
        ("script-src 'self' 'unsafe-inline'" + REST, {"inline script"}),
        ("script-src 'self' 'unsafe-eval'" + REST, {"eval"}),
        ("script-src https:" + REST, {"foreign script"}),
        ("script-src data:" + REST, {"foreign script"}),
        ("script-src *.example.com" + REST, {"foreign script"}),
        ("script-src cdn.jsdelivr.net" + REST, {"foreign script"}),
        ("script-src https://unpkg.com/" + REST, {"foreign script"}),
        ("script-src 'strict-dynamic' https:" + REST, {"foreign script"}),
        ("script-src 'self'; script-src-elem 'self' 'unsafe-inline'" + REST, {"inline script"}),
        ("script-src 'self'; script-src-attr 'unsafe-inline'" + REST, {"inline script"}),
        ("script-src 'self'; object-src 'self'; base-uri 'none'; frame-ancestors 'none'", {"plug-ins"}),
        ("script-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'", {"base"}),
        ("script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors *", {"frames"}),
        ("script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors https:", {"frames"}),
        ("script-src *; script-src 'self'" + REST, {"foreign script"}),
    ],
)
def test_finds_what_a_policy_lets_in(policy: str, kinds: set[str]) -> None:
    """Each permission by its own name; of a repeated directive the first one counts."""
    assert faults(policy) == kinds


def test_several_policies_only_narrow() -> None:
    """What one of them keeps out stays out, whether it comes in a header of its own or after a comma."""
    assert faults("script-src 'unsafe-inline'", STRICT) == set()
    assert faults(f"script-src 'unsafe-inline', {STRICT}") == set()
    assert faults("default-src 'self'", "object-src 'none'; base-uri 'none'", "frame-ancestors 'none'") == set()


def test_two_policies_with_the_same_hole_leave_it_open() -> None:
    """Two weak ones are not one strong one."""
    assert faults("script-src https:" + REST, "script-src *" + REST) == {"foreign script"}


def test_a_policy_in_the_markup_narrows_and_says_nothing_of_frames() -> None:
    """Browsers read it from there too, all but frame-ancestors."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{STRICT}">'
    assert faults(body=meta) == {"frames"}
    assert faults("frame-ancestors 'none'", body=meta) == set()


@given(st.lists(st.text(max_size=200), max_size=4))
def test_reads_any_header_without_a_fault(values: list[str]) -> None:
    """What a target sends is untrusted."""
    found = proof.policies_of(values)
    assert isinstance(proof.faults_of(found), list)


def tokens(kind: str) -> list[str]:
    made = {
        "hex": lambda n: secrets.token_hex(16),
        "base64url": lambda n: secrets.token_urlsafe(16),
        "counter": lambda n: f"{n:032x}",
        "prefix": lambda n: "csp-nonce-of-this-page-" + secrets.token_hex(4),
        "uuid": lambda n: str(UUID(int=secrets.randbits(128), version=4)),
        "still": lambda n: "abcdefghijklmnopqrstuvwx",
    }[kind]
    return [made(n) for n in range(20)]


@pytest.mark.parametrize("kind", ["hex", "base64url"])
def test_finds_128_random_bits_enough(kind: str) -> None:
    """Sixteen random bytes, however they are written."""
    assert proof.bits_of(tokens(kind)) >= proof.ENOUGH_BITS


@pytest.mark.parametrize("kind", ["counter", "prefix", "uuid", "still"])
def test_sees_what_is_long_and_holds_little(kind: str) -> None:
    """A count, a random end behind a long name, a UUID with its 122 bits, a constant."""
    assert proof.bits_of(tokens(kind)) < proof.ENOUGH_BITS


# Nonces of repeated visits


def outcomes(answers: list[Answer]) -> list[str]:
    return [seen.outcome.value for seen in proof._judged_nonces("a page", answers, "")]


def page(nonce: str, carried: str | None = None) -> Answer:
    carried = nonce if carried is None else carried
    return answer(f"script-src 'nonce-{nonce}'", body=f'<script nonce="{carried}">1</script>')


def test_fresh_nonces_of_the_own_markup_hold() -> None:
    """The honest page."""
    assert outcomes([page(secrets.token_urlsafe(18)) for _ in range(20)]) == ["held", "held"]


def test_a_nonce_that_stays_is_broken() -> None:
    """Whoever saw the page once can mark his own script with it."""
    assert outcomes([page("c3RhdGljLW5vbmNlLW9mLXRoaXMtcGFnZQ")] * 20) == ["held", "broken"]


def test_a_nonce_that_no_policy_names_is_broken() -> None:
    """The page's scripts do not run, or run without any policy at all."""
    assert outcomes([page(secrets.token_urlsafe(18), "another") for _ in range(20)])[0] == "broken"
    assert outcomes([answer(body='<script nonce="x">1</script>')] * 20) == ["broken"]


# An intake of reports that is not ringwork's


class Place:
    """A site whose intake does with reports whatever `take` says; the cast, the copy and the client of a check in one."""

    def __init__(self, take: Callable[[Place, bytes], int]) -> None:
        self.take, self.log, self.stored = take, list[str](), list[bytes]()
        self.served = self

    def nobody(self) -> Place:
        return self

    stranger = nobody

    def state(self) -> dict[str, str]:
        return {"reports": str(len(self.stored))}

    def records(self) -> list[str]:
        return list(self.log)

    def send(self, method: str, path: str, *, headers: object, body: bytes) -> Answer:
        return dataclasses.replace(answer(), status=self.take(self, body))


def limited(place: Place, body: bytes) -> int:
    if len(body) > 20_000:
        return 413
    place.log.append(f"report {html.escape(ascii(body.decode()))}")
    return 204


def unlimited(place: Place, body: bytes) -> int:
    place.log.append(f"report {html.escape(ascii(body.decode()))}")
    return 204


def raw(place: Place, body: bytes) -> int:
    if len(body) > 20_000:
        return 413
    place.log.append("report " + json.loads(body)["csp-report"]["blocked-uri"])
    return 204


def twice(place: Place, body: bytes) -> int:
    return limited(place, body) and limited(place, body)


def stored(place: Place, body: bytes) -> int:
    if len(body) > 20_000:
        raise ConnectionResetError
    place.stored.append(body)
    return 200


def forgets(place: Place, body: bytes) -> int:
    return 204


def absent(place: Place, body: bytes) -> int:
    return 404


@pytest.mark.parametrize(
    ("take", "found"),
    [
        (limited, ["held", "held", "held"]),
        (stored, ["held", "held", "held"]),
        (unlimited, ["held", "held", "broken"]),
        (raw, ["held", "broken", "held"]),
        (twice, ["broken", "held", "held"]),
        (forgets, ["untried"]),
        (absent, ["untried"]),
    ],
)
def test_judges_any_intake_of_reports(take: Callable[[Place, bytes], int], found: list[str]) -> None:
    """Taken once, limited, and nothing of it raw in the log; what keeps nothing cannot be judged."""
    assert [seen.outcome.value for seen in proof._attack_intake(Place(take), "/reports")] == found
