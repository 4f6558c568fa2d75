"""A folder with one package of a name that no user has: it is put on the path of a child as a whole."""
