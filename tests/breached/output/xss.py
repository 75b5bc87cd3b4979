"""No guard is taken out of the clinic: source in which output.xss does not hold stands in prove/breached_source.toml."""

CONTROL = "output.xss"
WITHOUT = ()
