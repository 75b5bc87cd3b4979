"""Who is known by a key or by settings: rows and objects with a key, and names and passwords that modules hold as plain texts.

Against a proof that stays outside an API of machines: nobody registers there, and whoever may ask has a row with his key.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ringwork.survey.harness import records

_MOST, _DEPTH, _LONGEST = 40, 4, 400
_NAMES = ("username", "user_name", "login", "email", "mail", "user", "name", "handle", "client", "owner")
_KEY = re.compile(r"(?:^|_)(?:api_?key|access_?key|api_?token|auth_?token|access_?token)$|^(?:key|token)$", re.IGNORECASE)
_IS_KEY = re.compile(r"\d|^\S{20,}$")
_SHARED = re.compile(r"(?:API|ACCESS|AUTH|ADMIN|SERVICE)_?(?:KEY|TOKEN)$", re.IGNORECASE)
_USER_SETTING = re.compile(r"^(.*?)(?:USER_?NAME|USER|LOGIN|EMAIL|MAIL)$", re.IGNORECASE)
_PASS_SETTING = re.compile(r"^(.*?)(?:PASSWORD|PASSWD|PASS|PWD)$", re.IGNORECASE)


def known(folder: Path) -> list[dict[str, Any]]:
    """Each as `name` ("" where none stands beside it), and `key` or `password`; at most 40."""
    return [*_of_records(folder), *_of_settings(folder)][:_MOST]


def keys(folder: Path) -> list[str]:
    """The keys of everybody: reports must show none of them. A word without a number in it is a name that is called a key."""
    return [key for one in _of_records(folder) if _IS_KEY.search(key := str(one["key"]))]


def _of_records(folder: Path) -> Iterator[dict[str, Any]]:
    for record in itertools.chain(records.of_tables(folder, _KEY.search), records.of_modules(folder, depth=_DEPTH)):
        low = {name.lower(): value for name, value in record.fields.items()}
        key = next((value for name, value in low.items() if _KEY.search(name) and issubclass(type(value), str) and len(value) >= 6), "")
        name = next((low[one] for one in _NAMES if records.text(low.get(one))), record.under)
        if key and name:
            yield {"name": name, "key": key[:_LONGEST], "role": records.text(low.get("role")) or ""}


def _of_settings(folder: Path) -> Iterator[dict[str, Any]]:
    """Keys that stand alone, and ADMIN_USER beside ADMIN_PASSWORD."""
    inside = f"{folder}/"
    for module in list(sys.modules.copy().values()):
        if not str(getattr(module, "__file__", None) or "").startswith(inside):
            continue
        texts = {key: value for key, value in vars(module).copy().items() if type(value) is str and value and len(value) <= _LONGEST}
        named = {match[1]: texts[key] for key in texts if (match := _USER_SETTING.fullmatch(key))}
        for key, value in texts.items():
            match = _PASS_SETTING.fullmatch(key)
            if _SHARED.search(key) and len(value) >= 6:
                yield {"name": "", "key": value}
            if match and match[1] in named:
                yield {"name": named[match[1]], "password": value}
