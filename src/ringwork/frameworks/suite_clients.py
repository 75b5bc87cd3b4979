"""Clients of an application's own test suite, which send forms without having fetched the page that holds each.

Against a suite that can be run in `observe` alone: what such a client sends counts as sent from the form on the page. It says so by a word
that this process made for its own clients and tells nobody; in production's mode nobody is believed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ringwork.crypto import chance, mac
from ringwork.enforce.guard import ProvenForm
from ringwork.errors import TagWrong
from ringwork.secret import Secret

HEADER = "X-Ringwork-Suite"
"""The header in which a client of the suite says its word."""

_BYTES = 32
_MADE: list[Secret[str]] = []
"""The word, once a client of this process has asked for it: until then none is believed."""


@functools.cache
def word() -> str:
    """What a client of this process says."""
    made = chance.token_urlsafe(_BYTES)
    _MADE.append(Secret(made))
    return made


def fields_from(claimed: str | None, fields: Mapping[str, str] | None, exchange: Any) -> Mapping[str, str] | None:
    """The fields of a form, as proven where a client of this process's own suite sent it; a token in it is looked at all the same."""
    if claimed is None or fields is None or not _MADE or exchange.plan.pipeline.site.production:
        return fields
    try:
        mac.require_equal(claimed.encode("utf-8", "replace"), _MADE[0].reveal().encode())
    except TagWrong:
        return fields
    return ProvenForm(fields)
