"""No guard is taken out of the clinic: source in which data.immutable-state does not hold stands in prove/breached_source.toml."""

CONTROL = "data.immutable-state"
WITHOUT = ()
