"""How what is stored is altered: bit by bit in what an encoding carries, so that a refusal is one of the encryption's."""

from __future__ import annotations

import base64
import secrets

import pytest

from ringwork.survey.harness import altering

DATA = secrets.token_bytes(61)
FORMS = {
    "bytes": DATA,
    "base64": base64.b64encode(DATA).decode(),
    "base64url": base64.urlsafe_b64encode(DATA).decode(),
    "base64url, unpadded": base64.urlsafe_b64encode(DATA).decode().rstrip("="),
    "hexadecimal": DATA.hex(),
}


@pytest.mark.parametrize("form", FORMS)
def test_turns_one_bit_over_and_keeps_the_form(form: str) -> None:
    """Against a refusal that only says: this is no base64."""
    for _, altered in altering.flips(FORMS[form], 24):
        changed, _ = altering.opened(altered)
        assert type(altered) is type(FORMS[form])
        assert (int.from_bytes(DATA, "big") ^ int.from_bytes(changed, "big")).bit_count() == 1


@pytest.mark.parametrize("form", FORMS)
def test_cuts_the_end_off_and_keeps_the_form(form: str) -> None:
    """Against the same."""
    lengths = [len(altering.opened(altered)[0]) for _, altered in altering.cuts(FORMS[form])]
    assert lengths == sorted(lengths)
    assert {16, 32, len(DATA) // 2, len(DATA) - 16, len(DATA) - 1} <= set(lengths)


def test_alters_a_text_that_is_no_encoding_too() -> None:
    """A column may hold anything."""
    assert all(isinstance(altered, str) and altered != "wörld" for _, altered in altering.flips("wörld", 3))
