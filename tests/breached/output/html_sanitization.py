"""No guard is taken out of the clinic: source in which output.html-sanitization does not hold stands in prove/breached_source.toml."""

CONTROL = "output.html-sanitization"
WITHOUT = ()
