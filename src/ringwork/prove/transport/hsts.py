"""Whether every answer over https tells browsers to stay there, and none in clear does.

Against the answer that was forgotten, by which a browser learns nothing: errors, redirects, refusals and files are asked for as
well as pages, and the header is counted, because browsers read only the first.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire.client import Answer

CONTROL = "transport.hsts"
HEADER = "strict-transport-security"
YEAR = 31_536_000
_ASSET = re.compile(r"""(?:href|src)=["'](/[^"'?#]+\.(?:css|js|svg|png|ico|woff2?|jpg))["']""")

Provoke = Callable[[], Answer | None]


def header_on_all_responses(stage: Stage) -> Evidence:
    """Collect an answer of each class over https, and a few of them in clear."""
    cast = Cast(stage)
    seen: list[Observation] = []
    for name, provoke in _classes(cast):
        attack = f"header of {name}"
        try:
            answer = provoke()
        except (OSError, TargetFailed) as error:
            seen.append(saw(Outcome.UNTRIED, attack, "all answers", f"this class could not be provoked ({error})"))
            continue
        if answer is None:
            seen.append(saw(Outcome.UNTRIED, attack, "all answers", "this class could not be provoked"))
            continue
        fault = _fault(answer.header(HEADER))
        detail = f"{answer.status}: {fault or 'once, a year or more, subdomains too'}"
        outcome = Outcome.BROKEN if fault else Outcome.HELD
        seen.append(saw(outcome, attack, "all answers", detail, answers=[shown(answer)], read=len(answer.headers)))
        if stage.brief and fault:
            break
    if not stage.brief:
        seen += _in_clear(cast)
    return Evidence(check=CheckId(f"{CONTROL}/header-on-all-responses"), observations=tuple(seen))


def _classes(cast: Cast) -> Iterator[tuple[str, Provoke]]:
    nobody, served = cast.nobody(), cast.served
    page = _page(cast)

    def probe(which: ProbeRoute, query: str = "") -> Provoke:
        return lambda: nobody.page(served.probe_path(which) + query)

    yield "a page (200)", lambda: page
    yield "plain text (200)", probe(ProbeRoute.PLAIN)
    yield "an empty answer (204)", probe(ProbeRoute.EMPTY)
    yield "a redirect (302)", probe(ProbeRoute.MOVED)
    yield "a static file (200)", lambda: _static(cast, page)
    for status in (400, 401, 403, 429, 503):
        yield f"an error that a handler chose ({status})", probe(ProbeRoute.ABORTS, f"?status={status}")
    yield "a missing page (404)", lambda: nobody.page(f"/{witness.marker('missing')}")
    yield "a method that is not listed (405)", lambda: nobody.send("DELETE", served.probe_path(ProbeRoute.PLAIN))
    yield "an unexpected fault (500)", probe(ProbeRoute.RAISES)
    yield "a host name that is not served", lambda: nobody.send("GET", "/", host="elsewhere.invalid")


def _page(cast: Cast) -> Answer | None:
    found = witness.first_working(cast, witness.reads(cast.stage.facts))
    return None if found is None else found[4]


def _static(cast: Cast, page: Answer | None) -> Answer | None:
    found = _ASSET.search(page.text) if page is not None else None
    with contextlib.suppress(OSError):
        answer = cast.nobody().get(found.group(1)) if found else None
        return answer if answer is not None and answer.status == 200 else None
    return None


def _in_clear(cast: Cast) -> Iterator[Observation]:
    """Over plain http browsers must ignore it (RFC 6797, 8.1), and whoever sends it there has mixed up the two."""
    plain = cast.served.plain()
    for path in ("/", cast.served.probe_path(ProbeRoute.PLAIN), f"/{witness.marker('missing')}"):
        with contextlib.suppress(OSError):
            answer = plain.page(path)
            sent = answer.header(HEADER)
            outcome = Outcome.BROKEN if sent else Outcome.HELD
            detail = f"{answer.status}: {'sent in clear' if sent else 'not sent in clear'}"
            yield saw(outcome, "header in clear", "all answers", detail, answers=[shown(answer)], read=len(answer.headers))


def _fault(values: list[str]) -> str:
    """What is wrong with the header, "" for nothing."""
    if len(values) != 1:
        return f"{len(values)} headers instead of one" if values else "the header is missing"
    directives = dict(_directive(piece) for piece in values[0].split(";"))
    age = directives.get("max-age", "")
    if not age.isdecimal() or int(age) < YEAR:
        return f"max-age is {age or 'missing'}, less than a year"
    return "" if "includesubdomains" in directives else "subdomains are left out"


def _directive(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name.strip().lower(), value.strip().strip('"')


# -- framework-setting --------------------------------------------------------------------------------------


def framework_setting(stage: Stage) -> Evidence:
    """Read what sets the header: ringwork's own settings, Flask-Talisman's, Django's."""
    check = CheckId(f"{CONTROL}/framework-setting")
    facts, attack = stage.facts, "setting of the header"
    where, max_age, subdomains = _configured(facts)
    if not where and facts.guard is None:
        # Against one cause told twice, and against an application that sets the header in code of its own.
        reason = "no setting that is known here asks for it; header-on-all-responses says what answers carry"
        return Evidence(check=check, not_verified=reason)
    if not where:
        told = "no setting of the application asks for it; a proxy or CDN that adds it is not seen from here"
        return Evidence(check=check, observations=(saw(Outcome.BROKEN, attack, "settings", told),))
    fault = _fault([f"max-age={max_age}" + "; includeSubDomains" * subdomains])
    return Evidence(
        check=check, observations=(saw(Outcome.BROKEN if fault else Outcome.HELD, attack, where, fault or f"{max_age} seconds", read=1),)
    )


def _configured(facts: AppFacts) -> tuple[str, object, bool]:
    """Where it is set, for how long, and whether for subdomains too; "" where nothing sets it."""
    if witness.guards(facts, CONTROL) and facts.guard is not None:
        own: Mapping[str, Any] = facts.guard.settings.get("hsts") or {}
        return "policy: hsts", own.get("max_age", ""), bool(own.get("include_subdomains"))
    talisman: Mapping[str, Any] = facts.settings.get("Talisman") or {}
    if talisman.get("strict_transport_security"):
        subdomains = bool(talisman.get("strict_transport_security_include_subdomains"))
        return "Talisman", talisman.get("strict_transport_security_max_age", ""), subdomains
    if facts.settings.get("SECURE_HSTS_SECONDS") and "SecurityMiddleware" in facts.middleware:
        subdomains = bool(facts.settings.get("SECURE_HSTS_INCLUDE_SUBDOMAINS"))
        return "SECURE_HSTS_SECONDS", facts.settings["SECURE_HSTS_SECONDS"], subdomains
    return "", "", False


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/header-on-all-responses"), kind=Kind.LIVE, run=header_on_all_responses),
    Check(id=CheckId(f"{CONTROL}/framework-setting"), kind=Kind.CONFIG, run=framework_setting),
)
