"""Whether a certificate that no client should take is served all the same, and whether a private key lies where others get it.

Against a check that takes a setting's word: copies are started as production is, with certificates that ran out, that are for
another name, that a developer's machine made; and what a copy shows in its handshake is fetched and read.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import stat
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import shipped
from ringwork.prove.check import Check, Kind, ProbeRoute, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw, shown
from ringwork.survey.wire import chain, connection
from ringwork.survey.wire.forge import Leaf

CONTROL = "transport.certificate-lifecycle"
MARGIN = datetime.timedelta(days=7)
STARTED = "the production start"
_UNLOCK = '[transport]\ncertificate-lifecycle = {files = [{certificate = "/etc/ssl/shop/chain.pem", key = "/etc/ssl/shop/key.pem"}]}'
_ELSEWHERE = "the target does not say which certificate it is served with; TLS ends elsewhere, or protect() is missing"

ATTACKS: Mapping[Leaf, str] = {
    Leaf.EXPIRED: "certificate that ran out",
    Leaf.OTHER_NAME: "certificate for another name",
    Leaf.NOT_YET: "certificate that is not valid yet",
    Leaf.SELF_SIGNED: "certificate signed by itself",
    Leaf.EXPOSED_KEY: "key that others can read",
}


# -- served-chain -------------------------------------------------------------------------------------------


def served_chain(stage: Stage) -> Evidence:
    """Read what is served now, then start copies with certificates that nobody should serve, and fetch what they show."""
    check = CheckId(f"{CONTROL}/served-chain")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_ELSEWHERE, unlock=_UNLOCK)
    control = _honest(stage)
    if isinstance(control, str):
        return Evidence(check=check, not_verified=control)
    kinds = list(ATTACKS)[: 1 if stage.brief else None]
    seen = [_started(stage, kind, attack=ATTACKS[kind], control=control) for kind in kinds]
    if not stage.brief:
        seen += [_ends_soon(stage, control), *_configured(stage)]
    return Evidence(check=check, observations=tuple(seen))


def _honest(stage: Stage) -> Exchanged | str:
    """The control: a production that is served with a good certificate starts, and shows it. Else why not."""
    try:
        with stage.serve(probes=False, production=True, leaf=Leaf.GOOD) as served:
            answer = served.client().get("/")
            faults = _faults(served)
    except (TargetFailed, OSError) as error:
        return f"production does not start with a good certificate either: {getattr(error, 'problem', str(error))[:200]}"
    return shown(answer) if not faults else f"the good certificate of the control is not shown: {'; '.join(faults)}"


def _started(stage: Stage, kind: Leaf, *, attack: str, control: Exchanged) -> Observation:
    try:
        with stage.serve(probes=False, production=True, leaf=kind) as served:
            faults = _faults(served)
    except TargetFailed as error:
        held = CONTROL in error.problem
        detail = f"the start is refused: {_line(error)}" if held else f"it did not start, for another reason: {error.problem[:200]}"
        return saw(Outcome.HELD if held else Outcome.UNTRIED, attack, STARTED, detail, control=control)
    if kind is Leaf.EXPOSED_KEY:
        faults = ["its key can be read by every account of the machine"]
    if not faults:
        return saw(Outcome.UNTRIED, attack, STARTED, "what was served shows no fault", control=control)
    return saw(Outcome.BROKEN, attack, STARTED, f"production serves it: {'; '.join(faults)}", control=control)


def _ends_soon(stage: Stage, control: Exchanged) -> Observation:
    attack = "certificate that ends in three days, and nobody is told"
    try:
        with stage.serve(probes=False, production=True, leaf=Leaf.ENDS_SOON) as served:
            told = [record for record in served.records() if CONTROL in record and " ends on " in record]
    except TargetFailed as error:
        return saw(Outcome.UNTRIED, attack, STARTED, f"it did not start: {error.problem[:200]}", control=control)
    if told:
        return saw(Outcome.HELD, attack, STARTED, f"told at the start: {told[0].strip()[:200]}", control=control)
    return saw(Outcome.BROKEN, attack, STARTED, "nothing was logged about it", control=control)


def _faults(served: Served) -> list[str]:
    """What is wrong with what a copy shows to a client that asks for its canonical name."""
    place = urllib.parse.urlsplit(served.origin)
    host, port = place.hostname or "", place.port or 443
    listener = connection.Place(address=("127.0.0.1", port), server_name=host, ca_pem=connection.ANY, source="127.0.0.1")
    return chain.faults(connection.shown_chain(listener), host=host, now=_now(), margin=MARGIN)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _configured(stage: Stage) -> Iterator[Observation]:
    """The chains that the policy names, read from their files as a server would show them."""
    attack = "chain of the configured certificate"
    guard = stage.facts.guard
    host = urllib.parse.urlsplit(guard.origin).hostname or "" if guard is not None else ""
    for row in _rows(stage):
        path = Path(stage.facts.root) / row["certificate"]
        try:
            read = chain.from_pem(path.read_bytes())
            faults = chain.faults(read, host=host or "localhost", now=_now(), margin=MARGIN)
        except (OSError, ValueError) as error:
            yield saw(Outcome.UNTRIED, attack, row["certificate"], f"it cannot be read here ({error})")
            continue
        if faults:
            yield saw(Outcome.BROKEN, attack, row["certificate"], "; ".join(faults))
        else:
            yield saw(Outcome.HELD, attack, row["certificate"], f"{len(read)} certificates, whole, named, strong, in time", read=len(read))


def _rows(stage: Stage) -> list[Mapping[str, Any]]:
    guard = stage.facts.guard
    told = guard.settings.get(CONTROL.partition(".")[2].replace("-", "_")) if guard is not None else None
    return list(told["files"]) if isinstance(told, Mapping) else []


def _line(error: TargetFailed) -> str:
    lines = (line.strip(" -") for piece in error.problem.splitlines() for line in piece.split(" / "))
    return next((line for line in lines if CONTROL in line), error.problem)[:300]


# -- dev-certificate-refused ----------------------------------------------------------------------------------


def dev_certificate_refused(stage: Stage) -> Evidence:
    """Start a copy as production is, with a certificate that says of itself that it was made for development."""
    check = CheckId(f"{CONTROL}/dev-certificate-refused")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_ELSEWHERE, unlock=_UNLOCK)
    control = _honest(stage)
    if isinstance(control, str):
        return Evidence(check=check, not_verified=control)
    seen = _started(stage, Leaf.DEVELOPMENT, attack="development certificate in production", control=control)
    return Evidence(check=check, observations=(seen,))


# -- key-file-mode --------------------------------------------------------------------------------------------

_KEY_FILES = frozenset({".pem", ".key", ".p8", ".pk8", ".crt", ".cer"})
_STORES = frozenset({".p12", ".pfx", ".jks"})
_KEY_NAMES = frozenset({"id_rsa", "id_ecdsa", "id_ed25519", "id_dsa"})
_SERVED = frozenset({"static", "public", "assets", "media", "www"})


def key_file_mode(stage: Stage) -> Evidence:
    """Look for private keys among what the project ships, and at the rights of those that it names."""
    check, attack, root = CheckId(f"{CONTROL}/key-file-mode"), "private key in reach of others", Path(stage.facts.root)
    found, read = list[Observation](), 0
    for path in shipped.files(root):
        read += 1
        if _is_key(path) and not shipped.is_kept_out(path, root):
            name = path.relative_to(root).as_posix()
            way = "is served to everybody" if _SERVED & set(path.relative_to(root).parts) else "is shipped with the project"
            found.append(saw(Outcome.BROKEN, attack, name, f"a private key {way}; keep it outside, and have a new one issued"))
    for row in _rows(stage):
        if row["key"]:
            found.append(_rights(attack, root / row["key"], row))
            read += 1
    if not any(one.outcome is Outcome.BROKEN for one in found):
        found.append(saw(Outcome.HELD, attack, "the project's files", f"no private key among {read} files", read=read))
    return Evidence(check=check, observations=tuple(found))


def _is_key(path: Path) -> bool:
    if path.suffix in _STORES:
        return True
    if path.suffix not in _KEY_FILES and path.name not in _KEY_NAMES:
        return False
    text = shipped.text_of(path)
    return "-----BEGIN " in text and "PRIVATE KEY-----" in text


def _rights(attack: str, path: Path, row: Mapping[str, Any]) -> Observation:
    state: os.stat_result | None = None
    with contextlib.suppress(OSError):
        state = path.stat()
    if state is None:
        return saw(Outcome.UNTRIED, attack, row["key"], "the key's file is not present here")
    # A reason for the group is the policy's own word, and is listed with it.
    others = stat.S_IRWXO | (0 if row.get("group_reason") else stat.S_IRWXG)
    if state.st_mode & others:
        return saw(Outcome.BROKEN, attack, row["key"], f"mode {stat.S_IMODE(state.st_mode):o}: others can read it; write: chmod 600")
    return saw(Outcome.HELD, attack, row["key"], f"mode {stat.S_IMODE(state.st_mode):o}", read=1)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/served-chain"), kind=Kind.LIVE, run=served_chain),
    Check(id=CheckId(f"{CONTROL}/dev-certificate-refused"), kind=Kind.LIVE, run=dev_certificate_refused),
    Check(id=CheckId(f"{CONTROL}/key-file-mode"), kind=Kind.CONFIG, run=key_file_mode, planted=ProbeRoute.BREACHED_FILES),
)
