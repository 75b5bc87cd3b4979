"""One line for each control: what a person does about a finding."""

from __future__ import annotations

_FIXES = {
    "access.deny-by-default": (
        'put @requires(...) or @public("reason") on the route; for one that is not yours, Policy(rules={"GET /path": public("reason")})'
    ),
    "browser.csrf": "put {{ current().csrf_field(action) }} into the form and take exemptions off; JSON routes take application/json only",
    "browser.security-headers": "take out what sets these headers elsewhere, and leave them to ringwork",
    "browser.cookie-attributes": "set cookies plainly and leave their attributes to ringwork; declare an exception by name with its reason",
    "network.host-validation": 'give the canonical origin and exact host names: Policy(origin="https://your.host", hosts=(...))',
    "output.error-handling": "let exceptions rise to ringwork, which answers with an incident number and logs the rest",
}


def fix_for(control: str, *, is_guarded: bool) -> str:
    """What to do first, in one line."""
    if not is_guarded:
        return f"ringwork.protect(app) switches {control} on; `ringwork explain {control}` says how to do it by hand"
    return _FIXES.get(control, f"see `ringwork explain {control}`")
