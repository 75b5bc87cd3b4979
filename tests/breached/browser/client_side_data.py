"""No guard is taken out of the clinic: source in which browser.client-side-data does not hold stands in prove/breached_source.toml."""

CONTROL = "browser.client-side-data"
WITHOUT = ()
