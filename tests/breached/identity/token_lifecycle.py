"""No guard is taken out of the clinic: source in which identity.token-lifecycle does not hold stands in prove/breached_source.toml."""

CONTROL = "identity.token-lifecycle"
WITHOUT = ()
