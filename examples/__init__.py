"""Applications to try ringwork on."""
