"""No guard is taken out of the clinic: source in which input.header-injection does not hold stands in prove/breached_source.toml."""

CONTROL = "input.header-injection"
WITHOUT = ()
