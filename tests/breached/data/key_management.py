"""The clinic without key-management: keys that everybody knows, and a rotation that changes nothing."""

CONTROL = "data.key-management"
WITHOUT: tuple[str, ...] = ()
"""No guard stands on a request's path; the faults are planted."""
