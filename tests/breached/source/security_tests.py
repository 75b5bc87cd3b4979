"""Source in which source.security-tests does not hold stands in prove/breached_source.toml, for each framework; no guard is taken out."""

CONTROL = "source.security-tests"
WITHOUT = ()
