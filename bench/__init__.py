"""MEASURES: pytest-benchmark suites of loaders, layers and regularizers. Writes JSON, interprets nothing."""
