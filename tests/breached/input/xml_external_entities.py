"""No guard is taken out of the clinic: source in which input.xml-external-entities does not hold stands in prove/breached_source.toml."""

CONTROL = "input.xml-external-entities"
WITHOUT = ()
