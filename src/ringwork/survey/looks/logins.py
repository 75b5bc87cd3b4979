"""Names and passwords that are sent in clear: a login to a server of mail or files on a connection that nobody sealed before.

Against whoever listens between the two: he reads the password, and whatever is fetched with it. A connection that the same code may seal
(`starttls`, `stls`), be it under a condition, is passed over, and so are servers of the own machine and of private networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, argument, text_of, written
from ringwork.survey.taint import cleartext, ir

_CLEAR: Mapping[str, str] = MappingProxyType({
    "ftplib.FTP": "ftplib.FTP_TLS",
    "imaplib.IMAP4": "imaplib.IMAP4_SSL",
    "nntplib.NNTP": "nntplib.NNTP_SSL",
    "poplib.POP3": "poplib.POP3_SSL",
    "smtplib.SMTP": "starttls(context=ssl.create_default_context()) before the login",
})  # fmt: skip
"""Classes whose connections are open, and what to write instead."""
_MODULES = frozenset(name.partition(".")[0] for name in _CLEAR)
_LOGINS = frozenset({"login", "pass_", "login_cram_md5"})
_SEALS = frozenset({"starttls", "stls", "prot_p", "auth"})


def look(seen: Seen) -> Iterator[Flow]:
    """Such logins of one module, each at the place where the password goes out."""
    if _MODULES.isdisjoint(seen.unit.heads):
        return
    connections = list(_connections(seen))
    sealed = {
        written(call.function.of)
        for call, _ in seen.of(ir.Call)
        if isinstance(call.function, ir.Attribute) and call.function.name in _SEALS
    }
    for call, scope in seen.of(ir.Call):
        if not isinstance(call.function, ir.Attribute) or call.function.name not in _LOGINS or _is_anonymous(call):
            continue
        name = written(call.function.of)
        kind = next((kind for kind, target, near in connections if target == name and _is_near(target, near, scope)), "")
        if kind and name not in sealed:
            detail = f"{kind} sends name and password in clear; write {_CLEAR[kind]}."
            yield seen.flow("cleartext", call.at, strength=STRONG, sink=kind, detail=detail, scope=scope, said="a password goes out")


def _connections(seen: Seen) -> Iterator[tuple[str, str, Scope]]:
    """The names that hold such connections: of which class, as they are written, and where."""
    for statement, scope in seen.of(ir.Assign):
        if kind := _kind(seen, statement.value):
            yield from ((kind, written(target), scope) for target in statement.targets)
    for entered, scope in seen.of(ir.With):
        for made, target in entered.items:
            if target is not None and (kind := _kind(seen, made)):
                yield kind, written(target), scope


def _kind(seen: Seen, made: ir.Expression) -> str:
    """The class of a connection that is made here; "" where it is none, or one to a server that is near."""
    if not isinstance(made, ir.Call) or (name := seen.name(made.function)) not in _CLEAR:
        return ""
    host = text_of(argument(made, "host", 0))
    return "" if host is not None and (not host or cleartext.is_private(host)) else name


def _is_near(target: str, made: Scope, used: Scope) -> bool:
    """Whether a name means the same in both places: in one function, or as a field of one class."""
    return made.owner is used.owner if "." in target else made.qualname == used.qualname


def _is_anonymous(call: ir.Call) -> bool:
    """A login without a password, or as anybody."""
    return not (call.arguments or call.keywords) or text_of(argument(call, "user", 0)) == "anonymous"
