"""The clinic without certificate-verification: a client that switches verification off speaks to whoever answers."""

CONTROL = "transport.certificate-verification"
WITHOUT = (CONTROL,)
