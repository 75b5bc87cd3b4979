"""Whether a foreign page can make a signed-in browser change something.

Against requests that the victim's browser sends on behalf of another site: each state change that works honestly is tried with
every wrong token, from every wrong place and in every disguise of its body; the stores decide, not the status alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import changes, form_tokens, handshakes, randomness, safe_asking, witness
from ringwork.prove.changes import Change, Found
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.trial import Attempt, Shot, Trial
from ringwork.prove.witness import Cast, saw
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import EVIL, FORM, Client

CONTROL = "browser.csrf"
MOST, MOST_BRIEF = 6, 2
_USED, _EXPIRED = "form with a used token", "form with an expired token"
_TOKENS_WANTED, _TOKENS_NEEDED = 1000, 100
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER_FORM = "form with another form's token"


def _nothing_found(stage: Stage, check: str, found: Found, what: str) -> Evidence:
    if found.bearer and not found.changes and not found.untried:
        return Evidence(check=CheckId(check), not_applicable="users carry a bearer token, which no browser sends by itself")
    if found.untried:
        return Evidence(check=CheckId(check), observations=tuple(found.untried))
    if not stage.users:
        return Evidence(
            check=CheckId(check), not_verified="nobody can sign in, so no login can be ridden", unlock="declare users: [[prove.users]]"
        )
    return Evidence(check=CheckId(check), not_applicable=f"no route that changes state by cookie takes {what}")


# -- token-matrix -------------------------------------------------------------------------------------------


def token_matrix(stage: Stage) -> Evidence:
    """Each form with every wrong token, and posted from other sites as a victim's browser does it."""
    check = f"{CONTROL}/token-matrix"
    cast = Cast(stage)
    found = changes.find(cast, most=MOST_BRIEF if stage.brief else MOST, attack="form without a token", forms_only=True)
    found.untried = [o for o in found.untried if _takes_form(stage, o.where)]
    if not found.changes:
        return _nothing_found(stage, check, found, "a form")
    cast.reset()
    seen: list[Observation] = []
    for change in found.changes:
        with contextlib.suppress(TargetFailed):
            seen += Trial(cast, change).run(_not_yet_seen(_forgeries(cast, change), seen, brief=stage.brief))
    for change in found.changes:
        with contextlib.suppress(TargetFailed):
            seen += _spent(cast, change)
        if stage.brief and any(o.attack == _USED and o.outcome is Outcome.BROKEN for o in seen):
            break
    detail = "the copy's clock cannot be moved, so no token grows old"
    seen.append(saw(Outcome.UNTRIED, _EXPIRED, found.changes[0].route, detail))
    return Evidence(check=CheckId(check), observations=(*seen, *found.untried))


def _not_yet_seen(attempts: dict[str, Attempt], seen: Sequence[Observation], *, brief: bool) -> dict[str, Attempt]:
    """Of forgeries that succeeded at an earlier route one is enough to name the next route as well, and none where it is brief."""
    known = {o.attack for o in seen if o.outcome is Outcome.BROKEN}
    left = {attack: attempt for attack, attempt in attempts.items() if attack not in known}
    first = next((attack for attack in attempts if attack in known and not brief), None)
    return left if first is None else {first: attempts[first], **left}


def from_elsewhere(stage: Stage) -> Evidence:
    """One form, posted by a victim's browser from foreign and sibling pages: what SameSite and Fetch Metadata stop too."""
    cast = Cast(stage)
    found = changes.find(cast, most=1, attack="form post from another site", forms_only=True)
    cast.reset()
    for change in found.changes:
        if change.is_form:
            return Evidence(check=CheckId(f"{CONTROL}/token-matrix"), observations=tuple(Trial(cast, change).run(_from_elsewhere(change))))
    return Evidence(check=CheckId(f"{CONTROL}/token-matrix"), observations=tuple(found.untried))


def _takes_form(stage: Stage, name: str) -> bool:
    return any(route.name == name and route.body != "json" for route in stage.facts.routes)


def _forgeries(cast: Cast, change: Change) -> dict[str, Attempt]:
    """Every wrong token where the form has one, or ringwork asks for one; then the posts from other sites."""
    is_ours = cast.stage.facts.guard is not None
    tokens = _wrong_tokens(cast, change, made_up=not change.token_field) if change.token_field or is_ours else {}
    if _serves_a_session(cast, change):
        tokens.pop(_OTHER_FORM, None)
    return {**tokens, **_from_elsewhere(change)}


def _serves_a_session(cast: Cast, change: Change) -> bool:
    """Whether the token may serve every form of its session, and more than once: all do but ringwork's, which says that it is of one form.

    Source: OWASP, Cross-Site Request Forgery Prevention Cheat Sheet: tokens are generated once per session, or for each request.
    """
    return cast.stage.facts.guard is None or change.token_field == form_tokens.DJANGO_FIELD


def _spent(cast: Cast, change: Change) -> list[Observation]:
    """The honest request once more, then its token a second time; on a fresh copy where an earlier change stands in the way."""
    is_ours = cast.stage.facts.guard is not None
    if not change.token_field and not is_ours:
        detail = "the form carries no token; only the browser's own word and its cookies stand before it"
        return [saw(Outcome.UNTRIED, "form without a token", change.route, detail)]
    if _serves_a_session(cast, change):
        detail = "the form carries a token that serves every form of its session, and more than once"
        return [saw(Outcome.UNTRIED, _USED, change.route, detail)]
    seen = _replayed(cast, change)
    if any(o.outcome is Outcome.UNTRIED and o.control is None for o in seen):
        cast.reset()
        seen = _replayed(cast, change)
    return seen


def _replayed(cast: Cast, change: Change) -> list[Observation]:
    trial = Trial(cast, change)
    token = changes.token_of(change, trial.victim())
    if change.token_field and not token:
        return [saw(Outcome.UNTRIED, _USED, change.route, "the page no longer shows the form")]
    return list(trial.replayed(_USED, token or witness.marker("made-up")))


def _wrong_tokens(cast: Cast, change: Change, *, made_up: bool) -> dict[str, Attempt]:
    """Sent by the user's own browser from the site's own page, so that only the token is wrong."""

    def with_token(token: str | None, extra: Sequence[tuple[str, str]] = ()) -> Attempt:
        headers = [*changes.headers_of(change), *extra]
        return lambda client: lambda: client.send("POST", change.path, headers=headers, body=changes.form_body(change, token))

    def borrowed(find: str) -> Attempt:
        def attempt(client: Client) -> Shot | None:
            token = witness.marker("made-up") if made_up else changes.borrowed_token(cast, change, client, find)
            return with_token(token)(client) if token else None

        return attempt

    return {
        "form without a token": with_token(None),
        "form with garbage for a token": with_token(witness.marker("garbage")),
        "form with garbage for a token in the header": with_token(None, [("x-csrf-token", witness.marker("garbage"))]),
        "form with another user's token": borrowed("user"),
        "form with the token of another login of the same user": borrowed("login"),
        _OTHER_FORM: borrowed("form"),
    }


def _from_elsewhere(change: Change) -> dict[str, Attempt]:
    """What a victim's browser sends when another site's page posts the form: cookies only as SameSite lets them go."""

    def body() -> bytes:
        return changes.form_body(change, None) if change.is_form else b""

    def cross(*, metadata: bool) -> Attempt:
        return lambda client: lambda: client.cross_site("POST", change.path, content_type=FORM, body=body(), fetch_metadata=metadata)

    def sibling(*, metadata: bool) -> Attempt:
        return lambda client: lambda: client.same_site("POST", change.path, content_type=FORM, body=body(), fetch_metadata=metadata)

    return {
        "form post from another site": cross(metadata=True),
        "form post from another site, by a browser without fetch metadata": cross(metadata=False),
        "form post from a sibling host": sibling(metadata=True),
        "form post from a sibling host, by a browser without fetch metadata": sibling(metadata=False),
    }


# -- origin-and-content-type --------------------------------------------------------------------------------


def origin_and_content_type(stage: Stage) -> Evidence:
    """JSON in the disguises that a foreign page may send, and every wrong word about where a request comes from."""
    check = f"{CONTROL}/origin-and-content-type"
    cast = Cast(stage)
    seen: list[Observation] = list(handshakes.foreign(cast)) if stage.facts.has_sockets else []
    found = changes.find(cast, most=1 if stage.brief else 2, attack="foreign Origin")
    if not found.changes and not seen:
        return _nothing_found(stage, check, found, "a body")
    cast.reset()
    is_ours = stage.facts.guard is not None
    for change in sorted(found.changes, key=lambda change: "{" in change.route.path)[:4]:
        attempts = _wrong_origins(change, cast.served.origin, with_token=is_ours) if is_ours or change.is_form else {}
        if change.kind == changes.JSON and change.body not in {b"", b"{}"}:
            attempts |= _disguises(change, obeys=not is_ours)
        elif change.method == "POST" and not change.is_form:
            attempts |= _from_elsewhere(change)
        with contextlib.suppress(TargetFailed):
            seen += Trial(cast, change).run(_not_yet_seen(attempts, seen, brief=stage.brief))
    return Evidence(check=CheckId(check), observations=(*seen, *found.untried))


def _wrong_origins(change: Change, own: str, *, with_token: bool) -> dict[str, Attempt]:
    """with_token: ringwork asks for both, so the token is right and the cookies are there; elsewhere as an attacker really could."""
    host = own.partition("://")[2]
    words: dict[str, list[tuple[str, str]]] = {
        "Origin null": [("origin", "null")],
        "foreign Origin": [("origin", EVIL)],
        "Origin that begins like the served one": [("origin", f"https://{host.partition(':')[0]}.evil.invalid")],
        "served name as user information of a foreign Origin": [("origin", f"https://{host}@evil.invalid")],
        "own Origin over plain http": [("origin", f"http://{host}")],
        "no Origin, Sec-Fetch-Site cross-site": [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
        "no Origin, foreign Referer with the served name in its path": [("referer", f"{EVIL}/{host}/"), ("sec-fetch-site", "cross-site")],
    }
    if with_token:
        words["cookies, but neither Origin nor Sec-Fetch-Site"] = []
    return {attack: _said(change, headers, with_token=with_token) for attack, headers in words.items()}


def _said(change: Change, headers: list[tuple[str, str]], *, with_token: bool) -> Attempt:
    def attempt(client: Client) -> Shot | None:
        token = (changes.token_of(change, client) or None) if with_token and change.is_form else None
        body = changes.form_body(change, token) if change.is_form else changes.body_of(change)
        if with_token:
            given = [*changes.headers_of(change), *headers]
            return lambda: client.send(change.method, change.path, headers=given, body=body, same_origin=False)
        sent = [pair for pair in headers if pair[0] != "origin"]
        initiator = next((value for name, value in headers if name == "origin"), EVIL)
        return lambda: client.cross_site(
            change.method, change.path, content_type=change.kind, body=body, headers=sent, initiator=initiator, fetch_metadata=False
        )

    return attempt


def _disguises(change: Change, *, obeys: bool) -> dict[str, Attempt]:
    boundary = witness.marker("part")
    before, after = f'--{boundary}\r\nContent-Disposition: form-data; name="json"\r\n\r\n'.encode(), f"\r\n--{boundary}--\r\n".encode()

    def sent(kind: str, before: bytes = b"", after: bytes = b"") -> Attempt:
        def shot(client: Client) -> Shot:
            body = before + changes.body_of(change) + after
            return lambda: client.cross_site(change.method, change.path, content_type=kind, body=body, mode="no-cors", obey_samesite=obeys)

        return shot

    return {
        "JSON as text/plain from another site": sent("text/plain"),
        "JSON as the name of a form field from another site": sent(FORM, after=b"="),
        "JSON as multipart from another site": sent(f"multipart/form-data; boundary={boundary}", before, after),
        "JSON without a content type from another site": sent(""),
    }


# -- safe-methods-are-safe ----------------------------------------------------------------------------------


def safe_methods(stage: Stage) -> Evidence:
    """GET, HEAD and OPTIONS on every route, as every kind of user, about what they have made; the stores are as before."""
    return safe_asking.look(stage, CheckId(f"{CONTROL}/safe-methods-are-safe"))


# -- token-quality ------------------------------------------------------------------------------------------


def token_quality(stage: Stage) -> Evidence:
    """Many tokens: none twice, none of another session, and enough chance in each."""
    check = CheckId(f"{CONTROL}/token-quality")
    cast = Cast(stage)
    attack, where = "guess of a token", "form tokens"
    name, client = cast.strongest()
    shown_forms = cast.visible_forms(name, client)
    with_tokens = [form for form in shown_forms if form.token_field]
    if not with_tokens:
        if stage.facts.guard is not None and any(form.method == "POST" for form in shown_forms):
            return Evidence(
                check=check, observations=(saw(Outcome.BROKEN, attack, where, "no form carries a token", read=len(shown_forms)),)
            )
        return Evidence(check=check, not_verified="no form with a token was seen")
    # Django has one secret for a browser, so that one page tells as much as all.
    first = next((form.page for form in with_tokens if form.token_field == form_tokens.DJANGO_FIELD), "")
    pages = [form.page for form in with_tokens if form.token_field != form_tokens.DJANGO_FIELD or form.page == first]
    # The page with most forms gives a thousand tokens, each other one enough to tell a counter from chance;
    # a fourth of that shows a fault. A run that is to be over soon takes enough of the first as well.
    seen: list[Observation] = []
    others = _TOKENS_NEEDED // 4 if stage.brief else _TOKENS_NEEDED
    for page in sorted(set(pages), key=lambda page: (-pages.count(page), page)):
        tokens = form_tokens.collected(client, page, others if seen or stage.brief or stage.quick else _TOKENS_WANTED)
        if len(set(tokens)) < len(tokens) / 2:
            tokens = form_tokens.one_for_each_session(
                cast, page, needed=_TOKENS_NEEDED
            )  # one token for a whole session: sessions are compared instead
        seen.append(randomness.judged(attack, f"{where} of {page}", tokens, needed=_TOKENS_NEEDED))
        if stage.brief and seen[-1].outcome is Outcome.BROKEN:
            break
    return Evidence(check=check, observations=tuple(seen))


# -- exemptions ---------------------------------------------------------------------------------------------


def exemptions(stage: Stage) -> Evidence:
    """Which routes are exempt and why, and whether the defence is switched on at all."""
    facts = stage.facts
    check = CheckId(f"{CONTROL}/exemptions")
    changing = [route for route in witness.http_routes(facts) if not set(route.methods) <= _SAFE]
    attack = "exempt route"
    if facts.guard is None:
        return _foreign_exemptions(stage, check, len(changing))
    if not witness.guards(facts, CONTROL):
        detail = f"the guard is switched off, so all {len(changing)} state-changing routes are exempt"
        return Evidence(check=check, observations=(saw(Outcome.BROKEN, attack, "the application", detail, read=len(changing)),))
    exempt = [route for route in changing if route.csrf_exempt]
    seen = [_exempt_judged(route, attack) for route in exempt]
    detail = f"{len(changing) - len(exempt)} of {len(changing)} state-changing routes are guarded"
    seen.append(saw(Outcome.HELD, "disabled guard", "the application", detail, read=max(1, len(changing))))
    return Evidence(check=check, observations=tuple(seen))


def _exempt_judged(route: RouteFacts, attack: str) -> Observation:
    if len(route.csrf_exempt.strip()) < 4:
        return saw(Outcome.BROKEN, attack, route, "exempt, and no reason is given")
    if route.rule == "requires":
        return saw(Outcome.HELD, attack, route, f"exempt, and another authentication is declared: {route.csrf_exempt}", read=1)
    return saw(Outcome.HELD, attack, route, f"exempt: {route.csrf_exempt}", read=1)


def _taken_out(route: RouteFacts) -> Observation:
    """A route that its application takes out of its framework's check: a fault where a session's cookie says who is asking.

    Against a webhook that is accused: what a signature or a header lets in, no foreign page can send.
    """
    attack, told = "exempt route", f"taken out of the check by {route.exempted_by}"
    checks = [name for name in route.guarded_by if "csrf" not in name.lower()]
    by_cookie = route.known_by == "cookie" or (checks and route.known_by != "header")
    if by_cookie and not witness.is_entrance(route.path):
        before = ", ".join(checks) or "its own code"
        return saw(Outcome.BROKEN, attack, route, f"{told}, and {before} lets in whose browser carries the cookie of a login")
    if route.known_by == "header":
        detail = f"{told}; its code asks for a header or a signature, which no foreign page can send"
        return saw(Outcome.HELD, attack, route, detail, read=1)
    return saw(Outcome.UNCLEAR, attack, route, f"{told}, and nothing in its code tells who is asking")


def _foreign_exemptions(stage: Stage, check: CheckId, changing: int) -> Evidence:
    """Flask-WTF and the middlewares whose name says what they do; anything else cannot be listed."""
    facts, attack = stage.facts, "disabled guard"
    if facts.settings.get("WTF_CSRF_ENABLED") is False:
        return Evidence(
            check=check, observations=(saw(Outcome.BROKEN, attack, "WTF_CSRF_ENABLED", "the application's CSRF defence is switched off"),)
        )
    known = [name for name in facts.middleware if "csrf" in name.lower()]
    if known:
        exempt = [route for route in witness.http_routes(facts) if route.exempted_by and not set(route.methods) <= _SAFE]
        detail = f"{known[0]} stands before {changing - len(exempt)} of {changing} state-changing routes"
        observation = saw(Outcome.HELD, attack, "the application", detail, read=max(1, changing))
        return Evidence(check=check, observations=(*map(_taken_out, exempt), observation))
    reason = "no defence against forged requests was recognised; what token-matrix sees decides"
    return Evidence(check=check, not_verified=reason, unlock="ringwork.protect(app) guards every route and lists its exemptions")


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/token-matrix"), kind=Kind.LIVE, run=token_matrix, depth=from_elsewhere),
    Check(id=CheckId(f"{CONTROL}/origin-and-content-type"), kind=Kind.LIVE, run=origin_and_content_type),
    Check(id=CheckId(f"{CONTROL}/safe-methods-are-safe"), kind=Kind.LIVE, run=safe_methods, planted=ProbeRoute.WRITES_ON_GET),
    Check(id=CheckId(f"{CONTROL}/token-quality"), kind=Kind.LIVE, run=token_quality, planted=ProbeRoute.WEAK_TOKENS),
    Check(id=CheckId(f"{CONTROL}/exemptions"), kind=Kind.ROUTES, run=exemptions),
)
