"""No guard is taken out of the clinic: source in which input.unsafe-deserialization does not hold stands in prove/breached_source.toml."""

CONTROL = "input.unsafe-deserialization"
WITHOUT = ()
