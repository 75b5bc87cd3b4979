"""Current TLS versions and suites only, no downgrade."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ringwork import Policy
from ringwork.enforce.guard import NO_HOOKS
from ringwork.enforce.transport.tls_configuration import GUARD, PROFILES, TlsConfigurationSettings
from ringwork.errors import PolicyInvalid
from tests.enforce.making import make_route, make_site


@pytest.mark.parametrize("tls", ["old", "", "TLSv1", None])
def test_knows_no_weaker_profile(tls: str) -> None:
    """There is no word for less than intermediate."""
    with pytest.raises(PolicyInvalid, match="write modern or intermediate"):
        Policy(tls_configuration=TlsConfigurationSettings(tls=tls))


@pytest.mark.parametrize("tls", list(PROFILES))
def test_takes_both_of_its_profiles(tls: str) -> None:
    """The two names that Mozilla gives."""
    assert Policy(tls_configuration=TlsConfigurationSettings(tls=tls)).tls_configuration.tls == tls


def test_costs_a_request_nothing() -> None:
    """What does not speak so never becomes a request, so no hook stands in its path."""
    assert GUARD.plan(TlsConfigurationSettings(), make_site(), make_route()) is NO_HOOKS
    assert GUARD.plan(TlsConfigurationSettings(), make_site(), None) is NO_HOOKS


def test_needs_no_tls_library_before_a_server_needs_it() -> None:
    """An application behind a proxy does not pay for the library at its start."""
    code = "import sys, ringwork; raise SystemExit('ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
