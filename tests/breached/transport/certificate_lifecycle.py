"""The clinic without certificate-lifecycle: production serves whatever certificate it is given, run out or a developer's own."""

CONTROL = "transport.certificate-lifecycle"
WITHOUT = (CONTROL,)
