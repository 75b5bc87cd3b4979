"""One line for each control: what a person does about a finding."""

from __future__ import annotations

from ringwork.prove import kinds
from ringwork.prove.evidence import SWITCHED_ON

_FIXES = {
    "access.deny-by-default": (
        'put @requires(...) or @public("reason") on the route; for one that is not yours, Policy(rules={"GET /path": public("reason")})'
    ),
    "browser.content-security-policy": (
        'give inline scripts nonce="{{ csp_nonce() }}", take weaker settings out, and let `ringwork csp EVENTS` name what else is needed'
    ),
    "identity.authentication-required": (
        'put @requires(...) on the route, or @public("reason") and its name into ringwork-public.txt; `identify` says who is asking'
    ),
    "identity.user-enumeration": (
        "answer known and unknown names by the same words, status and way, and send by mail whatever only the owner may read"
    ),
    "browser.csrf": 'put {{ csrf_field("/path") }} into the form that posts there; take exemptions off; JSON routes take JSON only',
    "data.message-integrity": (
        'mark the route signed("sender") or signed_link("purpose"), and name the sender with its form and keys in data.message-integrity'
    ),
    "browser.security-headers": "take out what sets these headers elsewhere, and leave them to ringwork",
    "browser.cache-control": (
        "leave caching to ringwork, take `cacheable` off what is personal, and name what signs out: "
        'browser.cache-control = {logout_routes = ["POST /logout"]}'
    ),
    "browser.cors": 'take other CORS headers out, and name who may read: browser.cors = {origins = ["https://other.host"]}',
    "browser.open-redirect": (
        'redirect to paths of your own, and name each origin that may be meant: browser.open-redirect = {targets = ["https://other.host"]}'
    ),
    "browser.cookie-attributes": "set cookies plainly and leave their attributes to ringwork; declare an exception by name with its reason",
    "network.host-validation": 'give the canonical origin and exact host names: Policy(origin="https://your.host", hosts=(...))',
    "network.trusted-proxies": (
        "take ProxyFix and the like out, and name the proxies that stand in front: network.trusted-proxies = {proxies = [...]}"
    ),
    "network.request-limits": (
        'take general limits back to the defaults, and mark the one route that needs more: @limits("why", body_bytes=...)'
    ),
    "network.rate-limiting": ('give the route a class: network.rate-limiting = {routes = [{route = "POST /login", limit = "login"}]}'),
    "transport.tls-required": 'give an https origin, Policy(origin="https://your.host"), and close or redirect every listener in clear',
    "transport.tls-configuration": "let `ringwork serve` make the TLS; elsewhere allow 1.2 and 1.3 with ECDHE and AEAD suites alone",
    "transport.certificate-verification": (
        "take verify=False and its like out; trust a private authority by its file, `ringwork.outbound` makes such clients"
    ),
    "transport.certificate-lifecycle": (
        "renew it for the origin's name, keep its key outside the project with mode 600; `ringwork certs check CHAIN --key KEY` says more"
    ),
    "transport.mutual-tls": "name the callers in transport.mutual-tls, and serve with --client-authority and --client-revoked",
    "transport.hsts": "leave the header to ringwork, with a year or more and subdomains; take what sets it elsewhere out",
    "data.encryption-at-rest": (
        "seal the field for its row and column: sealed(str) of ringwork.sealed.sqlalchemy, or a field of ringwork.sealed.django"
    ),
    "data.key-management": (
        "give each purpose a random key of 32 bytes from the environment or a key service, and rotate it: `ringwork keys rotate`"
    ),
    "infrastructure.application-server": (
        "start it with `ringwork serve`, or tell the named server what it says at that line; docs/serving.md has a table of them"
    ),
    "output.llm-output": "treat what a model answers as a stranger's text: escape, bind and check it where it is used",
    "source.security-tests": "write tests for the files that the project marks sensitive, and measure their branches (sensitive_floor)",
    "access.function-level-authorization": "ask for the role where the route is written, by requires(role) or the framework's check",
    "output.fail-closed": "call protect(app) last, and let no middleware stand outside it or answer where ringwork raised",
    "output.debug-disabled": "take debug=True, toolbars, profilers and --reload out of what production starts",
    "output.information-disclosure": "move the file out of the served folder; serve assets by extension and let no header name a version",
    "output.error-handling": "let exceptions rise to ringwork, which answers with an incident number and logs the rest",
    "data.approved-cryptography": "seal with ringwork.crypto.sealing or Fernet, and answer whatever does not open in one and the same way",
    "data.constant-time-comparison": "compare with ringwork.crypto.comparison (require_same, ApiKeys), or look up a hash",
    "data.secure-randomness": "make it with ringwork.crypto.chance (issue_token, issue_id, issue_code) or secrets, 16 bytes or more",
    "observation.security-event-logging": (
        "let what the loggers ringwork.security and ringwork say reach a handler at every level; filter and silence none of it"
    ),
}


_OUTSIDE = (
    "access.function-level-authorization",
    "identity.user-enumeration",
    "infrastructure.application-server",
    "data.",
    "output.llm-output",
    "source.",
)
"""How controls begin that protect(app) does not switch on: what the application calls itself, and what serves it."""

_INSIDE = frozenset({"data.message-integrity"})
"""Those of them that stand in a request's path all the same."""

AT_THE_PLACE = frozenset({"transport.certificate-verification", "output.debug-disabled"})
"""Those that protect(app) holds and does not mend: it refuses to start, or gives clients that do better, and the line stays wrong."""


_OF_CHECKS = {
    "input.file-upload/served-back": (
        "send what was uploaded as a download (Content-Disposition: attachment), or with a type of your own list"
    ),
}
"""Of checks that ask for another thing than what is read for the same control."""


def fix_for(control: str, *, is_guarded: bool, check: str = "") -> str:
    """What to do first, in one line. check: where one is known, for those that ask for something of their own."""
    if check in _OF_CHECKS:
        return _OF_CHECKS[check]
    if control not in _FIXES and (read := _of_reading(control)):
        return read
    if not is_guarded and control not in AT_THE_PLACE and (control in _INSIDE or not control.startswith(_OUTSIDE)):
        return f"{SWITCHED_ON}; by hand: `ringwork explain {control}`"
    return _FIXES.get(control, f"see `ringwork explain {control}`")


def _of_reading(control: str) -> str:
    """What to do first about what is only read in the source, "" where nothing is."""
    return next((meaning.fix for meaning in kinds.kinds().values() if meaning.check.startswith(f"{control}/")), "")
