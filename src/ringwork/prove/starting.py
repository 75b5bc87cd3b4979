"""What is right and wrong in the way a server is started: for each server, what it has to be told, and what it must not be.

Against settings that stay at their defaults because nobody knows them: a server that waits for ever, listens everywhere, or believes
everybody's word about who they are. Source: OWASP ASVS 5.0, 13.1.2, 13.4.6; each server's own documentation of its defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ringwork.prove.evidence import Observation, Outcome
from ringwork.survey.starts import start
from ringwork.survey.starts.configuration import UNKNOWN
from ringwork.survey.starts.start import Option, Start

EVERYWHERE = frozenset({"0.0.0.0", "::", "*", ""})  # noqa: S104  # read, not bound
WILDCARDS = frozenset({"*", "0.0.0.0/0", "::/0"})
_DEFAULT_HOSTS: Mapping[str, str] = {
    start.WAITRESS: "0.0.0.0",  # noqa: S104  # what it does when it is told nothing
    start.MOD_WSGI: "",
    start.AIOHTTP: "",
}
"""Where a server listens that is told nothing, as far as that is not this machine alone."""

_WANTED: Mapping[str, Mapping[str, str]] = {
    start.UVICORN: {
        "connections": "--limit-concurrency 1000", "no_banner": "--no-server-header", "timeout": "--timeout-graceful-shutdown 20",
        "head_timeout": "ringwork serve, or a proxy on the same machine: uvicorn waits for the head of a request for ever",
    },
    start.HYPERCORN: {
        "head_timeout": "--keep-alive 5", "no_banner": "include_server_header = false in its file of configuration",
    },
    start.GRANIAN: {
        "connections": "--backpressure 1000", "head_timeout": "--http1-header-read-timeout 10000",
    },
    start.GUNICORN: {"timeout": "--timeout 60"},
    start.WAITRESS: {
        "connections": "--connection-limit=100", "head_timeout": "--channel-timeout=60", "head_bytes": "--max-request-header-size=32768",
        "body_bytes": "--max-request-body-size=1048576", "ident": "--ident= for no Server header",
    },
    start.AIOHTTP: {
        "head_timeout": "ringwork serve, or a proxy on the same machine: aiohttp's runner lets a connection rest for an hour",
        "no_banner": "ringwork serve, which leaves out the Server header",
    },
    start.DAPHNE: {"timeout": "--http-timeout 60", "no_banner": "--no-server-name"},
    start.UWSGI: {"timeout": "harakiri = 60", "head_timeout": "http-timeout = 10", "body_bytes": "limit-post = 1048576"},
    start.MOD_WSGI: {
        "timeout": "request-timeout=60 in WSGIDaemonProcess", "head_timeout": "RequestReadTimeout header=10 body=60",
        "body_bytes": "LimitRequestBody 1048576", "trace": "TraceEnable Off", "tokens": "ServerTokens Prod",
    },
}  # fmt: skip
"""What a server has to be told because it does not do so by itself, and the words."""

_HELD_BY_PROXY = frozenset({"head_timeout", "no_banner", "ident"})
"""What a proxy on the same machine sees to."""


def judged(begun: Start) -> Iterator[Observation]:
    """One observation for each thing that a start says, or has to say."""
    if begun.server in start.DEVELOPMENT:
        yield _seen(Outcome.BROKEN, "a development server", begun, f"{begun.server} is for development; write ringwork serve")
        return
    yield _seen(Outcome.HELD, "a development server", begun, f"{begun.server} is a server for production")
    yield from _switches(begun)
    yield from _addresses(begun)
    yield from _proxies(begun)
    yield from _limits(begun)


def _seen(outcome: Outcome, attack: str, begun: Start, detail: str, option: Option | None = None) -> Observation:
    file, line = (option.file, option.line) if option is not None else (begun.file, begun.line)
    read = 1 if outcome is Outcome.HELD else 0
    return Observation(attack=attack, where=file, outcome=outcome, detail=detail, file=file, line=line, read=read)


def _switches(begun: Start) -> Iterator[Observation]:
    for name, words in (("reload", "reloads its code"), ("debug", "shows faults to visitors"), ("unguarded", "serves without protect()")):
        option = begun.told(name)
        if option is not None:
            yield _seen(Outcome.BROKEN, "reload, debug and their like", begun, f"{begun.server} {words}; take that out", option)
    if not any(begun.told(name) for name in ("reload", "debug", "unguarded")):
        yield _seen(Outcome.HELD, "reload, debug and their like", begun, "none is switched on")


def _addresses(begun: Start) -> Iterator[Observation]:
    attack = "the address that it listens on"
    told = [*begun.all("bind"), *begun.all("host"), *begun.all("unix"), *begun.all("endpoint")]
    if not told:
        default = _DEFAULT_HOSTS.get(begun.server)
        if default is None:
            where = "this machine alone" if begun.server in {start.RINGWORK, start.UVICORN, start.DAPHNE} else "what it takes by itself"
            outcome = Outcome.HELD if begun.server == start.RINGWORK else Outcome.UNTRIED
            yield _seen(outcome, attack, begun, f"it is told none and listens on {where}; say which, --bind or --host")
        else:
            yield _everywhere(begun, None)
    for option in told:
        host = _host(option)
        if UNKNOWN in option.value or host.startswith("$"):
            yield _seen(Outcome.UNTRIED, attack, begun, "the address comes from the environment; write it out", option)
        elif host in EVERYWHERE and option.name != "unix":
            yield _everywhere(begun, option)
        else:
            yield _seen(Outcome.HELD, attack, begun, "it is told one", option)
    stats = begun.told("stats")
    if stats is not None and _host(stats) in EVERYWHERE:
        yield _seen(Outcome.BROKEN, attack, begun, "its statistics can be read by everybody who reaches the machine", stats)


def _everywhere(begun: Start, option: Option | None) -> Observation:
    attack = "the address that it listens on"
    if begun.reason:
        return _seen(Outcome.HELD, attack, begun, f"all addresses, with a reason: {begun.reason}", option)
    if begun.told("certificate") is not None:
        return _seen(Outcome.HELD, attack, begun, "all addresses, over TLS of its own", option)
    advice = 'write 127.0.0.1 or a Unix socket, or say why above that line: # ringwork: exposed reason="the container\'s own network"'
    return _seen(
        Outcome.BROKEN, attack, begun, f"{begun.server} listens on all addresses, without TLS and without a reason; {advice}", option
    )


def _host(option: Option) -> str:
    value = option.value.strip()
    if option.name == "unix" or value.startswith(("unix:", "/")) or value.endswith(".sock"):
        return "unix"
    if option.name == "host":
        return value.strip("[]")
    if option.name == "endpoint":  # of Twisted: tcp:8000:interface=127.0.0.1
        interface = re.search(r"interface=([^:]+)", value)
        return interface[1] if interface is not None else ""
    host, colon, _ = value.rpartition(":")
    return host.strip("[]") if colon else "" if value.isdigit() else value


def _proxies(begun: Start) -> Iterator[Observation]:
    attack = "whose forwarding headers are believed"
    believes = [option for option in begun.all("proxies") if set(option.value.replace(",", " ").split()) & WILDCARDS]
    believes += [option for option in begun.all("trusts_all") if not _is_local(begun)]
    if begun.told("proxy_header") is not None and begun.told("proxies") is None:
        believes += begun.all("proxy_header")
    for option in believes:
        detail = "everybody's: any visitor writes the address that limits and logs go by; name the proxies, or leave it to ringwork"
        yield _seen(Outcome.BROKEN, attack, begun, detail, option)
    if not believes:
        named = begun.told("proxies")
        yield _seen(Outcome.HELD, attack, begun, "those that are listed" if named else "nobody's, or this machine's own", named)


def _is_local(begun: Start) -> bool:
    """Whether only this machine reaches it, so that a proxy stands before it."""
    told = [_host(option) for option in (*begun.all("bind"), *begun.all("host"), *begun.all("unix"))]
    return bool(told) and all(host in {"unix", "127.0.0.1", "localhost", "::1"} for host in told)


def _limits(begun: Start) -> Iterator[Observation]:
    attack = "deadlines and limits"
    off = [option for name in ("timeout", "head_timeout", "head_bytes", "fields", "field_bytes") for option in begun.all(name)]
    off = [option for option in off if option.value.strip() in {"0", "0.0"}]
    for option in off:
        yield _seen(Outcome.BROKEN, attack, begun, f"{option.name} is 0, which {begun.server} takes for no bound at all", option)
    if begun.told("tokens") is not None and begun.told("tokens").value.lower() == "full":  # type: ignore[union-attr]  # told just now
        yield _seen(Outcome.BROKEN, attack, begun, "ServerTokens Full tells every version; write ServerTokens Prod", begun.told("tokens"))
    trace = begun.told("trace")
    if trace is not None and trace.value.lower() != "off":
        yield _seen(Outcome.BROKEN, attack, begun, "TRACE echoes what a request carries; write TraceEnable Off", trace)
    wanted = {name: words for name, words in _WANTED.get(begun.server, {}).items() if begun.told(name) is None}
    left = [words for name, words in wanted.items() if not (name in _HELD_BY_PROXY and _is_local(begun))]
    if left:
        yield _seen(Outcome.UNTRIED, attack, begun, f"{begun.server} has to be told: {'; '.join(left)}")
    elif not off:
        yield _seen(Outcome.HELD, attack, begun, "every one that this server does not set by itself is told")
