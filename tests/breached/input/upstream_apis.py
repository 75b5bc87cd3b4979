"""No guard is taken out of the clinic: source in which input.upstream-apis does not hold stands in prove/breached_source.toml."""

CONTROL = "input.upstream-apis"
WITHOUT = ()
