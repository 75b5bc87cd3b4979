"""The clinic without tls-configuration: TLS as somebody makes it who wants every client to get in, however old."""

CONTROL = "transport.tls-configuration"
WITHOUT = (CONTROL,)
