"""What every answer carries, whatever made it, and what none carries."""

from __future__ import annotations

from tests.frameworks.clients.replies import Reply

CONSTANT = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "origin-agent-cluster": "?1",
    "x-permitted-cross-domain-policies": "none",
}
"""On every answer, once, with this value."""

HSTS = "max-age=63072000; includeSubDomains"
NEVER = ("server", "x-powered-by", "via", "x-aspnet-version")
DATA = "default-src 'none'; frame-ancestors 'none'"


def missing_headers(reply: Reply, *, hsts: bool = True) -> list[str]:
    """What is wrong with the headers of an answer, in words; [] for nothing."""
    found = [f"{name}: {reply.all(name)}" for name, value in CONSTANT.items() if reply.all(name) != [value]]
    expected = [HSTS] if hsts else []
    if reply.all("strict-transport-security") != expected:
        found.append(f"strict-transport-security: {reply.all('strict-transport-security')}")
    policies = reply.all("content-security-policy")
    if len(policies) != (0 if reply.status in {101, 304} else 1):
        found.append(f"content-security-policy: {policies}")
    if reply.status >= 400 and (len(reply.all("incident-id")) != 1 or reply.all("cache-control") != ["no-store"]):
        found.append(f"incident-id: {reply.all('incident-id')}, cache-control: {reply.all('cache-control')}")
    if len(reply.all("content-type")) > 1 or len(reply.all("content-length")) > 1:
        found.append("a header that describes the body came twice")
    return [*found, *(f"{name} is told" for name in NEVER if reply.all(name))]
