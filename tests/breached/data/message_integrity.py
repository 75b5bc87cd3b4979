"""The clinic without message-integrity: anybody sends results in the laboratory's name, and counts his way through all calendar files."""

CONTROL = "data.message-integrity"
WITHOUT = (CONTROL,)
"""Taken out; nothing else knows what the laboratory's signature looks like."""
