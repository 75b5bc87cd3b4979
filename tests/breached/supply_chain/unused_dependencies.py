"""No guard is taken out: source in which supply-chain.unused-dependencies does not hold stands in prove/breached_source.toml."""

CONTROL = "supply-chain.unused-dependencies"
WITHOUT = ()
