"""No guard is taken out: source in which access.object-level-authorization does not hold stands in prove/breached_source.toml."""

CONTROL = "access.object-level-authorization"
WITHOUT = ()
