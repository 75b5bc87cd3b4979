"""No guard is taken out of the clinic: source in which source.hardcoded-secrets does not hold stands in prove/breached_source.toml."""

CONTROL = "source.hardcoded-secrets"
WITHOUT = ()
