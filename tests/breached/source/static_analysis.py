"""No guard is taken out of the clinic: source in which source.static-analysis does not hold stands in prove/breached_source.toml."""

CONTROL = "source.static-analysis"
WITHOUT = ()
