"""The clinic without trusted-proxies: a handler that reads X-Forwarded-For or X-User-Id believes whoever wrote it."""

CONTROL = "network.trusted-proxies"
WITHOUT = (CONTROL,)
