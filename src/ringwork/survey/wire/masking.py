"""Requests and answers as evidence: readable, cut, and without the secrets that they carried."""

from __future__ import annotations

import base64
import re

SHOWN_CHARACTERS = 2000

_HEADERS = re.compile(rb"(?im)^(cookie|authorization|x-csrf-token):[ \t]*([^\r\n]*)")
_SET_COOKIE = re.compile(rb"(?im)^(set-cookie:[ \t]*[^=;\r\n]+=)([^;\r\n]*)")
_FIELDS = re.compile(
    rb"(?i)((?:csrf_token|csrfmiddlewaretoken|_csrf|password|passwd|secret|token|access_token|refresh_token|api_key)[\"']?\s*(?:=|:|value=)\s*[\"']?)"
    rb"([^\"'&\s<>,}]{4,})"
)
_VALUES = re.compile(rb"(?i)(name=[\"']csrf[^\"']*[\"'][^>]*?value=[\"'])([^\"']*)")


def masked(raw: bytes) -> str:
    """The text of a request or answer: cookies, credentials and tokens masked, at most 2,000 characters."""
    text = _HEADERS.sub(rb"\1: ****", raw)
    text = _SET_COOKIE.sub(rb"\1****", text)
    text = _VALUES.sub(rb"\1****", text)
    text = _FIELDS.sub(rb"\1****", text)
    shown = text.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + f"\n[{len(shown) - SHOWN_CHARACTERS} more characters]"


def replayable(raw: bytes) -> str:
    """The request for another day, base64: markers stand where its cookies, credentials and tokens stood."""
    marked = _HEADERS.sub(rb"\1: {{\1}}", raw)
    return base64.b64encode(_FIELDS.sub(rb"\1{{secret}}", marked)).decode("ascii")
