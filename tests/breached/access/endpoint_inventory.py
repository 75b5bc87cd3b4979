"""No guard is taken out of the clinic: source in which access.endpoint-inventory does not hold stands in prove/breached_source.toml."""

CONTROL = "access.endpoint-inventory"
WITHOUT = ()
