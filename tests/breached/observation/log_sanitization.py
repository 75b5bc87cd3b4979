"""No guard is taken out of the clinic: source in which observation.log-sanitization does not hold stands in prove/breached_source.toml."""

CONTROL = "observation.log-sanitization"
WITHOUT = ()
