"""Three runs as the prover would tell them: a guarded clinic, a stranger's shop with holes, and a run that was cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ringwork.controls import control as catalogue
from ringwork.names import CheckId
from ringwork.prove.evidence import (
    CheckResult,
    Coverage,
    Evidence,
    Exchanged,
    Finding,
    Layers,
    MatrixCell,
    Observation,
    Outcome,
    Report,
    Tier,
    Verdict,
    Waived,
    WaiverState,
)
from ringwork.survey.flows import Step

HONEST = Exchanged(
    request=(
        "POST /notes/7 HTTP/1.1\r\nHost: clinic.example\r\nOrigin: https://clinic.example\r\n"
        "Cookie: __Host-session={{cookie}}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
        "text=seen+again&csrf_token={{csrf}}"
    ),
    answer="HTTP/1.1 303 See Other\r\nLocation: /notes/7\r\nCache-Control: no-store\r\n\r\n",
    as_user="alice",
    replay="UE9TVCAvbm90ZXMvNyBIVFRQLzEuMQ0K",
)
FOREIGN = Exchanged(
    request=(
        "POST /notes/7 HTTP/1.1\r\nHost: clinic.example\r\nOrigin: https://evil.invalid\r\n"
        "Cookie: __Host-session={{cookie}}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\ntext=forged"
    ),
    answer=(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nincident-id: 5d0f3b7a91c2e468\r\n\r\n"
        '{"type":"about:blank","title":"Forbidden","status":403,"incident":"5d0f3b7a91c2e468"}'
    ),
    as_user="alice",
    replay="UE9TVCAvbm90ZXMvNyBIVFRQLzEuMQ0K",
)
STOLEN = replace(FOREIGN, answer="HTTP/1.1 303 See Other\r\nLocation: /orders/7\r\n\r\n", as_user="bob")

PROVED = {
    "access.deny-by-default": ("request to a route without a rule", "GET /forgotten"),
    "browser.csrf": ("form post from another site, no token", "POST /notes/{note_id}"),
    "browser.security-headers": ("look at the headers of every class of answer", "all answers"),
    "browser.cookie-attributes": ("look at each Set-Cookie header", "POST /login"),
    "network.host-validation": ("forged Host header", "GET /"),
    "output.error-handling": ("request that makes the handler fail", "GET /broken"),
}
"""Control to an attack and a place."""


def held(attack: str, where: str) -> Observation:
    """An attack that failed, beside an honest request that did not."""
    said = "refused with 403 and nothing was stored"
    return Observation(attack=attack, where=where, outcome=Outcome.HELD, detail=said, exchanged=(FOREIGN,), control=HONEST)


def broken(attack: str, where: str, detail: str, *, file: str = "shop/orders.py", line: int = 41) -> Observation:
    """An attack that succeeded."""
    return Observation(
        attack=attack, where=where, outcome=Outcome.BROKEN, detail=detail, exchanged=(STOLEN,), control=HONEST, file=file, line=line
    )


def result(row: catalogue.Control, check: catalogue.CheckRow, verdict: Verdict, reason: str, **more: object) -> CheckResult:
    """A judged check of a row."""
    plain = CheckResult(check=check.id, title=row.title, kind=check.kind, severity=row.severity, verdict=verdict, reason=reason)
    return replace(plain, **more)  # type: ignore[arg-type]


def finding(number: int, control: str, check: str, severity: str, seen: Observation, *, verdict: Verdict = Verdict.VIOLATED) -> Finding:
    """A finding with an id of its own."""
    return Finding(
        id=f"{number:012x}",
        control=control,
        check=CheckId(f"{control}/{check}"),
        severity=severity,
        where=seen.where,
        summary=f"{seen.attack}: {seen.detail}",
        fix=f"ringwork.protect(app) switches {control} on; `ringwork explain {control}` says how to do it by hand",
        verdict=verdict,
        observation=seen,
        file=seen.file,
        line=seen.line,
        instances=number,
    )


def _judged(row: catalogue.Control, check: catalogue.CheckRow, *, place: int) -> CheckResult:
    if row.id not in PROVED:
        return result(row, check, Verdict.NOT_VERIFIED, "no proof yet")
    attack, where = PROVED[row.id]
    if check.kind == "static":
        return result(row, check, Verdict.NOT_APPLICABLE, "the target has no templates of its own")
    observations = tuple(held(f"{attack}{again}", where) for again in ("", ", with the token of another session"))
    evidence = Evidence(check=check.id, observations=observations)
    if place == 3:
        reason = "4 attacks made, none succeeded; the target's own guard cannot be taken out, so the check was not seen to fail here"
        shown = f"this check was seen to fail on the fastapi clinic without {row.id}: violated"
        return result(row, check, Verdict.NOT_VERIFIED, reason, held=True, sensitivity=shown, evidence=evidence, seconds=0.4)
    shown = f"without {row.id}: violated"
    return result(row, check, Verdict.PROVEN, "2 attacks made, none succeeded", sensitivity=shown, evidence=evidence, seconds=0.8)


def _guarded_results() -> tuple[CheckResult, ...]:
    return tuple(_judged(row, check, place=place) for row in catalogue.load().controls for place, check in enumerate(row.checks))


def controls_of(results: Sequence[CheckResult]) -> dict[str, Verdict]:
    """The gravest verdict of each control, checks without a proof left aside where others were made."""
    order = (Verdict.VIOLATED, Verdict.ACCEPTED, Verdict.NOT_VERIFIED, Verdict.PROVEN, Verdict.NOT_APPLICABLE)
    found = dict[str, list[Verdict]]()
    for one in results:
        found.setdefault(one.check.partition("/")[0], []).append(one.verdict)
    return {control: next(verdict for verdict in order if verdict in verdicts) for control, verdicts in found.items()}


def _cells(routes: Sequence[tuple[str, str]], statuses: Sequence[Sequence[int]]) -> tuple[MatrixCell, ...]:
    roles = ("anonymous", "alice", "bob", "root")
    return tuple(
        MatrixCell(route=route, role=role, expected={"A": "allow", "D": "deny", "-": ""}[expected], status=status)
        for (route, wanted), got in zip(routes, statuses, strict=True)
        for role, expected, status in zip(roles, wanted, got, strict=True)
    )


def clean() -> Report:
    """A guarded clinic on which everything held."""
    results = _guarded_results()
    routes = [("GET /", "AAAA"), ("GET /notes", "DAAD"), ("GET /notes/{note_id}", "DAAD"), ("GET /admin", "DDDA")]
    statuses = [(200, 200, 200, 200), (401, 200, 200, 403), (401, 200, 404, 403), (401, 403, 403, 200)]
    return Report(
        version="0.1.0",
        target="examples.clinic.fastapi_app:app",
        framework="fastapi 0.165.0",
        commit="3f2c1a9b77d0",
        command="ringwork prove examples.clinic.fastapi_app:app",
        started_at="2026-11-23T21:04:05+00:00",
        seconds=31.4,
        seed=41,
        guarded="ringwork, enforce",
        results=results,
        controls=controls_of(results),
        findings=(),
        depth=(
            Layers(
                check=CheckId("browser.csrf/token-matrix"),
                attack="form post from another site, no token",
                stopped_by=("browser.csrf", "browser.cookie-attributes"),
                succeeded_without=True,
            ),
            Layers(
                check=CheckId("browser.csrf/token-matrix"),
                attack="form post from another site, token of another session",
                stopped_by=("browser.csrf", "browser.cookie-attributes"),
                succeeded_without=True,
            ),
            Layers(
                check=CheckId("access.deny-by-default/route-census"),
                attack="request to a route without a rule",
                stopped_by=("access.deny-by-default",),
                succeeded_without=True,
            ),
            Layers(
                check=CheckId("network.host-validation/forged-host"),
                attack="forged Host header",
                stopped_by=("network.host-validation", "browser.security-headers"),
                succeeded_without=False,
            ),
        ),
        coverage=Coverage(found=34, reached=32, skipped={"POST /documents": "no example of its body is known (415)", "GET /x/{id}": "404"}),
        matrix=_cells(routes, statuses),
        users=("alice (clinician)", "bob (clinician)", "root (admin)"),
        waivers=(),
        touched=("copied 31 files (0.2 MB) of the project to a temporary folder", "removed that copy at the end"),
        confinement="network and mount namespaces of its own; loopback only",
        unlocks=('[[tool.ringwork.prove.users]]\nname = "carol"\nroles = ["receptionist"]',),
        state_restored=True,
        exit_code=0,
        exit_reason="no violation found",
    )


ATTACKS = (
    ("access.deny-by-default", "route-census", "critical", "read by nobody signed in", "GET /orders/{order_id}", "an order came back"),
    ("browser.csrf", "token-matrix", "high", "form post from another site, no token", "POST /orders", "the order was stored"),
    ("browser.csrf", "token-matrix", "high", "form post from another site, no token", "POST /profile", "the address was changed"),
    ("output.error-handling", "provoked-errors", "high", "request that makes the handler fail", "GET /search", "a traceback came back"),
    ("network.host-validation", "forged-host", "medium", "forged Host header", "POST /reset", "the link in the mail named evil.invalid"),
    ("browser.cookie-attributes", "flags", "medium", "look at each Set-Cookie header", "POST /login", "session has no HttpOnly"),
    ("browser.security-headers", "headers-by-response-class", "low", "look at the headers", "GET /", "no nosniff on 404 answers"),
)


def _fallen(row: catalogue.Control, check: catalogue.CheckRow, found: Finding) -> CheckResult:
    evidence = Evidence(check=check.id, observations=(found.observation,))
    return result(row, check, Verdict.VIOLATED, found.summary, evidence=evidence)


def foreign() -> Report:
    """A stranger's shop without any guard of ringwork, with findings and one waiver."""
    found = [
        finding(number, control, check, severity, broken(attack, where, detail, line=40 + number))
        for number, (control, check, severity, attack, where, detail) in enumerate(ATTACKS, 1)
    ]
    accepted = broken("read by nobody signed in", "GET /status", "the page came back", file="shop/status.py")
    found.append(finding(9, "access.deny-by-default", "route-census", "low", accepted, verdict=Verdict.ACCEPTED))
    violated = {one.control: one for one in found if one.verdict is Verdict.VIOLATED}
    results = tuple(
        _fallen(row, check, violated[row.id])
        if row.id in violated and place == 0
        else _judged(row, check, place=3 if row.id in PROVED and check.kind != "static" else place)
        for row in catalogue.load().controls
        for place, check in enumerate(row.checks)
    )
    routes = [("GET /", "----"), ("GET /orders/{order_id}", "DADA"), ("DELETE /menu/{item_id}", "DDDA"), ("GET /search", "AAAA")]
    statuses = [(200, 200, 200, 200), (200, 200, 200, 200), (401, 204, 204, 204), (500, 500, 500, 500)]
    return replace(
        clean(),
        target="shop.main:app",
        framework="flask 3.1.2",
        commit="",
        command="ringwork prove shop.main:app --seed 41",
        guarded="no ringwork guard",
        results=results,
        controls=controls_of(results),
        findings=tuple(found),
        depth=(),
        matrix=_cells(routes, statuses),
        waivers=("access.deny-by-default GET /status: shown on the wall of the shop (owner: web team, until 2027-03-01)",),
        coverage=Coverage(
            found=31,
            reached=24,
            skipped=dict.fromkeys((f"POST /bulk/{name}" for name in "abcdef"), "no example of its body is known (415)")
            | {"GET /x/{id}": "no object was found (404)"},
            unlisted=("/hidden: in the router, not in the OpenAPI document",),
        ),
        exit_code=1,
        exit_reason="7 finding(s) of severity low or above",
    )


def before_foreign() -> Report:
    """The run before it: the first finding was not there yet, one has been fixed since, and one was not tested again."""
    report = foreign()
    second, *rest = report.findings[1:]
    looked = next(one.check for one in report.results if one.verdict is Verdict.VIOLATED)
    unlooked = next(one.check for one in report.results if one.evidence is None and one.verdict is Verdict.NOT_VERIFIED)
    fixed = replace(second, id="00000000f1ed", check=looked, where="all answers")
    lost = replace(second, id="0000000007ed", check=unlooked, where="GET /lost")
    return replace(report, findings=(second, *rest, fixed, lost), started_at="2026-11-22T09:00:00+00:00", commit="77c0ffee1234")


def partial() -> Report:
    """A run that somebody stopped before anybody had signed in."""
    results = tuple(
        result(row, check, Verdict.NOT_VERIFIED, "the run was cut short") for row in catalogue.load().controls for check in row.checks
    )
    return replace(
        clean(),
        results=results,
        controls=controls_of(results),
        depth=(),
        matrix=(),
        users=(),
        coverage=Coverage(found=34, reached=0, skipped={}),
        state_restored=False,
        exit_code=130,
        exit_reason="interrupted; the report is partial",
        partial=True,
    )


HOSTILE = "</script></style><img src=x onerror=alert(1)>\x1b[2J\u202e&quot;'\"><h1>{{ 7*7 }}"
"""What an answer may hold to break out of a report or to steer a terminal."""


def hostile() -> Report:
    """A target that puts markup and escape sequences wherever it may choose the text."""
    report = foreign()
    evil = Exchanged(request=f"GET /{HOSTILE} HTTP/1.1\r\n\r\n", answer=f"HTTP/1.1 200 {HOSTILE}\r\n\r\n{HOSTILE}", as_user=HOSTILE)
    seen = Observation(
        attack=HOSTILE, where=HOSTILE, outcome=Outcome.BROKEN, detail=HOSTILE, exchanged=(evil,), control=evil, file=HOSTILE, line=1
    )
    first = replace(report.findings[0], where=HOSTILE, summary=HOSTILE, fix=HOSTILE, observation=seen, file=HOSTILE)
    check = replace(report.results[0], title=HOSTILE, reason=HOSTILE)
    check = replace(check, evidence=Evidence(check=check.check, observations=(seen,)))
    return replace(
        report,
        target=HOSTILE,
        commit=HOSTILE,
        command=HOSTILE,
        findings=(first, *report.findings[1:]),
        results=(check, *report.results[1:]),
        depth=(Layers(check=check.check, attack=HOSTILE, stopped_by=(HOSTILE,), succeeded_without=True),),
        matrix=(MatrixCell(route=HOSTILE, role=HOSTILE, expected="deny", status=200),),
        coverage=replace(report.coverage, skipped={HOSTILE: HOSTILE}, unlisted=(HOSTILE,)),
        users=(HOSTILE,),
        waivers=(HOSTILE,),
        touched=(HOSTILE,),
        unlocks=(HOSTILE,),
        confinement=HOSTILE,
    )


def read() -> Report:
    """A run in which reading found a way: one was confirmed by an attack, one was not, and one has an unknown step."""
    report = foreign()
    where = "shop/orders.py in shop.orders.listing"
    steps = (
        Step(file="shop/orders.py", line=4, column=9, said="the query parameter q comes in"),
        Step(file="shop/orders.py", line=7, column=4, said="reaches sqlite3.Cursor.execute"),
    )
    seen = Observation(
        attack="text of a request becomes part of an SQL statement",
        where=where,
        outcome=Outcome.BROKEN,
        detail="the query parameter q reaches sqlite3.Cursor.execute; confirmed by attack on GET /orders: it became part of the statement",
        exchanged=(FOREIGN,),
        control=HONEST,
        file="shop/orders.py",
        line=7,
        tier=Tier.CONFIRMED,
        steps=steps,
    )
    only = replace(seen, where="shop/names.py in shop.names.find", exchanged=(), control=None, file="shop/names.py", tier=Tier.UNCONFIRMED)
    weak = replace(only, where="shop/old.py in shop.old.find", outcome=Outcome.UNTRIED, file="shop/old.py", tier=Tier.WEAK)
    check = CheckId("input.sql-injection/built-statements")
    findings = tuple(
        replace(
            report.findings[0],
            id=f"{0xA0 + number:012x}",
            control="input.sql-injection",
            check=check,
            severity="critical",
            where=one.where,
            summary=f"{one.attack}: {one.detail}",
            observation=one,
            file=one.file,
            line=7,
            waiver=None,
            verdict=Verdict.VIOLATED,
        )
        for number, one in enumerate((seen, only), 1)
    )
    result = replace(
        report.results[0],
        check=check,
        kind="static",
        verdict=Verdict.VIOLATED,
        evidence=Evidence(check=check, observations=(seen, only, weak)),
    )
    controls = {**report.controls, "input.sql-injection": Verdict.VIOLATED}
    return replace(report, findings=(*findings, *report.findings), results=(*report.results, result), controls=controls)


def late() -> Report:
    """A run that fails by nothing but a waiver past its day; another waiver accepts nothing any more."""
    row = {"control": "browser.csrf", "owner": "web team", "reason": "the old desk client"}
    waived = (
        Waived(route="POST /old", until="2026-12-31", source="policy", state=WaiverState.UNUSED, **row),
        Waived(route="POST /sync", until="2026-11-01", source="inline", state=WaiverState.EXPIRED, file="shop/sync.py", line=12, **row),
    )
    return replace(clean(), anchor="ringwork.toml", waived=waived, exit_code=1, exit_reason="1 waiver(s) past their day")
