"""Tests treat every warning as an error; benchmarks, which share the configuration file, do not."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")
