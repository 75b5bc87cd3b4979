"""Whether clients that go out of the application find out with whom they speak.

Against a promise in a setting: clients in a running copy are sent to servers that nobody should believe, and the server tells
whether a request arrived. Beside it the source is read for what switches verification off, and addresses for what never asks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import datastores, reading, shipped, unverified
from ringwork.prove.check import Call, Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw

CONTROL = "transport.certificate-verification"
GOOD = "good"
_UNLOCK = '[transport]\ncertificate-verification = {clients = ["yourapp.partners:client"]}'
_ATTACKS = {
    "self-signed": "server with a certificate signed by itself",
    "expired": "server whose certificate ran out",
    "other-name": "server with a certificate for another name",
    "foreign-authority": "server of an authority that nobody trusts",
    "revoked": "server whose certificate was revoked",
    "old-tls": "server that speaks TLS 1.1 alone",
}


# -- rogue-servers ------------------------------------------------------------------------------------------


def rogue_servers(stage: Stage) -> Evidence:
    """Send careless, guarded and the application's own clients to rogue servers, and to a good one first."""
    check = CheckId(f"{CONTROL}/rogue-servers")
    if stage.facts.guard is None:
        libraries = sorted(_libraries(stage))
        if not libraries and stage.facts.sources:
            return Evidence(check=check, not_applicable=f"none of {len(stage.facts.sources)} modules imports a client")
        told = f"the application builds its clients inline ({', '.join(libraries) or 'its modules are not known'})"
        return Evidence(check=check, not_verified=f"{told}; no function that makes one is named", unlock=_UNLOCK)
    try:
        calls = stage.served.call_out(brief=stage.brief)
    except (TargetFailed, OSError) as error:
        return Evidence(check=check, not_verified=f"no client could be driven: {getattr(error, 'problem', error)}", unlock=_UNLOCK)
    controls = {one.caller: _shown(one) for one in calls if one.rogue == GOOD and one.reached}
    seen = [_judged(one, controls) for one in calls if one.rogue != GOOD]
    seen += [_unusable(one) for one in calls if one.rogue == GOOD and not one.reached and one.kind != "careless"]
    return Evidence(check=check, observations=tuple(seen))


def _judged(call: Call, controls: dict[str, Exchanged]) -> Observation:
    attack = _ATTACKS[call.rogue]
    # A careless client is refused by the good server as well, so a guarded one is its control: servers and names work.
    control = controls.get(call.caller) or (next(iter(controls.values()), None) if call.kind == "careless" else None)
    if call.reached:
        return saw(Outcome.BROKEN, attack, call.caller, "its request arrived there", answers=[_shown(call)], control=control)
    if control is None:
        return saw(
            Outcome.UNTRIED, attack, call.caller, "no client reached the good server, so the refusal says nothing", answers=[_shown(call)]
        )
    return saw(Outcome.HELD, attack, call.caller, f"refused: {call.said[:160]}", answers=[_shown(call)], control=control)


def _unusable(call: Call) -> Observation:
    return saw(Outcome.UNTRIED, "good server", call.caller, f"it was refused too: {call.said[:160]}", answers=[_shown(call)])


def _shown(call: Call) -> Exchanged:
    arrived = "the request arrived" if call.reached else "no request arrived"
    return Exchanged(request=f"{call.caller} -> {call.rogue} server", answer=f"{arrived}; the client said: {call.said}")


# -- verification-off -----------------------------------------------------------------------------------------


def verification_off(stage: Stage) -> Evidence:
    """Read the application's modules for what switches verification off, by its form and by the way of what is given to a client."""
    check, attack = CheckId(f"{CONTROL}/verification-off"), "verification switched off in source"
    found, read, facts = list[Observation](), 0, stage.source
    lost = {one.file for one in facts.unread}
    for name, text in _sources(stage):
        read += 1
        try:
            switches = unverified.find(text) if any(word in text for word in unverified.WORDS) else []
        except (SyntaxError, ValueError):
            if name in lost or not facts.files:  # what is newer than this interpreter was followed all the same
                found.append(saw(Outcome.UNTRIED, attack, name, "it is no Python that can be read here"))
            continue
        found += [_placed(attack, name, one) for one in switches]
    told = {(one.file, one.line) for one in found}
    followed = [flow for flow in reading.flows_of(stage, check) if (flow.place.file, flow.place.line) not in told]
    found += [reading.observed(flow) for flow in followed]
    if not read and not followed:
        return Evidence(check=check, not_verified="no module of the application was found below the project's folder")
    if not found:
        found.append(saw(Outcome.HELD, attack, "the application's modules", f"nothing switches it off in {read} modules", read=read))
    return Evidence(check=check, observations=tuple(found))


def _placed(attack: str, name: str, switch: unverified.Switch) -> Observation:
    outcome = Outcome.BROKEN if switch.known else Outcome.UNTRIED
    return Observation(attack=attack, where=f"{name}:{switch.line}", outcome=outcome, detail=switch.what, file=name, line=switch.line)


def _sources(stage: Stage) -> Iterator[tuple[str, str]]:
    root = Path(stage.facts.root)
    for name in stage.facts.sources:
        text = shipped.text_of(root / name)
        if text:
            yield name, text


def _libraries(stage: Stage) -> set[str]:
    found = set[str]()
    for _, text in _sources(stage):
        try:
            found |= unverified.imports(text)
        except (SyntaxError, ValueError):
            continue
    return found - {"ssl"}


# -- datastore-urls -------------------------------------------------------------------------------------------

_SETTINGS = re.compile(
    r"^\.env(\..+)?$|^.*\.env$|compose.*\.ya?ml$|^Procfile$|^settings.*\.(toml|ya?ml|ini)$|^(config|alembic|celery).*\.(toml|ya?ml|ini|cfg)$"
)


def datastore_urls(stage: Stage) -> Evidence:
    """Read addresses of databases, caches, brokers and mail in source and settings, and judge what each asks for."""
    check, attack = CheckId(f"{CONTROL}/datastore-urls"), "data store in clear or unverified"
    found, addresses = list[Observation](), list(_addresses(stage))
    for name, line, address in addresses:
        judged = datastores.judge(address)
        if judged is None:
            continue
        outcome = Outcome.UNTRIED if judged.held is None else Outcome.HELD if judged.held else Outcome.BROKEN
        detail = f"{judged.shown}: {judged.detail}"
        found.append(
            Observation(
                attack=attack, where=f"{name}:{line}", outcome=outcome, detail=detail, file=name, line=line, read=1 if judged.held else 0
            )
        )
    read = len(list(_sources(stage)))
    if not read and not addresses:
        return Evidence(check=check, not_verified="no module of the application was found below the project's folder")
    if not found:
        told = f"all {len(addresses)} lead to this machine alone" if addresses else f"none stands in {read} modules and the settings files"
        found.append(saw(Outcome.HELD, attack, "addresses", told, read=read))
    return Evidence(check=check, observations=tuple(found))


def _addresses(stage: Stage) -> Iterator[tuple[str, int, str]]:
    """File, line and address; docstrings and comments apart, which connect to nobody."""
    root = Path(stage.facts.root)
    for name, text in _sources(stage):
        if "://" in text:
            yield from ((name, line, address) for line, address in _in_source(text))
    for path in shipped.files(root):
        if _SETTINGS.search(path.name):
            name = path.relative_to(root).as_posix()
            for number, line in enumerate(shipped.text_of(path).splitlines(), start=1):
                if not line.lstrip().startswith(("#", ";")):
                    yield from ((name, number, address) for address in datastores.ADDRESS.findall(line))


def _in_source(text: str) -> Sequence[tuple[int, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, address)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
        for address in datastores.ADDRESS.findall(node.value)
    ]


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/rogue-servers"), kind=Kind.LIVE, run=rogue_servers),
    Check(id=CheckId(f"{CONTROL}/verification-off"), kind=Kind.STATIC, run=verification_off, planted=ProbeRoute.BREACHED_FILES),
    Check(id=CheckId(f"{CONTROL}/datastore-urls"), kind=Kind.CONFIG, run=datastore_urls, planted=ProbeRoute.BREACHED_FILES),
)
