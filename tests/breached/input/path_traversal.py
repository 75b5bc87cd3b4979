"""No guard is taken out of the clinic: source in which input.path-traversal does not hold stands in prove/breached_source.toml."""

CONTROL = "input.path-traversal"
WITHOUT = ()
