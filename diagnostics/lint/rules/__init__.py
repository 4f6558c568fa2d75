"""One rule a file, found by `pkgutil`: its docstring is its page, and it brings its own examples."""
