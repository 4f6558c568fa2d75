"""Lint: reads training code without importing or running it."""
