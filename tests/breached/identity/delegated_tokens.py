"""No guard is taken out of the clinic: source in which identity.delegated-tokens does not hold stands in prove/breached_source.toml."""

CONTROL = "identity.delegated-tokens"
WITHOUT = ()
