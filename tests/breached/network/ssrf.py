"""No guard is taken out of the clinic: source in which network.ssrf does not hold stands in prove/breached_source.toml."""

CONTROL = "network.ssrf"
WITHOUT = ()
