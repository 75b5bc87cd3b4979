"""The clinic without encryption-at-rest: a model whose sensitive column is plain, and whose encryption is none, stands in its place."""

CONTROL = "data.encryption-at-rest"
WITHOUT: tuple[str, ...] = ()
"""No guard stands on a request's path; the fault is planted."""
