"""No guard is taken out: the clinic asks for roles twice, so a route that lists accounts to whoever is signed in is planted."""

CONTROL = "access.function-level-authorization"
WITHOUT = ()
