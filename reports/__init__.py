"""Explains results: reads pytest-benchmark JSON, draws figures, writes one HTML file. Needs no torch."""
