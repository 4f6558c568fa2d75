"""One diagnosis a file, found by `pkgutil`; ARCHITECTURE.md says what a check defines."""
