"""Whether every page tells the browser what may run in it, whether its nonces can be guessed, and whether reports can do harm.

Against a policy that stands there and stops nothing: it is read as a browser reads it, all policies of an answer together.
Source: W3C CSP Level 3, 6.7; the rules of csp-evaluator (what a page may not let in); ASVS 5.0, 3.4.3, 3.4.6, 3.4.7.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from urllib.parse import urlsplit

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client

CONTROL = "browser.content-security-policy"
ENFORCED = "content-security-policy"
BY_SCHEME = frozenset({"http:", "https:", "ws:", "wss:", "data:", "blob:", "filesystem:", "mediastream:"})
SHARED_HOSTS = frozenset(
    {
        "ajax.googleapis.com", "cdn.jsdelivr.net", "cdn.skypack.dev", "cdnjs.cloudflare.com", "code.jquery.com", "esm.sh", "esm.run",
        "gist.githubusercontent.com", "raw.githubusercontent.com", "stackpath.bootstrapcdn.com", "unpkg.com", "www.gstatic.com",
    }
)  # fmt: skip
"""Hosts on which anybody, an attacker too, finds or leaves a file that runs what stands in the page."""
_PROOF = re.compile(r"'(nonce|sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})'")
_MOST_PAGES = 16
_FETCHES = 20
_LIMIT = 1024 * 1024
ENOUGH_BITS = 128

Policy = Mapping[str, Sequence[str]]
"""Sources by directive, both in lower case except nonces and hashes."""


# -- reading policies as a browser does ---------------------------------------------------------------------


def policies_of(values: Sequence[str]) -> list[Policy]:
    """The policies in header lines: parted by commas, directives by semicolons; of a repeated directive the first counts."""
    found = list[Policy]()
    for text in (piece for value in values for piece in value.split(",")):
        policy = dict[str, Sequence[str]]()
        for directive in text.split(";"):
            name, *sources = directive.split() or [""]
            if name:
                policy.setdefault(name.lower(), [s if _PROOF.fullmatch(s) else s.lower() for s in sources])
        if policy:
            found.append(policy)
    return found


def policies(answer: Answer) -> list[Policy]:
    """All enforced policies of an answer: its headers', and those that stand in its markup, which cannot speak of frames."""
    reading = _Markup()
    reading.feed(answer.text)
    inside = [{k: v for k, v in p.items() if k not in {"frame-ancestors", "report-uri", "sandbox"}} for p in policies_of(reading.policies)]
    return [*policies_of(answer.header(ENFORCED)), *inside]


class _Markup(HTMLParser):
    """Nonces and policies that stand in a page's own markup."""

    def __init__(self) -> None:
        super().__init__()
        self.nonces: list[str] = []
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a tag says."""
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "link"} and given.get("nonce"):
            self.nonces.append(given["nonce"])
        if tag == "meta" and given.get("http-equiv", "").lower() == ENFORCED:
            self.policies.append(given.get("content", ""))


def faults_of(found: Sequence[Policy]) -> list[str]:
    """What the policies of one answer, taken together, still let in. Each one only narrows, so a fault counts if all have it."""
    if not found:
        return ["no policy"]
    each = [list(_faults(policy)) for policy in found]
    return [fault for fault in each[0] if all(_subject(fault) in map(_subject, others) for others in each[1:])]


def _subject(fault: str) -> str:
    return fault.partition(":")[0]


def _effective(policy: Policy, *names: str) -> Sequence[str] | None:
    """The sources of the first of these directives that stands there, at last of default-src; None for no restriction."""
    return next((policy[name] for name in (*names, "default-src") if name in policy), None)


def _is_none(sources: Sequence[str] | None) -> bool:
    return sources is not None and (len(sources) == 0 or list(sources) == ["'none'"])


def _faults(policy: Policy) -> Iterator[str]:
    if not _is_none(_effective(policy, "object-src")):
        yield "plug-ins: object-src is not 'none'"
    if not _is_none(policy.get("base-uri")):
        yield "base: base-uri is not 'none', so one injected tag moves every relative address"
    framing = policy.get("frame-ancestors")
    if framing is None or any(source == "*" or source in BY_SCHEME for source in framing):
        yield "frames: frame-ancestors does not say who may frame the page"
    elements = _effective(policy, "script-src-elem", "script-src")
    attributes = _effective(policy, "script-src-attr", "script-src")
    if elements is None:
        yield "inline script: neither script-src nor default-src stands there"
        yield "foreign script: neither script-src nor default-src stands there"
        return
    if _lets_inline(elements) or (attributes is not None and _lets_inline(attributes)):
        yield "inline script: 'unsafe-inline' without nonce or hash"
    evaluating = _effective(policy, "script-src") or ()
    if "'unsafe-eval'" in evaluating and not _proofs(evaluating):
        yield "eval: 'unsafe-eval' without nonce or hash"
    wide = [source for source in elements if _is_wide(source)] if not _is_strict(elements) else []
    if wide:
        yield f"foreign script: {', '.join(wide)[:80]} lets in files of others"


def _proofs(sources: Sequence[str]) -> list[str]:
    return [source for source in sources if _PROOF.fullmatch(source)]


def _is_strict(sources: Sequence[str]) -> bool:
    """Whether addresses among the sources are ignored."""
    return "'strict-dynamic'" in sources and bool(_proofs(sources))


def _lets_inline(sources: Sequence[str]) -> bool:
    return "'unsafe-inline'" in sources and not _proofs(sources) and "'strict-dynamic'" not in sources


def _is_wide(source: str) -> bool:
    if source.startswith("'"):
        return False
    if source in BY_SCHEME or "*" in source:
        return True
    parts = urlsplit(source if "://" in source else f"https://{source}")
    return parts.hostname in SHARED_HOSTS and (not parts.path or parts.path.endswith("/"))


# -- policy-quality -----------------------------------------------------------------------------------------


def policy_quality(stage: Stage) -> Evidence:
    """Read the policies of every page that can be reached, those of errors too."""
    cast = Cast(stage)
    seen = []
    looked: list[tuple[RouteFacts | str, Answer, str]] = [*_pages(cast), *_error_pages(cast)]
    for where, answer, name in looked:
        wrong = faults_of(policies(answer))
        outcome = Outcome.BROKEN if wrong else Outcome.HELD
        detail = f"{answer.status}: {'; '.join(wrong) or 'nothing inline, nothing foreign, no plug-in, no base, no foreign frame'}"
        if wrong == ["no policy"] and answer.header(f"{ENFORCED}-report-only"):
            detail = f"{answer.status}: the policy only reports and blocks nothing"
        seen.append(saw(outcome, "policy of a page", where, detail, answers=[shown(answer, name)], read=max(1, len(answer.headers))))
    check = CheckId(f"{CONTROL}/policy-quality")
    if not seen:
        return Evidence(check=check, not_verified="no HTML route reached", unlock="declare users: [[prove.users]]")
    return Evidence(check=check, observations=tuple(seen))


def _pages(cast: Cast) -> Iterator[tuple[RouteFacts, Answer, str]]:
    """Each route that answers HTML to somebody, with the answer and who got it."""
    count = 0
    for route in witness.reads(cast.stage.facts):
        found = _page(cast, route)
        if found is not None:
            yield route, *found
            count += 1
        if count == (1 if cast.stage.brief else _MOST_PAGES):
            return


def _page(cast: Cast, route: RouteFacts) -> tuple[Answer, str] | None:
    for name, client in _visitors(cast, route):
        with contextlib.suppress(OSError, TargetFailed):
            answer = client.page(cast.stage.fill(route, client=client))
            if answer.status == 200:
                return (answer, name) if _is_html(answer) else None
    return None


def _visitors(cast: Cast, route: RouteFacts) -> Iterator[tuple[str, Client]]:
    """Who may see the route: nobody where no login is asked for, then users, strongest first; each signs in when it is his turn."""
    if route.rule != "requires":
        yield "", cast.nobody()
    for user in reversed(cast.stage.users):
        client = cast.browser(user) if witness.may_enter(user, route) else None
        if client is not None:
            yield user.name, client


def _is_html(answer: Answer) -> bool:
    return answer.media_type in {"text/html", "application/xhtml+xml"}


def _error_pages(cast: Cast) -> Iterator[tuple[str, Answer, str]]:
    """Errors as a browser gets them, where they are pages."""
    nobody, served = cast.nobody(), cast.served
    for where, path in (
        ("a missing page", f"/{witness.marker('missing')}"),
        ("a refused page", served.probe_path(ProbeRoute.ABORTS) + "?status=403"),
        ("an unexpected fault of a page", served.probe_path(ProbeRoute.RAISES_HTML)),
    ):
        with contextlib.suppress(OSError):
            answer = nobody.page(path)
            if _is_html(answer) and answer.body:
                yield where, answer, ""


# -- nonce-freshness ----------------------------------------------------------------------------------------


def nonce_freshness(stage: Stage) -> Evidence:
    """Fetch one page twenty times: its nonces are long, never the same, and those of its own markup."""
    check = CheckId(f"{CONTROL}/nonce-freshness")
    found = _page_with_nonce(Cast(stage))
    if found is None:
        reason = "no page's policy works with nonces, so there is none to be guessed"
        return Evidence(
            check=check, not_verified=reason, unlock="give inline scripts a nonce, or accept that hashes and own files do without"
        )
    where, path, client, name = found
    answers = [client.page(path) for _ in range(_FETCHES)]
    return Evidence(check=check, observations=tuple(_judged_nonces(where, answers, name)))


def _page_with_nonce(cast: Cast) -> tuple[RouteFacts | str, str, Client, str] | None:
    """A page with a nonce in its policy or its markup; in an application that ringwork guards a probe page, which asks for one."""
    if cast.stage.facts.guard is not None:
        return "a probe page that asks for a nonce", cast.served.probe_path(ProbeRoute.PAGE), cast.nobody(), ""
    for route, answer, name in _pages(cast):
        if _nonces(policies(answer)) or _marked(answer):
            path = answer.request.split(b" ", 2)[1].decode("latin-1")
            client = next((client for who, client in _visitors(cast, route) if who == name), cast.nobody())
            return route, path, client, name
    return None


def _nonces(found: Sequence[Policy]) -> list[str]:
    matches = [_PROOF.fullmatch(source) for policy in found for sources in policy.values() for source in sources]
    return list(dict.fromkeys(match[2] for match in matches if match is not None and match[1] == "nonce"))


def _marked(answer: Answer) -> list[str]:
    reading = _Markup()
    reading.feed(answer.text)
    return list(dict.fromkeys(reading.nonces))


def _judged_nonces(where: RouteFacts | str, answers: Sequence[Answer], name: str) -> Iterator[Observation]:
    answers = [answer for answer in answers if answer.status == 200]  # a 304 has neither page nor policy of its own
    of_policy, of_markup = [_nonces(policies(answer)) for answer in answers], [_marked(answer) for answer in answers]
    first = [shown(answer, name) for answer in answers[:2]]
    foreign = [nonce for told, used in zip(of_policy, of_markup, strict=True) for nonce in used if nonce not in told]
    outcome = Outcome.BROKEN if foreign else Outcome.HELD
    detail = "scripts carry a nonce that no policy names" if foreign else "the markup carries the nonces of the policy"
    yield saw(outcome, "nonces of policy and markup", where, detail, answers=first, read=len(answers))
    tokens = [nonce for told in of_policy for nonce in told]
    if not tokens:
        return
    twice, bits = len(tokens) - len(set(tokens)), bits_of(tokens)
    outcome = Outcome.BROKEN if twice or bits < ENOUGH_BITS else Outcome.HELD
    detail = f"{len(tokens)} nonces, {twice or 'none'} of them repeated, which differ in about {bits:.0f} bits"
    yield saw(outcome, "nonces of repeated visits", where, detail, answers=first, read=len(tokens))


def bits_of(tokens: Sequence[str]) -> float:
    """What may differ from one token to the next: a letter's whole worth where many letters were seen, else what was seen.

    Twenty tokens cannot show how evenly letters are spread; they show which places stand still, count, or know few letters.
    """
    worth = 4 if all(re.fullmatch(r"[0-9a-fA-F-]+", token) for token in tokens) else 6
    places = [len(set(place)) for place in zip(*tokens, strict=False)]
    return sum(worth if seen >= min(len(tokens), _FETCHES) / 4 and seen > 1 else math.ceil(math.log2(seen)) for seen in places)


# -- report-intake ------------------------------------------------------------------------------------------


def report_intake(stage: Stage) -> Evidence:
    """Post reports as a browser does, then one with markup and forged lines, and one of a mebibyte."""
    check = CheckId(f"{CONTROL}/report-intake")
    cast = Cast(stage)
    page = next(_pages(cast), None) or next(_error_pages(cast), None)
    if page is None:
        return Evidence(check=check, not_verified="no HTML route reached", unlock="declare users: [[prove.users]]")
    where, answer, name = page
    found = [*policies(answer), *policies_of(answer.header(f"{ENFORCED}-report-only"))]
    if not found:
        detail = "without a policy there is no place for reports, and nobody learns of injected script"
        lost = saw(Outcome.BROKEN, "place for reports", where, detail, answers=[shown(answer, name)], read=1)
        return Evidence(check=check, observations=(lost,))
    places = list(dict.fromkeys(_places(answer, found)))
    own = [path for place in places if (path := _own_path(place, cast.nobody()))]
    if not own:
        reason = "reporting goes to a third party" if places else "the policy names no place for reports"
        return Evidence(
            check=check, not_verified=reason, unlock="report-uri with a path of this site makes the intake visible to this check"
        )
    return Evidence(check=check, observations=tuple(seen for path in own[:2] for seen in _attack_intake(cast, path)))


def _places(answer: Answer, found: Sequence[Policy]) -> Iterator[str]:
    groups = {name: url for line in answer.header("reporting-endpoints") for name, url in re.findall(r'([a-z0-9*_.-]+)="([^"]*)"', line)}
    with contextlib.suppress(ValueError, TypeError, KeyError, IndexError):
        for line in answer.header("report-to"):
            for group in json.loads(f"[{line}]"):
                groups.setdefault(str(group.get("group", "default")), str(group["endpoints"][0]["url"]))
    for policy in found:
        yield from (groups[name] for name in policy.get("report-to", ()) if name in groups)
        yield from policy.get("report-uri", ())


def _own_path(place: str, client: Client) -> str:
    """The path of a place on this site, "" for a foreign one."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(place)
        if parts.netloc in {"", client.host} and parts.path.startswith("/"):
            return parts.path + (f"?{parts.query}" if parts.query else "")
    return ""


def _report(blocked: str, **more: str) -> bytes:
    told = {"document-uri": "https://page.invalid/", "referrer": "", "effective-directive": "script-src-elem", "blocked-uri": blocked}
    return json.dumps({"csp-report": {**told, "violated-directive": "script-src-elem", "disposition": "enforce", **more}}).encode()


def _post(client: Client, path: str, body: bytes) -> Answer:
    return client.send("POST", path, headers=[("content-type", "application/csp-report"), ("sec-fetch-dest", "report")], body=body)


def _attack_intake(cast: Cast, path: str) -> Iterator[Observation]:
    client, word, forged = cast.nobody(), witness.marker("sample"), witness.marker("forged")
    where, before = f"POST {path}", cast.served.state()
    honest = _post(client, path, _report(f"https://{word}.invalid/x.js"))
    told = [record for record in cast.served.records() if word in record]
    kept = bool(told) or bool(witness.changed(before, cast.served.state()))
    if not 200 <= honest.status < 300 or not kept:
        detail = f"{honest.status}: " + ("nothing of an honest report was found in log or stores" if honest.status < 300 else "not taken")
        yield saw(Outcome.UNTRIED, "sample report", where, detail, answers=[shown(honest)])
        return
    control = shown(honest)
    outcome = Outcome.BROKEN if len(told) > 1 else Outcome.HELD
    yield saw(outcome, "sample report", where, f"taken, and told {len(told) or 'in a store, not in'} time(s) in the log", control=control)
    marked = f'https://{word}.invalid/"><script>{forged}</script>\r\n{forged} a line of its own\n'
    evil = _post(client, path, _report(marked, **{"effective-directive": marked, "document-uri": marked, "script-sample": marked}))
    lines = [line for record in cast.served.records() for line in record.splitlines() if forged in line]
    raw = [line for line in lines if line.startswith(forged) or f"<script>{forged}" in line]
    detail = (
        "markup or a line end stands in the log as it was sent" if raw else f"answered {evil.status}, nothing of it stands raw in the log"
    )
    yield saw(
        Outcome.BROKEN if raw else Outcome.HELD, "report with markup and line ends", where, detail, answers=[shown(evil)], control=control
    )
    yield _large(client, path, where, cast)


def _large(client: Client, path: str, where: str, cast: Cast) -> Observation:
    attack, word = "report of a mebibyte", witness.marker("large")
    try:
        answer = _post(client, path, _report(f"https://{word}.invalid/x.js", **{"script-sample": "A" * _LIMIT}))
    except OSError:
        answer = None  # refused before it was read to its end, and the connection was cut
    taken = answer is not None and answer.status < 400
    outcome = Outcome.BROKEN if taken or any(word in record for record in cast.served.records()) else Outcome.HELD
    detail = f"answered {answer.status}" if answer is not None else "the connection was cut"
    # Whether the intake still works is the control: a place that is down refuses everything.
    again = _post(client.stranger(), path, _report(f"https://{witness.marker('after')}.invalid/x.js"))
    if not 200 <= again.status < 300:
        return saw(
            Outcome.UNTRIED, attack, where, f"{detail}, and an honest report is refused now ({again.status})", answers=[shown(again)]
        )
    return saw(outcome, attack, where, detail, answers=[shown(answer)] if answer is not None else (), control=shown(again))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/policy-quality"), kind=Kind.LIVE, run=policy_quality),
    Check(id=CheckId(f"{CONTROL}/nonce-freshness"), kind=Kind.LIVE, run=nonce_freshness),
    Check(id=CheckId(f"{CONTROL}/report-intake"), kind=Kind.LIVE, run=report_intake),
    reading.check(f"{CONTROL}/template-inline-and-integrity"),
)
