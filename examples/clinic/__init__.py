"""A small clinic: one domain, and one thin application for each framework, guarded by the same policy."""
