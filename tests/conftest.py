"""Tests treat every warning as an error; benchmarks, which share the configuration file, do not.

Tests marked `cuda` run where a GPU is, and are skipped with the reason elsewhere.
"""

import os
import signal
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")
    # A shell's background job ignores Ctrl-C and so would every process that the tests start and interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup's, likewise
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    _keep_to_one_folder(config)


def _keep_to_one_folder(config: pytest.Config) -> None:
    """Give all processes a temporary folder that is gone with the tests: killed scripts leave theirs.

    Tests' own `tmp_path` stay where pytest keeps them.
    """
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = tempfile.TemporaryDirectory(prefix="tc-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["TMPDIR"] = tempfile.tempdir = folder.name


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where torch finds none."""
    if item.get_closest_marker("cuda"):
        from bench.devices import require_device

        require_device("cuda")
