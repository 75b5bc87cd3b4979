"""Addresses without encryption that a client is told to ask: what goes there and back can be read and changed on the way.

Hosts of the own machine and of private networks are passed over, and names without a dot, which a private network resolves.
"""

from __future__ import annotations

import re

from ringwork.survey.taint import attributes, values
from ringwork.survey.taint.frames import Found, Run
from ringwork.survey.taint.values import Atom, Value

_ADDRESS = re.compile(r"(?:http|ftp|ws)://(?:[^/?#@]*@)?([\w-]+(?:\.[\w-]+)+)(?=[:/?#]|$)", re.IGNORECASE)
_PRIVATE = re.compile(
    r"(?:127|10|0)\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|(?:.*\.)?(?:localhost|local|internal|intranet|lan|home|test|invalid|localdomain)$"
    r"|.*\.svc(?:\.|$)",
    re.IGNORECASE,
)


def is_open(text: str) -> bool:
    """Whether text begins with the address of a public host without encryption."""
    found = _ADDRESS.match(text)
    return found is not None and not _PRIVATE.match(found[1])


def is_private(host: str) -> bool:
    """Whether a host is the own machine, or one of a private network."""
    return "." not in host or _PRIVATE.match(host) is not None


def arrive(run: Run, sink: str, value: Value, at: int) -> None:
    """An address comes to a client: one that begins without encryption is told."""
    if any(is_open(attributes.text_before(one)) for one in values.alternatives(value)):
        run.tell(Found("cleartext", sink, Atom("none", ""), run.here(at, f"asks {sink}"), False, run.frame.function, "", ""))
