"""No guard is taken out of the clinic: source in which identity.jwt-validation does not hold stands in prove/breached_source.toml."""

CONTROL = "identity.jwt-validation"
WITHOUT = ()
