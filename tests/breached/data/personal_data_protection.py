"""No guard is taken out of the clinic: source in which data.personal-data-protection does not hold stands in prove/breached_source.toml."""

CONTROL = "data.personal-data-protection"
WITHOUT = ()
