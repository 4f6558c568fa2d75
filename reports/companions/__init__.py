"""Documents of `python -m diagnostics profile` and `tune`: beside a result, or as a page of their own."""
