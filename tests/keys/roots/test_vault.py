"""A root key in Vault's transit engine, by the real hvac against a stand-in for the server (vault_stand_in)."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from ringwork.errors import ExtraMissing, KeyRefused, KeyUnavailable
from ringwork.frozen import replace
from ringwork.keys.root import require_wrapping
from ringwork.keys.roots.vault import VaultRoot, VaultSettings
from ringwork.secret import Secret
from tests.keys.roots import vault_stand_in
from tests.keys.roots.vault_stand_in import ROLE, SECRET, StandIn

KEY = Secret(bytes(range(32)))


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with vault_stand_in.running() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(server: StandIn) -> StandIn:
    server.may_decrypt = server.heeds_context = True
    server.is_sealed = False
    server.tokens = {"root-token"}
    return server


def settings(stand_in: StandIn) -> VaultSettings:
    return VaultSettings(address=stand_in.address, key="ringwork", token=Secret("root-token"), wait_seconds=5)


def test_wraps_over_there_and_gives_back(stand_in: StandIn) -> None:
    """The key comes back, bound to its row; what is kept names the version of the transit key."""
    root = VaultRoot(settings(stand_in))
    require_wrapping(root)
    wrapped = root.wrap(KEY, bound=b"row")
    assert wrapped.startswith(b"vault:v1:")
    stand_in.keys["ringwork"].append(bytes(range(32, 64)))
    assert root.unwrap(wrapped, bound=b"row") == KEY
    assert root.wrap(KEY, bound=b"row").startswith(b"vault:v2:")
    for bad, bound in ((wrapped, b"other"), (wrapped[:-8] + b"AAAAAAA=", b"row"), (b"nothing", b"row")):
        with pytest.raises(KeyRefused, match="vault:transit/ringwork"):
            root.unwrap(bad, bound=bound)


def test_refuses_a_server_that_ignores_what_a_key_is_bound_to(stand_in: StandIn) -> None:
    """An old server takes associated data and does nothing with it; the canary finds out."""
    stand_in.heeds_context = False
    with pytest.raises(KeyUnavailable, match="ignores what a key is bound to"):
        require_wrapping(VaultRoot(settings(stand_in)))


def test_names_the_permission_that_is_missing(stand_in: StandIn) -> None:
    """The line of the policy stands in the message; the token does not."""
    stand_in.may_decrypt = False
    root = VaultRoot(settings(stand_in))
    wrapped = root.wrap(KEY, bound=b"row")
    with pytest.raises(KeyUnavailable, match=r'path "transit/decrypt/ringwork" \{ capabilities = \["update"\] \}') as refused:
        root.unwrap(wrapped, bound=b"row")
    assert "root-token" not in str(refused.value)
    with pytest.raises(KeyUnavailable, match="has run out"):
        VaultRoot(replace(settings(stand_in), token=Secret("old"))).wrap(KEY, bound=b"row")


def test_logs_in_again_when_the_login_has_run_out(stand_in: StandIn) -> None:
    """With AppRole a long-lived process outlives its token; a wrong secret does not get in."""
    by_role = replace(settings(stand_in), token=None, role_id=ROLE, secret_id=Secret(SECRET))
    root = VaultRoot(by_role)
    wrapped = root.wrap(KEY, bound=b"row")
    stand_in.tokens = set()
    assert root.unwrap(wrapped, bound=b"row") == KEY
    with pytest.raises(KeyRefused, match="invalid role"):
        VaultRoot(replace(by_role, secret_id=Secret("wrong"))).wrap(KEY, bound=b"row")


def test_tells_a_server_that_is_away_from_one_that_refuses(stand_in: StandIn) -> None:
    """A sealed or missing server is unavailable, and nothing was opened."""
    stand_in.is_sealed = True
    with pytest.raises(KeyUnavailable, match="VaultDown"):
        VaultRoot(settings(stand_in)).wrap(KEY, bound=b"row")
    with pytest.raises(KeyUnavailable, match="does not answer"):
        VaultRoot(replace(settings(stand_in), address="http://127.0.0.1:9")).wrap(KEY, bound=b"row")
    stand_in.is_sealed = False
    with pytest.raises(KeyRefused, match="not found"):
        VaultRoot(replace(settings(stand_in), key="none")).wrap(KEY, bound=b"row")
    with pytest.raises(KeyUnavailable, match="vault write -f elsewhere/keys/ringwork"):
        VaultRoot(replace(settings(stand_in), mount="elsewhere")).wrap(KEY, bound=b"row")


@pytest.mark.parametrize(
    "address", ["http://vault.example:8200", "vault.example", "https://user:word@vault.example", "ftp://127.0.0.1", ""]
)
def test_refuses_an_address_that_would_tell_the_token(address: str) -> None:
    """Neither in clear over a network, nor with a password in the settings."""
    with pytest.raises(KeyUnavailable, match="address of Vault"):
        VaultRoot(VaultSettings(address=address, key="ringwork", token=Secret("t")))


def test_asks_who_it_is(stand_in: StandIn) -> None:
    """Without a token or a role nobody is asked."""
    with pytest.raises(KeyUnavailable, match="VAULT_TOKEN"):
        VaultRoot(replace(settings(stand_in), token=None))


def test_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hvac the message says what to install."""
    monkeypatch.setitem(sys.modules, "hvac", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[vault\]"):
        VaultRoot(VaultSettings(address="https://vault.example", key="ringwork", token=Secret("t")))
