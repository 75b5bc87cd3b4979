"""The tokens of forms, collected to be compared.

Against a mask that is taken for chance: Django prints one secret anew each time under another mask, so it is compared without that.
"""

from __future__ import annotations

import contextlib
import string
import time

from ringwork.errors import TargetFailed
from ringwork.prove.witness import Cast
from ringwork.survey.wire import forms
from ringwork.survey.wire.client import Client

DJANGO_FIELD, _DJANGO_LENGTH = "csrfmiddlewaretoken", 64
_LETTERS = string.ascii_letters + string.digits
SECONDS, QUICK_SECONDS = 4.0, 1.0


def collected(client: Client, page: str, wanted: int) -> list[str]:
    """Tokens of a page that is loaded again and again, at most `wanted`."""
    tokens, until = list[str](), time.monotonic() + SECONDS
    while len(tokens) < wanted and time.monotonic() < until:
        with contextlib.suppress(OSError):
            tokens += [_token_in(f) for f in forms.forms_of(client.page(page).text, page) if f.token_field]
    return tokens[:wanted]


def one_for_each_session(cast: Cast, page: str, *, needed: int) -> list[str]:
    """One token of the page for each of `needed` logins, where one serves a whole session."""
    tokens = list[str]()
    until = time.monotonic() + (QUICK_SECONDS if cast.stage.quick else 2 * SECONDS)
    while len(tokens) < needed and time.monotonic() < until:
        with contextlib.suppress(OSError, TargetFailed):
            client = cast.served.login(cast.stage.users[-1]) if cast.stage.users else cast.served.client()
            tokens += [_token_in(f) for f in forms.forms_of(client.page(page).text, page) if f.token_field][:1]
    return tokens


def _token_in(form: forms.Form) -> str:
    """The token of a form; Django's without its mask, which differs each time whatever it hides (`_unmask_cipher_token`)."""
    token = form.fields[form.token_field]
    if form.token_field != DJANGO_FIELD or len(token) != _DJANGO_LENGTH or not set(token) <= set(_LETTERS):
        return token
    mask, cipher = token[: _DJANGO_LENGTH // 2], token[_DJANGO_LENGTH // 2 :]
    return "".join(_LETTERS[_LETTERS.index(c) - _LETTERS.index(m)] for c, m in zip(cipher, mask, strict=True))
