"""No guard is taken out of the clinic: source in which output.llm-output does not hold stands in prove/breached_source.toml."""

CONTROL = "output.llm-output"
WITHOUT = ()
