"""No guard is taken out of the clinic: source in which source.memory-safety does not hold stands in prove/breached_source.toml."""

CONTROL = "source.memory-safety"
WITHOUT = ()
