"""Whether anybody can guess what the application hands out to be unguessable.

Against tokens out of a clock, a counter or a general-purpose generator: many of each kind are collected as users get them, compared
place by place, and made again in the ways in which such tokens are often made. A signed statement is no random value: its key
protects it, and that is another control's.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Iterator, Sequence

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import credentials, form_tokens, randomness, reading, tokens, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.credentials import COOKIE, KEY
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.witness import Cast, saw
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.jar import bare

CONTROL = "data.secure-randomness"
ATTACK = "guess of what is handed out"
_WANTED, _NEEDED, _NEEDED_BRIEF = 1000, 20, 12
_FORM_TOKENS, _FRESH_COOKIES, _QUICK_LOGINS = 100, 50, 50
_SECONDS, _MOST_SECONDS = 2.0, 12.0
_LEAST_CHARACTERS = 8
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-([1-8])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b", re.IGNORECASE)


def token_statistics(stage: Stage) -> Evidence:
    """Collect every kind of token that can be had: of logins, of fresh browsers, of forms, and ids in pages."""
    check = CheckId(f"{CONTROL}/token-statistics")
    cast = Cast(stage)
    seen: list[Observation] = []
    for found in (_of_forms(cast), _of_logins(cast), _of_fresh_browsers(cast), _of_pages(cast)):
        seen += found
        # In a run that only shows that the check can fail, one kind that can be guessed is enough.
        if stage.brief and any(o.outcome is Outcome.BROKEN for o in seen):
            break
    if not seen:
        reason = "no token was handed out: nobody could sign in, and no page carries one"
        return Evidence(check=check, not_verified=reason, unlock="declare users: [[prove.users]]")
    return Evidence(check=check, observations=tuple(seen))


def _needed(cast: Cast) -> int:
    return _NEEDED_BRIEF if cast.stage.brief else _NEEDED


def _judged(cast: Cast, where: str, found: Sequence[str], began: float) -> Observation:
    """One kind of token; a statement of its own is not judged here."""
    said = tokens.statements_in(found)
    if said:
        detail = f"it is {said}, which no chance protects but its key (data.key-management)"
        return saw(Outcome.UNTRIED, ATTACK, where, detail, read=len(found))
    return randomness.judged(ATTACK, where, found, needed=_needed(cast), began=began)


# -- what signs a user in -----------------------------------------------------------------------------------


def _of_logins(cast: Cast) -> Iterator[Observation]:
    """The cookie or token that a login gives, from as many logins as a few seconds take."""
    known = [one for one in credentials.of_user(cast) if one.kind != KEY]  # which no login gives
    if not known:
        return
    collected: dict[str, list[str]] = {one.called: [] for one in known}
    began = time.time()
    for client in _logins(cast, known[0].user):
        for one in known:
            value = one.value_on(client)
            if value:
                collected[one.called].append(value)
    for one in known:
        # Some give the same one to each login as long as it is good: that is one token, and no two that are alike by chance.
        each = [value for value, _ in itertools.groupby(collected[one.called])]
        yield _judged(cast, f"{one.called} of a login", each, began)


def _logins(cast: Cast, name: str) -> Iterator[Client]:
    """One user's browsers, each signed in anew, until there are enough or the time is over."""
    user = next(user for user in cast.stage.users if user.name == name)
    wanted = _needed(cast) if cast.stage.brief else _QUICK_LOGINS if cast.stage.quick else _WANTED
    began, count = time.monotonic(), 0
    most = _SECONDS if cast.stage.quick else _MOST_SECONDS
    while count < wanted and time.monotonic() - began < (most if count < _needed(cast) else _SECONDS):
        try:
            client = cast.served.login(user)
        except (TargetFailed, OSError):
            return
        count += 1
        yield client
        client.close()


# -- what every browser gets --------------------------------------------------------------------------------


def _of_fresh_browsers(cast: Cast) -> Iterator[Observation]:
    """Cookies that a browser without any is given by a page."""
    page = next((route.path for route in witness.reads(cast.stage.facts) if "{" not in route.path and _gives_cookies(cast, route.path)), "")
    if not page:
        return
    collected: dict[str, list[str]] = {}
    browser, began = cast.served.client(), time.time()
    until = time.monotonic() + _SECONDS
    wanted = _needed(cast) if cast.stage.brief else _FRESH_COOKIES
    for _ in range(wanted):
        browser.jar.cookies.clear()
        with contextlib.suppress(OSError):
            browser.page(page)
        for cookie in browser.jar.cookies.values():
            collected.setdefault(bare(cookie.name), []).append(cookie.value)
        if time.monotonic() > until:
            break
    browser.close()
    for name, values in collected.items():
        if len(set(values)) > 1 and min(map(len, values)) >= _LEAST_CHARACTERS:
            yield _judged(cast, f"{COOKIE} {name} of a fresh browser", values, began)


def _gives_cookies(cast: Cast, path: str) -> bool:
    browser = cast.served.client()
    with contextlib.suppress(OSError):
        browser.page(path)
    browser.close()
    return bool(browser.jar.cookies)


# -- forms and pages ----------------------------------------------------------------------------------------


def _of_forms(cast: Cast) -> Iterator[Observation]:
    """The hidden tokens of the page with most forms; browser.csrf/token-quality looks at every page."""
    name, client = cast.strongest()
    pages = [form.page for form in cast.visible_forms(name, client) if form.token_field]
    page = max(sorted(set(pages)), key=lambda page: (page.startswith("/ringwork-probe"), pages.count(page)), default="")
    if not page:
        return
    began = time.time()
    found = form_tokens.collected(client, page, _needed(cast) if cast.stage.brief else _FORM_TOKENS)
    if len(set(found)) < len(found) / 2:
        found = form_tokens.one_for_each_session(cast, page, needed=_needed(cast))  # one token serves a whole session there
    yield _judged(cast, f"form tokens of {page}", found, began)


def _of_pages(cast: Cast) -> Iterator[Observation]:
    """Ids in pages that look unguessable: those that count upward promise nothing, and who may see what they name is asked elsewhere."""
    _, client = cast.strongest()
    versions: dict[str, int] = {}
    for route in witness.reads(cast.stage.facts)[:_FORM_TOKENS]:
        if "{" in route.path or route.path.startswith("/ringwork-probe"):
            continue
        with contextlib.suppress(OSError):
            versions.update({match.group(0): int(match.group(1)) for match in _UUID.finditer(client.page(route.path).text)})
    if not versions:
        return
    clocks = [one for one, version in versions.items() if version in {1, 2, 6}]
    if clocks:
        detail = f"{len(clocks)} of {len(versions)} ids are UUIDs of a clock and a network card"
        yield saw(Outcome.BROKEN, ATTACK, "ids in pages", detail, read=len(versions))
    else:
        yield saw(Outcome.HELD, ATTACK, "ids in pages", f"none of {len(versions)} UUIDs is made of a clock alone", read=len(versions))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/token-statistics"), kind=Kind.LIVE, run=token_statistics, planted=ProbeRoute.WEAK_TOKENS),
    reading.check(f"{CONTROL}/random-to-sink"),
)
