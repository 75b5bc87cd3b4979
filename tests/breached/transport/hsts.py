"""The clinic without hsts: a browser that types the name begins in clear every time."""

CONTROL = "transport.hsts"
WITHOUT = (CONTROL,)
