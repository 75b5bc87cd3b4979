"""No guard is taken out of the clinic: source in which data.object-storage-access does not hold stands in prove/breached_source.toml."""

CONTROL = "data.object-storage-access"
WITHOUT = ()
