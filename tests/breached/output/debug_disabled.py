"""The clinic without debug-disabled: a production with debugging left on starts, and on Flask its console answers."""

CONTROL = "output.debug-disabled"
WITHOUT = (CONTROL,)
"""Taken out; error-handling still replaces what debug pages would show of a fault, nothing stops the start or the console."""
