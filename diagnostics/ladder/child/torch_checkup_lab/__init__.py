"""What runs in the child, under the user's interpreter: standard library and torch only.

The child finds this package by its folder, so a user's own `bench`, `diagnostics` or `loaders` is safe.
"""
