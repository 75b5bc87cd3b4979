"""The clinic behind a careless server: nothing of the application is taken out, so the server's own faults are planted instead."""

CONTROL = "infrastructure.application-server"
WITHOUT: tuple[str, ...] = ()
"""No guard stands here: files as nobody should ship them, and a stand-in for a server at its worst, are what the checks must find."""
