"""Whether anyone but a known service reaches an internal listener, and whether a header makes somebody one.

Against a service that serves whoever reaches its network: a copy is served as an internal listener whose authority is the prover's
own, and certificates of every wrong kind are shown to it; then the headers in which proxies write certificates are forged.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove.check import Check, Fault, Kind, ProbeRoute, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw, shown
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire import certified, forge
from ringwork.survey.wire.certified import Papers
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.connection import WireError

CONTROL = "transport.mutual-tls"
LISTENER, HEADERS = "an internal listener", "headers of proxies"
KNOWN, TRUSTED = "a known service becomes the principal", "the same header from a trusted proxy"
_STRANGER = "ringwork-forged"
_UNDECLARED = "no internal listener is declared: the policy knows no service by its certificate"
_UNLOCK = 'transport.mutual-tls = {services = [{name = "spiffe://your.domain/service"}]}'


def client_certificate_matrix(stage: Stage) -> Evidence:
    """Show a good certificate, none, and one of each wrong kind."""
    check = CheckId(f"{CONTROL}/client-certificate-matrix")
    name = _service(stage.facts)
    if not name:
        return Evidence(check=check, not_verified=_UNDECLARED, unlock=_UNLOCK)
    with stage.serve(fault=Fault.INTERNAL) as served:
        good = served.authority.client([name])
        try:
            answer = _asked(served, good)
        except WireError as error:
            return Evidence(check=check, not_verified=f"a good certificate gets no answer, so a refusal says nothing: {error}")
        if answer.status != 200:
            reason = f"a good certificate of {name} is answered {answer.status}, so a refusal says nothing"
            return Evidence(check=check, not_verified=reason)
        control = shown(answer, name)
        seen = [_known(answer, name, control)]
        seen += [_shown(served, attack, papers, control) for attack, papers in _wrong(served.authority, name)]
    return Evidence(check=check, observations=tuple(seen))


def _service(facts: AppFacts) -> str:
    """A name that the policy knows, "" for none."""
    own: Mapping[str, Any] = facts.guard.settings.get("mutual_tls") or {} if facts.guard is not None else {}
    names = [str(service["name"]) for service in own.get("services") or ()]
    return names[0].replace("*", "ringwork-prover") if names else ""


def _wrong(authority: forge.Authority, name: str) -> Iterator[tuple[str, Papers | None]]:
    """Everything but the right certificate. Each is wrong in one way, and right in every other."""
    stranger = name.rpartition("/")[0] + f"/{_STRANGER}" if "://" in name else f"{_STRANGER}.{name}"
    other = "spiffe://ringwork-forged.invalid/other" if name.startswith("spiffe://") else stranger
    yield "no certificate", None
    yield "a certificate that nobody has signed", forge.self_signed([name])
    yield "a certificate of another authority", forge.make_authority().client([name])
    yield "an expired certificate", authority.client([name], days=(-3, -1))
    yield "a certificate of tomorrow", authority.client([name], days=(1, 3))
    yield "a revoked certificate", authority.client([name], serial=forge.REVOKED)
    yield "a server's certificate", authority.client([name], purpose=forge.FOR_SERVERS)
    yield "a certificate of an unknown name", authority.client([other])
    yield "a certificate without a name", authority.client([])


def _asked(served: Served, papers: Papers | None) -> Answer:
    client = served.client()
    return certified.get(client.place, client.host, served.probe_path(ProbeRoute.ECHO), papers)


def _shown(served: Served, attack: str, papers: Papers | None, control: Exchanged) -> Observation:
    try:
        answer = _asked(served, papers)
    except WireError as error:
        return saw(Outcome.HELD, attack, LISTENER, str(error), control=control)
    if answer.status == 200:
        return saw(Outcome.BROKEN, attack, LISTENER, "reaches the handler", answers=[shown(answer)], control=control)
    outcome = Outcome.HELD if answer.status in {400, 401, 403, 421} else Outcome.UNTRIED
    return saw(outcome, attack, LISTENER, f"refused with {answer.status}", answers=[shown(answer)], control=control)


def _known(answer: Answer, name: str, control: Exchanged) -> Observation:
    principal = _told(answer).get("principal")
    detail = f"the handler sees {principal!r} as the principal"
    return saw(Outcome.HELD if principal == name else Outcome.BROKEN, KNOWN, LISTENER, detail, answers=[control], control=control)


def _told(answer: Answer) -> Mapping[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(answer.body)
        return found if isinstance(found, dict) else {}
    return {}


# -- identity-header-spoof -------------------------------------------------------------------------------------


def identity_header_spoof(stage: Stage) -> Evidence:
    """Write what proxies write from an address that is none; then see that a trusted proxy's word would have counted."""
    check = CheckId(f"{CONTROL}/identity-header-spoof")
    name = _service(stage.facts)
    if not name:
        return Evidence(check=check, not_verified=_UNDECLARED, unlock=_UNLOCK)
    client, seen = stage.served.client(), list[Observation]()
    honest = client.get(stage.served.probe_path(ProbeRoute.ECHO))
    forgeries = _forgeries(forge.self_signed([name]), name)
    for attack, headers in forgeries.items():
        seen.append(_forged(stage.served, client, f"forged {attack}", headers, honest, name))
    if not stage.brief:
        seen.append(trusted := _counts_when_trusted(stage, forgeries["Client-Cert"], name))
        if trusted.outcome is Outcome.UNTRIED and not any(one.outcome is Outcome.BROKEN for one in seen):
            # Against a pass that was never able to fail: where a trusted proxy's word counts for nothing, a stranger's tells nothing.
            return Evidence(check=check, observations=tuple(seen), not_verified=f"{TRUSTED}: {trusted.detail}")
    return Evidence(check=check, observations=tuple(seen))


def _forgeries(papers: Papers, name: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    text = papers[0].decode("ascii")
    whole = base64.b64encode(ssl.PEM_cert_to_DER_cert(text)).decode("ascii")
    kind = "URI" if "://" in name else "DNS"
    return {
        "Client-Cert": [("Client-Cert", f":{whole}:")],
        "X-Forwarded-Client-Cert": [("X-Forwarded-Client-Cert", f"By=spiffe://a/b;Hash={'0' * 64};{kind}={name}")],
        "X-SSL-Client-Cert": [("X-SSL-Client-Cert", urllib.parse.quote(text)), ("X-SSL-Client-Verify", "SUCCESS")],
        "X-SSL-Client-S-DN": [("X-SSL-Client-S-DN", f"CN={name}"), ("X-SSL-Client-Verify", "SUCCESS")],
        "X-Client-Cert": [("X-Client-Cert", whole)],
    }


def _forged(served: Served, client: Client, attack: str, headers: Sequence[tuple[str, str]], honest: Answer, name: str) -> Observation:
    """Whether the principal changes, whether a refused request is let in, and whether a handler could believe the header itself."""
    control = shown(honest)
    try:
        answer = client.get(served.probe_path(ProbeRoute.ECHO), headers=headers)
        believed = client.get(served.probe_path(ProbeRoute.BELIEVES), headers=headers)
    except OSError as error:
        return saw(Outcome.HELD, attack, HEADERS, f"the connection was cut ({error})", control=control)
    answers = [shown(answer), shown(believed)]
    if answer.status == 200 != honest.status:
        return saw(Outcome.BROKEN, attack, HEADERS, "lets in what was refused without it", answers=answers, control=control)
    if _told(answer).get("principal") == name:
        return saw(Outcome.BROKEN, attack, HEADERS, f"makes {name} of anybody", answers=answers, control=control)
    if _told(believed).get("certificate"):
        return saw(Outcome.BROKEN, attack, HEADERS, "reaches the handler, which may believe it", answers=answers, control=control)
    outcome = Outcome.HELD if answer.status < 500 and believed.status < 500 else Outcome.UNTRIED
    told = "no principal, and nothing of it arrives" if answer.status == 200 else f"refused with {answer.status}"
    return saw(outcome, attack, HEADERS, told, answers=answers, control=control)


def _counts_when_trusted(stage: Stage, headers: Sequence[tuple[str, str]], name: str) -> Observation:
    """On a copy that trusts the prover's own address the same header must count, or a pass above says nothing."""
    where = "a copy that trusts the prover"
    try:
        with stage.serve(fault=Fault.TRUSTS_PROVER) as served:
            answer = served.client().get(served.probe_path(ProbeRoute.ECHO), headers=headers)
    except (TargetFailed, OSError) as error:
        return saw(Outcome.UNTRIED, TRUSTED, where, str(error))
    principal = _told(answer).get("principal")
    outcome = Outcome.HELD if principal == name else Outcome.UNTRIED
    detail = f"counts: the principal is {name}" if principal == name else f"does not count: {answer.status}, principal {principal!r}"
    return saw(outcome, TRUSTED, where, detail, answers=[shown(answer)], control=shown(answer))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/client-certificate-matrix"), kind=Kind.LIVE, run=client_certificate_matrix),
    Check(id=CheckId(f"{CONTROL}/identity-header-spoof"), kind=Kind.LIVE, run=identity_header_spoof),
)
