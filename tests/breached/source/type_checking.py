"""Source in which source.type-checking does not hold stands in prove/breached_source.toml, for each framework; no guard is taken out."""

CONTROL = "source.type-checking"
WITHOUT = ()
