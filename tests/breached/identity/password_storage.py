"""No guard is taken out of the clinic: source in which identity.password-storage does not hold stands in prove/breached_source.toml."""

CONTROL = "identity.password-storage"
WITHOUT = ()
