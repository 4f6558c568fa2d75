"""Tests marked `cuda` run where a GPU is, and are skipped with the reason elsewhere."""

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where torch finds none."""
    if item.get_closest_marker("cuda"):
        from bench.devices import require_device

        require_device("cuda")
