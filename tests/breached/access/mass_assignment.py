"""No guard is taken out of the clinic: source in which access.mass-assignment does not hold stands in prove/breached_source.toml."""

CONTROL = "access.mass-assignment"
WITHOUT = ()
