"""Whether a forged Host gets anywhere.

The attack: a request that names a host of the attacker's, so that reset links, redirects and caches carry it to others.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.observing import Notes, enforces, marker, readable
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.connection import WireError

CONTROL = "network.host-validation"
FORGED_HOST = CheckId("network.host-validation/forged-host")
ALLOWLIST = CheckId("network.host-validation/allowlist")

CARRIERS = ("X-Forwarded-Host", "X-Host", "X-Original-Host", "X-HTTP-Host-Override", "Forwarded")
REFUSED = frozenset({400, 421})


def forged_host(stage: Stage) -> Evidence:
    """Forge the host in every way that HTTP knows, on a page, on a redirect and on an unknown path."""
    notes = Notes()
    client = stage.served.client()
    plain = stage.served.probe_path(ProbeRoute.PLAIN)
    control = client.get(plain)
    if control.status != 200:
        return Evidence(check=FORGED_HOST, not_verified=f"an honest request to {plain} answered {control.status}")
    for path, where, route in _places(stage, client, plain):
        for attack, forge in _forgeries(client, path):
            _judge(notes, attack, where, forge, client, control, route)
        _carriers(notes, stage, client, path, where, control, route)
    if stage.facts.guard is not None:
        _reaches_application(notes, stage, client, control)
    clean = client.get(plain)
    seen = "the same page answers as before" if clean.body == control.body else "the page differs after the attacks"
    notes.add(attack="clean request afterwards", where="every route", broken=clean.body != control.body, detail=seen, answers=[clean], control=control)
    return Evidence(check=FORGED_HOST, observations=notes.done())


def _places(stage: Stage, client: Client, plain: str) -> list[tuple[str, str, RouteFacts | None]]:
    """A page, up to three redirects that the application or its framework makes, and a path that is not there."""
    found: list[tuple[str, str, RouteFacts | None]] = [(plain, "every route", None), (f"/{marker()}", "an unknown path", None)]
    for route in readable(stage.facts)[:25]:
        if len(found) >= 5:
            break
        path = stage.fill(route)
        for tried in (path, path.rstrip("/") if path.endswith("/") and path != "/" else f"{path}/"):
            answer = client.get(tried)
            if answer.status in {301, 302, 303, 307, 308} and answer.header("location"):
                found.append((tried, route.name, route))
                break
    return found


def _forgeries(client: Client, path: str) -> list[tuple[str, tuple[str, bytes]]]:
    """Attack, and (canary, raw request)."""
    own, canary = client.host, f"{marker()}.invalid"

    def raw(target: str, *hosts: str) -> tuple[str, bytes]:
        lines = [f"GET {target} HTTP/1.1", *(f"Host: {host}" for host in hosts), "Accept: */*", "Connection: close", "", ""]
        return canary, "\r\n".join(lines).encode()

    return [
        ("foreign Host", raw(path, canary)),
        ("own Host, then a foreign one", raw(path, own, canary)),
        ("foreign Host, then the own one", raw(path, canary, own)),
        ("own name as user of a foreign host", raw(path, f"{own}@{canary}")),
        ("foreign name as port of the own host", raw(path, f"{own.partition(':')[0]}:{canary}")),
        ("foreign host that begins with the own", raw(path, f"{own.partition(':')[0]}.{canary}")),
        ("absolute target with a foreign host", raw(f"http://{canary}{path}", own)),
    ]


def _judge(notes: Notes, attack: str, where: str, forged: tuple[str, bytes], client: Client, control: Answer, route: RouteFacts | None) -> None:
    canary, request = forged
    try:
        answer = client.raw(request)
    except WireError as error:
        notes.add(attack=attack, where=where, broken=False, detail=f"the server cut the connection ({error})", control=control, route=route)
        return
    reflected = canary.encode() in answer.answer
    # An absolute target is served by some servers under its own Host line, which is right; then only the canary counts.
    accepted = answer.status < 400 if request.startswith(b"GET http") else answer.status not in REFUSED
    served = accepted and not (request.startswith(b"GET http") and answer.body == control.body)
    if reflected:
        detail = f"the answer ({answer.status}) carries the attacker's host"
    elif served:
        detail = f"answered {answer.status} under a host that is not the application's"
    else:
        detail = f"refused with {answer.status}, the forged host nowhere in the answer"
    notes.add(attack=attack, where=where, broken=reflected or served, detail=detail, answers=[answer], control=control, route=route)


def _carriers(notes: Notes, stage: Stage, client: Client, path: str, where: str, control: Answer, route: RouteFacts | None) -> None:
    """Headers that some framework, proxy or library reads instead of Host: they may pass, but never show."""
    for name in CARRIERS:
        canary = f"{marker()}.invalid"
        answer = client.get(path, headers=[(name, f"host={canary}" if name == "Forwarded" else canary)])
        reflected = canary.encode() in answer.answer
        detail = "its host stands in the answer" if reflected else f"answered {answer.status}, its host nowhere in the answer"
        notes.add(attack=f"{name} header", where=where, broken=reflected, detail=detail, answers=[answer], control=control, route=route)


def _reaches_application(notes: Notes, stage: Stage, client: Client, control: Answer) -> None:
    """With ringwork's guard in front, such a header must not even reach the application."""
    echo = stage.served.probe_path(ProbeRoute.ECHO)
    for name in CARRIERS:
        canary = f"{marker()}.invalid"
        answer = client.get(echo, headers=[(name, canary)])
        seen = canary in answer.text
        detail = "the application sees it" if seen else "the application does not see it"
        notes.add(attack=f"{name} header, as the application sees it", where="every route", broken=seen, detail=detail, answers=[answer], control=control)


def allowlist(stage: Stage) -> Evidence:
    """Read which hosts are served: explicit names, or a wildcard, or nothing at all."""
    notes = Notes()
    facts = stage.facts
    if enforces(facts, CONTROL) and facts.guard is not None:
        names = [facts.guard.origin, *facts.guard.hosts] if facts.guard.origin else ["loopback only"]
        notes.add(attack="read the served hosts", where="the policy", broken=False, detail=f"served: {', '.join(names)}", read=len(names))
        return Evidence(check=ALLOWLIST, observations=notes.done())
    for where, hosts in _framework_hosts(stage):
        loose = [host for host in hosts if "*" in host or host.startswith(".")]
        detail = f"wildcard or suffix: {', '.join(loose)}" if loose else f"served: {', '.join(hosts)}"
        notes.add(attack="read the served hosts", where=where, broken=bool(loose), detail=detail, read=len(hosts))
    if not notes.observations:
        detail = "no host is named anywhere, so every Host is served"
        notes.add(attack="read the served hosts", where="settings", broken=True, detail=detail, read=len(facts.settings) + 1)
    return Evidence(check=ALLOWLIST, observations=notes.done())


def _framework_hosts(stage: Stage) -> list[tuple[str, list[str]]]:
    found = []
    for name, value in stage.facts.settings.items():
        hosts = value.get("allowed_hosts") if isinstance(value, dict) else value if name == "TRUSTED_HOSTS" else None
        if isinstance(hosts, list | tuple) and hosts:
            found.append((name, [str(host) for host in hosts]))
    return found


CHECKS: tuple[Check, ...] = (
    Check(id=FORGED_HOST, kind=Kind.LIVE, run=forged_host),
    Check(id=ALLOWLIST, kind=Kind.CONFIG, run=allowlist),
)
