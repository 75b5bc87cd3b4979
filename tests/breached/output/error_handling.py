"""The clinic without error-handling: exceptions leave as the framework answers them, and no number leads to the log."""

CONTROL = "output.error-handling"
WITHOUT = (CONTROL,)
"""Taken out; nothing else looks into the bodies of errors."""
