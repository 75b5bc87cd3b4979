"""ringwork: defence in depth for Python web applications, every layer enforced at run time, and proven."""

from __future__ import annotations

import typing

from ringwork.current import csp_nonce, csrf_field, current
from ringwork.enforce.browser.open_redirect import safe_path
from ringwork.errors import PolicyInvalid, Refused, RingworkError
from ringwork.events import Event
from ringwork.policy.declare import cacheable, csrf_exempt, limits, public, rate_limited, requires, signed, signed_link, waive
from ringwork.policy.policy import Mode, Policy, Waiver
from ringwork.principal import Principal, Via
from ringwork.protect import protect
from ringwork.secret import Secret

if typing.TYPE_CHECKING:
    from ringwork import identify as identify
else:

    def __getattr__(name: str) -> object:
        """`ringwork.identify`, loaded when it is named: it knows guards, which are not read before something is guarded."""
        if name == "identify":
            import ringwork.identify

            return ringwork.identify
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "Event",
    "Mode",
    "Policy",
    "PolicyInvalid",
    "Principal",
    "Refused",
    "RingworkError",
    "Secret",
    "Via",
    "Waiver",
    "cacheable",
    "csp_nonce",
    "csrf_exempt",
    "csrf_field",
    "current",
    "limits",
    "protect",
    "public",
    "rate_limited",
    "requires",
    "safe_path",
    "signed",
    "signed_link",
    "waive",
]
