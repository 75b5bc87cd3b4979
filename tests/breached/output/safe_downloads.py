"""No guard is taken out of the clinic: source in which output.safe-downloads does not hold stands in prove/breached_source.toml."""

CONTROL = "output.safe-downloads"
WITHOUT = ()
