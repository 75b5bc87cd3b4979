"""The clinic without tls-required: everything it has, cookies and changes too, is served to whoever asks in clear."""

CONTROL = "transport.tls-required"
WITHOUT = (CONTROL,)
