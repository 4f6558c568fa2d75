"""Passive facts, one subject a file, found by `pkgutil`; each defines `read(root)`."""
