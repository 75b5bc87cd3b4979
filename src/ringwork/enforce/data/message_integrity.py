"""Messages that cross a trust boundary are signed and fresh, or they reach nobody.

Against a forged, altered or replayed webhook, message or link: on a route marked `signed` or `signed_link` nothing of the application
runs, and nothing of the body is parsed, before signature, purpose, time and first use were found right. Other routes cost nothing: the
forms of signatures are read when a sender or such a route is there, and not at every start.
Source: RFC 9421; RFC 2104; ASVS 5.0, 4.1.5, 11.4.1 and 11.4.3; CWE-345, CWE-347, CWE-294.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from ringwork.enforce.guard import Asking, Blocking, Decision, Enter, Guard, Hooks, ReadBody, Refusal, Site, Surroundings
from ringwork.errors import KeyUnusable, OutOfTime, StoreDown, TagWrong
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route, Signed
from ringwork.secret import Secret
from ringwork.words import Words

if TYPE_CHECKING:
    from ringwork.crypto.message_signatures import Message
    from ringwork.crypto.webhooks import Claim, Form, SenderKeys

CONTROL = ControlId("data.message-integrity")

MEGABYTE = 1_048_576
_PUBLIC = ("ed25519:", "whpk_")


class Sender(Frozen):
    """Somebody whose messages are taken. Several keys: the sender is changing them, and any of them counts."""

    name: str = field(default="", metadata={"doc": 'by which `signed("...")` names it', "unit": "name"})
    form: str = field(
        default="ringwork",
        metadata={
            "doc": "how it signs: ringwork (RFC 9421), github, stripe, standard-webhooks, slack, or hmac-hex:Header-Name",
            "unit": "word",
        },
    )
    keys: tuple[str, ...] = field(
        default=(), metadata={"doc": '"env:NAME" for a secret, "ed25519:..." or "whpk_..." for a public key', "unit": "list"}
    )
    secrets: tuple[Secret[bytes], ...] = field(
        default=(), repr=False, metadata={"doc": "the same secrets, where code has them already; never in a file", "unit": "list"}
    )


class MessageIntegritySettings(Frozen):
    """Who may send signed messages, and how old they may be."""

    senders: tuple[Sender, ...] = field(default=(), metadata={"doc": "those whose messages are taken, each a table", "unit": "tables"})
    window_seconds: int = field(
        default=300,
        metadata={
            "doc": "how far a message's time may be from ours, before or after",
            "unit": "seconds, 1 to 3600",
            "source": "ASVS 4.1.5",
        },
    )
    remembered_seconds: int = field(
        default=3600,
        metadata={
            "doc": "how long a message without a time (github) is remembered and refused when it comes again",
            "unit": "seconds, 60 to 7200",
            "source": "our choice",
        },
    )
    body_bytes: int = field(
        default=MEGABYTE,
        metadata={"doc": "greatest body of a signed message, unless the route has `limits`", "unit": "bytes", "source": "our choice"},
    )
    link_seconds: int = field(
        default=86_400, metadata={"doc": "longest life of a signed link", "unit": "seconds, 1 to 31536000", "source": "our choice"}
    )


class MessageIntegrityReason(Words):
    """Why a request was refused."""

    UNSIGNED = "unsigned"
    GARBLED_SIGNATURE = "garbled-signature"
    OUTSIDE_WINDOW = "outside-window"
    OTHER_PURPOSE = "other-purpose"
    LARGE_MESSAGE = "large-message"
    WRONG_SIGNATURE = "wrong-signature"
    WRONG_LINK = "wrong-link"
    EXPIRED_LINK = "expired-link"
    REPLAYED = "replayed"
    NO_KEY = "no-key"
    STORE_DOWN = "store-down"


def plan(settings: MessageIntegritySettings, site: Site, route: Route | None) -> Hooks:
    """The verification of one route, with its keys made once; nothing for all others."""
    rule = None if route is None else route.rule
    if route is None or not isinstance(rule, Signed):
        return Hooks()
    if not rule.sender:
        return Hooks(enter=_link(site, rule), asks=True)
    sender = next((one for one in settings.senders if one.name == rule.sender), None)
    form = _form(sender) if sender is not None else None
    if sender is None or form is None:
        return Hooks(
            enter=_always(_refuse(MessageIntegrityReason.NO_KEY, f"nobody named {rule.sender!r} is among the senders", status=503))
        )
    try:
        keys = _keys(sender, form)
    except KeyUnusable as fault:
        # Fail mode: closed. What cannot be verified is not let in, and the start says the same.
        return Hooks(enter=_always(_refuse(MessageIntegrityReason.NO_KEY, f"{rule.sender}: {fault}", status=503)))
    limit = route.limits.body_bytes if route.limits is not None and route.limits.body_bytes else settings.body_bytes
    return Hooks(enter=_message(settings, site, rule, form, keys, limit), asks=True)


def issue_link(settings: MessageIntegritySettings, site: Site, address: str, purpose: str, lifetime_seconds: float) -> str:
    """A link to `address`, a path of this site, that a route marked `signed_link(purpose)` lets in until its end. Raises ValueError."""
    from ringwork.crypto.links import Links

    if not 1 <= lifetime_seconds <= settings.link_seconds:
        raise ValueError(
            f"a link lives 1 to {settings.link_seconds} seconds (data.message-integrity.link_seconds), not {lifetime_seconds:g}"
        )
    return Links(site.key).issue(address, purpose, until=int(site.clock.now() + lifetime_seconds))


# -- messages -----------------------------------------------------------------------------------------------


def _message(settings: MessageIntegritySettings, site: Site, rule: Signed, form: Form, keys: SenderKeys, limit: int) -> Enter:
    def enter(exchange: Exchange) -> Decision | Asking:
        message = _said(exchange)
        try:
            claim = form.read(message, exchange.names.get)
        except TagWrong as fault:
            return _refuse(MessageIntegrityReason.GARBLED_SIGNATURE, str(fault))
        if claim is None:
            return _refuse(MessageIntegrityReason.UNSIGNED, f"no signature of the form {form.name}")
        # Against a message that was kept, and one that is dated ahead to be kept: before its body is even read.
        if claim.at is not None and abs(site.clock.now() - claim.at) > settings.window_seconds:
            return _refuse(MessageIntegrityReason.OUTSIDE_WINDOW, f"its time is more than {settings.window_seconds} seconds from ours")
        # Against a signature of another use under the same key.
        if claim.purpose is not None and claim.purpose != rule.purpose:
            return _refuse(MessageIntegrityReason.OTHER_PURPOSE, f"signed for another purpose than {rule.purpose!r}")
        return _verify(claim)

    def _verify(claim: Claim) -> Asking:
        body = yield ReadBody(limit_bytes=limit)
        if body is None:
            return _refuse(MessageIntegrityReason.LARGE_MESSAGE, f"the body is longer than {limit} bytes, or did not come", status=413)
        try:
            # Against whatever a parser does with a stranger's bytes: the raw body is verified, and parsed by nobody before.
            unique = keys.require(claim, body)
        except TagWrong as fault:
            return _refuse(MessageIntegrityReason.WRONG_SIGNATURE, str(fault))
        # Only now, because a stranger shall not fill the store.
        until = site.clock.now() + settings.remembered_seconds if claim.at is None else claim.at + settings.window_seconds + 1
        return (yield from _claim(site, b"m" + rule.sender.encode()[:20] + unique, until))

    return enter


def _said(exchange: Exchange) -> Message:
    from ringwork.crypto.message_signatures import Message

    return Message(
        method=exchange.method,
        scheme=exchange.scheme,
        authority=(exchange.host or b"").decode("latin-1"),
        path=exchange.path.encode("utf-8", "surrogatepass"),
        query=exchange.query,
    )


def _claim(site: Site, token_id: bytes, until: float) -> Asking:
    now = site.clock.now()

    def claim() -> bool | None:
        try:
            return site.spent.claim(token_id, now=now, until=until)
        except StoreDown:
            return None

    won = (yield Blocking(call=claim)) if site.spent.blocking else claim()
    if won is None and not site.closes:
        return None
    if won is None:
        # Fail mode: closed. Against a store that is pushed over so that old messages count again.
        return _refuse(MessageIntegrityReason.STORE_DOWN, "the store of spent tokens did not answer", status=503)
    return None if won else _refuse(MessageIntegrityReason.REPLAYED, "it was used before")


# -- links --------------------------------------------------------------------------------------------------


def _link(site: Site, rule: Signed) -> Enter:
    from ringwork.crypto.links import Links

    links = Links(site.key)

    def enter(exchange: Exchange) -> Decision | Asking:
        path = exchange.path.encode("utf-8", "surrogatepass")
        # Against a link that is made to act: following one reads, and changes nothing.
        if exchange.method not in ("GET", "HEAD") or exchange.is_remade:
            return _refuse(MessageIntegrityReason.WRONG_LINK, "a link is followed by GET alone")
        try:
            followed = links.follow(path, exchange.query, rule.purpose, now=site.clock.now())
        except TagWrong as fault:
            return _refuse(MessageIntegrityReason.WRONG_LINK, str(fault))
        except OutOfTime:
            return _refuse(MessageIntegrityReason.EXPIRED_LINK, "the link has expired")
        return _claim(site, b"l" + followed.unique, followed.until) if rule.once else None

    return enter


# -- keys and settings --------------------------------------------------------------------------------------


def _form(sender: Sender) -> Form | None:
    from ringwork.crypto import webhooks

    return webhooks.form_of(sender.form)


def _keys(sender: Sender, form: Form) -> SenderKeys:
    """The keys of a sender. Raises KeyUnusable where one is missing, short or of another kind."""
    from ringwork.crypto.webhooks import SenderKeys, public_key

    named = [key.removeprefix("env:") for key in sender.keys if key.startswith("env:")]
    missing = [name for name in named if not os.environ.get(name)]
    if missing:
        raise KeyUnusable(f"the variable {missing[0]} is not set")
    secrets = [*sender.secrets, *(Secret(os.environ[name].encode()) for name in named)]
    keys = SenderKeys(form, secrets, [public_key(key) for key in sender.keys if key.startswith(_PUBLIC)])
    if not keys:
        raise KeyUnusable('has no key; write keys = ["env:NAME"]')
    return keys


def _always(refusal: Refusal) -> Callable[[Exchange], Refusal]:
    return lambda exchange: refusal


def _refuse(reason: MessageIntegrityReason, detail: str, *, status: int = 403) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail)


_RANGES = (("window_seconds", 1, 3600), ("remembered_seconds", 60, 7200), ("body_bytes", 1, 2**40), ("link_seconds", 1, 31_536_000))


def faults(settings: MessageIntegritySettings) -> Sequence[str]:
    """What is wrong with the settings; keys are looked at when the application starts."""
    default = MessageIntegritySettings()
    found = [
        f"{name}: {getattr(settings, name)} is out of range; write {least} to {most}, for example {getattr(default, name)}"
        for name, least, most in _RANGES
        if not least <= getattr(settings, name) <= most
    ]
    names = [sender.name for sender in settings.senders]
    for i, sender in enumerate(settings.senders):
        if not sender.name.strip() or names.count(sender.name) > 1:
            found.append(f'senders[{i}].name: give each sender a name of its own, for example name = "laboratory"')
        if _form(sender) is None:
            from ringwork.crypto.webhooks import NAMES

            found.append(f"senders[{i}].form: {sender.form[:30]!r} is unknown; write one of: {', '.join(NAMES)}")
        if not sender.keys and not sender.secrets:
            found.append(f'senders[{i}].keys: is empty; write keys = ["env:NAME"], where NAME is a variable that holds the secret')
        # Against a secret that is committed with the settings: only its variable's name stands there.
        found += [
            f'senders[{i}].keys[{j}]: write "env:NAME" for a secret, or a public key as "ed25519:..."'
            for j, key in enumerate(sender.keys)
            if not key.startswith(("env:", *_PUBLIC))
        ]
    return found


def at_start(settings: MessageIntegritySettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Keys that are not there, senders and routes that do not find each other, purposes where the form has none."""
    found = list[str]()
    asked = [(route, route.rule) for route in routes if isinstance(route.rule, Signed)]
    by_name = {sender.name: sender for sender in settings.senders}
    for i, sender in enumerate(settings.senders):
        form = _form(sender)
        if form is not None:
            try:
                _keys(sender, form)
            except KeyUnusable as fault:
                found.append(f"senders[{i}] ({sender.name}): {fault}; nothing that it sends is taken")
        if all(rule.sender != sender.name for _, rule in asked):
            found.append(f'senders[{i}]: no route is marked signed("{sender.name}"); mark one, or take the sender out')
    for route, rule in asked:
        if not rule.sender:
            continue
        known = by_name.get(rule.sender)
        if known is None:
            found.append(f"{route.name}: signed({rule.sender!r}) names nobody among the senders; known: {', '.join(by_name) or 'none'}")
        elif (known.form == "ringwork") != bool(rule.purpose):
            says = "needs a purpose" if known.form == "ringwork" else f"has a purpose, and the form {known.form} carries none"
            found.append(f'{route.name}: signed({rule.sender!r}) {says}; write purpose="..." for the form ringwork alone')
    return found


GUARD: Guard[MessageIntegritySettings] = Guard(
    control=CONTROL, settings=MessageIntegritySettings, plan=plan, faults=faults, at_start=at_start
)
