"""No guard is taken out of the clinic: source in which input.llm-input does not hold stands in prove/breached_source.toml."""

CONTROL = "input.llm-input"
WITHOUT = ()
