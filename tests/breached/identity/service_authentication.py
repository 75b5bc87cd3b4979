"""No guard is taken out of the clinic: source in which identity.service-authentication does not hold is in prove/breached_source.toml."""

CONTROL = "identity.service-authentication"
WITHOUT = ()
