"""No guard is taken out of the clinic: source in which input.file-upload does not hold stands in prove/breached_source.toml."""

CONTROL = "input.file-upload"
WITHOUT = ()
