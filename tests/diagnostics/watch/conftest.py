import importlib.util

import pytest

from diagnostics.watch.launching import PROBE_FOLDER


@pytest.fixture
def probe():
    """The probe's file as a module of its own, which is never put into torch."""
    spec = importlib.util.spec_from_file_location("probe", PROBE_FOLDER / "sitecustomize.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.STATE.view[module.P_BATCHES] = module.CLOSE_FIRST
    return module
