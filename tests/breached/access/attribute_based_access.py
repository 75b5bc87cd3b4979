"""No guard is taken out of the clinic: source in which access.attribute-based-access does not hold stands in prove/breached_source.toml."""

CONTROL = "access.attribute-based-access"
WITHOUT = ()
