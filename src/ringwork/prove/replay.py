"""One finding again: its own requests, with fresh users in place of the markers, and then its check on the same fresh copy."""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime
import re
import time
from collections.abc import Callable

from ringwork.errors import TargetFailed
from ringwork.prove import judge, register, users
from ringwork.prove.check import Check, Kind
from ringwork.prove.evidence import Exchanged, Finding
from ringwork.prove.group import Scene, run_group
from ringwork.prove.launch import Launcher
from ringwork.prove.settings import Settings
from ringwork.prove.sources import Reader
from ringwork.prove.stage import LiveServed
from ringwork.prove.target import Target
from ringwork.prove.users import Entrances
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire.client import Client

_LIMIT_SECONDS = 60.0
_MARKER = re.compile(rb"\{\{([\w-]+)\}\}")
_LENGTH = re.compile(rb"(?im)^content-length: *\d+(?=\r?$)")


def replay(target: Target, settings: Settings, kept: Finding, *, shown: Callable[[str, str], None]) -> list[Finding] | None:
    """What the check of a kept finding finds now; None when it could not be made. shown: called with a title and a text.

    kept: the finding as report.json holds it. Raises TargetFailed when the target does not come up.
    """
    check = next((c for c in register.checks() if c.id == kept.check), None)
    if check is None:
        raise TargetFailed(step="report", problem=f"{kept.check} has no proof in this version", advice="run `ringwork prove` again")
    launcher = Launcher(target, extra=settings.env)
    reader: Reader | None = None
    try:
        facts = launcher.load(settings.users_from, anybody=settings.declares_nobody).facts
        reader = _reader(target, settings, facts, check) if check.kind in {Kind.STATIC, Kind.PROCESS} else None
        launcher.warm_up()
        entrances = users.find(facts, settings, launcher)
        scene = Scene(
            launcher=launcher,
            facts=facts,
            entrances=entrances,
            backing=lambda _: (),
            deadline=time.monotonic() + _LIMIT_SECONDS,
            deep=True,
            quick=True,
            started=lambda _: None,
            judged=lambda _: None,
            sources=reader,
        )
        stage = scene.stage()
        try:
            for exchanged in kept.observation.exchanged:
                _send(stage.served, entrances, exchanged, shown)
        finally:
            stage.close()
        tried = run_group(register.control_of(check), [check], scene, shake=False)[0]
    finally:
        launcher.close()
        if reader is not None:
            reader.close()
    if tried.evidence.not_verified:
        return None
    today = datetime.datetime.now(datetime.UTC).date()
    return judge.findings(check.id, kept.severity, tried.evidence, facts, fix=kept.fix, today=today)


def _send(served: LiveServed, entrances: Entrances, exchanged: Exchanged, shown: Callable[[str, str], None]) -> None:
    shown(f"The request, as {exchanged.as_user or 'nobody'}", exchanged.request)
    shown(f"The answer then{f': {exchanged.shows}' if exchanged.shows else ''}", exchanged.answer)
    raw = _raw(exchanged.replay)
    if not raw:
        shown("The answer now", "(no plain request, so it is not sent by itself; the check repeats it below)")
        return
    client = _client(served, entrances, exchanged.as_user)
    try:
        answer = client.raw(_filled(raw, client, served))
        is_alike = exchanged.answer.split(" ", 2)[1:2] == [str(answer.status)]
        shown(
            "The answer now" if is_alike else "The answer now; ids and tokens in these bytes may be the earlier copy's", answer.as_text()[1]
        )
    except OSError as error:
        shown("The answer now", f"nothing ({type(error).__name__})")


def _reader(target: Target, settings: Settings, facts: AppFacts, check: Check) -> Reader:
    return Reader(
        target.root,
        facts.sources,
        framework=facts.framework,
        sensitive=settings.sensitive,
        floor=settings.sensitive_floor,
        history=check.deep,
        rotated=settings.rotated,
        breached=False,
    )


def _client(served: LiveServed, entrances: Entrances, name: str) -> Client:
    user = next((user for user in entrances.users if user.name == name), None)
    if user is not None:
        with contextlib.suppress(TargetFailed):
            return served.login(user)
    return served.client()


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _filled(raw: bytes, client: Client, served: LiveServed) -> bytes:
    """The stored request with this copy's host and this user's credentials where the markers stand, and its length put right."""
    netloc = served.origin.partition("://")[2]
    name = netloc.rpartition(":")[0]
    raw = re.sub(re.escape(name.encode()) + rb":\d+", netloc.encode(), raw)
    path = raw.split(b" ", 2)[1].decode("latin-1").partition("?")[0] if raw.count(b" ") >= 2 else "/"
    cookies = client.jar.header(host=name, path=path, secure=True)
    given = {b"cookie": cookies.encode(), b"authorization": b"", **{k.encode(): v.encode() for k, v in client.letters(path)}}
    raw = _MARKER.sub(lambda found: given.get(found.group(1).lower(), b"spent"), raw)
    head, blank, body = raw.partition(b"\r\n\r\n")
    # One plain length is put right, because markers changed the body; two or odd ones are the attack itself and stay.
    if len(_LENGTH.findall(head)) == 1:
        head = _LENGTH.sub(b"content-length: %d" % len(body), head)
    return head + blank + body
