"""Whether tokens are verified before they are believed: forgeries of a user's own, and source that is read.

Against a token that says who one is, signed by nobody.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ringwork.names import CheckId
from ringwork.prove import credentials, forged_tokens, reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.credentials import BEARER, Credential, Presenter
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.forged_tokens import CONFUSED, EXPIRED, FOREIGN, Token
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.wire.client import Answer

CONTROL = "identity.jwt-validation"
_UNLOCK = "declare a user who signs in: [[prove.users]]"
_LESS = {EXPIRED: "high", FOREIGN: "medium"}
"""What an attacker needs a genuine token for."""


def token_matrix(stage: Stage) -> Evidence:
    """Each token by which a user is let in, forged in every way for which nothing has to be known, and altered where its key is."""
    check, cast = CheckId(f"{CONTROL}/token-matrix"), Cast(stage)
    known = [*_planted(cast), *credentials.of_user(cast)]
    if not known:
        return Evidence(check=check, not_verified="no page was found that asks for a credential", unlock=_UNLOCK)
    found = [(one, token) for one in known if (token := forged_tokens.taken_apart(one.value)) is not None]
    if not found:
        return Evidence(check=check, not_applicable="nobody is let in by a JSON Web Token")
    return Evidence(check=check, observations=tuple(seen for one, token in found for seen in _tried(cast, one, token)))


def _planted(cast: Cast) -> Iterator[Credential]:
    """The planted fault lets in whoever brings a token, whatever its signature."""
    route = next((route for route in cast.stage.facts.routes if route.path.endswith(f"/{ProbeRoute.UNSIGNED}")), None)
    if route is None:
        return
    client = cast.served.client()
    refused = client.get(route.path)
    claims = {"sub": "probe", "exp": int(time.time()) + 3600}
    client.bearer = forged_tokens.made({"alg": "HS256", "typ": "JWT"}, claims, cast.served.canary.encode())
    yield Credential(
        kind=BEARER, name="", value=client.bearer, user="", route=route, path=route.path, client=client, control=client.get(route.path),
        refused=refused,
    )  # fmt: skip


def _tried(cast: Cast, one: Credential, token: Token) -> Iterator[Observation]:
    root = Path(cast.stage.facts.root)
    key = forged_tokens.key_of(token, forged_tokens.keys_in(root, cast.stage.facts.sources))
    forgeries = list(forged_tokens.unsigned(token, forged_tokens.public_keys(root)))
    forgeries += list(forged_tokens.signed(token, key)) if key is not None else []
    presenter = Presenter(one)
    control = shown(one.control, one.user)
    try:
        for attack in dict.fromkeys(name for name, _ in forgeries):
            answers = [answer for name, text in forgeries if name == attack and (answer := _shown(presenter, text)) is not None]
            still = _shown(presenter, one.value)
            if still is None or not witness.is_served(still) or not answers:
                yield saw(Outcome.UNTRIED, attack, one.route, "the genuine token was not let in any more", control=control)
                continue
            yield replace(_judged(attack, one, answers), control=control)
    finally:
        presenter.close()
    if not token.algorithm.upper().startswith("HS") and not any(name == CONFUSED for name, _ in forgeries):
        detail = "its public key does not lie beside the application, so that it cannot be tried as a secret"
        yield saw(Outcome.UNTRIED, CONFUSED, one.route, detail, control=control)
    if key is None and set(token.claims) & {"exp", "aud", "iss"}:
        detail = "its key is not known here, so that no claim can be altered under a genuine signature"
        yield saw(Outcome.UNTRIED, EXPIRED, one.route, detail, control=control)


def _shown(presenter: Presenter, text: str) -> Answer | None:
    with contextlib.suppress(OSError):
        return presenter.show(text)
    return None


def _judged(attack: str, one: Credential, answers: list[Answer]) -> Observation:
    """What the page said to forgeries of one kind."""
    taken = next((answer for answer in answers if witness.is_served(answer)), None)
    if taken is not None:
        detail = f"the {one.called} with {attack} is let in ({taken.status}), where nobody without one is ({one.refused.status})"
        found = saw(Outcome.BROKEN, attack, one.route, detail, answers=[shown(taken, shows="let in by the forged token")])
        return replace(found, severity=_LESS.get(attack, ""))
    failed = next((answer for answer in answers if answer.status >= 500 or answer.status == 429), None)
    if failed is not None:
        # Against a fault or a limit that is taken for a refusal.
        return saw(
            Outcome.UNTRIED, attack, one.route, f"answered {failed.status}, which says nothing of the token", answers=[shown(failed)]
        )
    statuses = ", ".join(sorted({str(answer.status) for answer in answers}))
    return saw(Outcome.HELD, attack, one.route, f"{len(answers)} of the kind were refused ({statuses})", answers=[shown(answers[0])])


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/token-matrix"), kind=Kind.LIVE, run=token_matrix, planted=ProbeRoute.UNSIGNED),
    reading.check(f"{CONTROL}/decode-arguments"),
)
