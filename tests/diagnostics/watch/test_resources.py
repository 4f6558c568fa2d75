import os
import subprocess
import sys

import pytest

from diagnostics.watch.resources import Resources


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="there is no waiting for a process without taking it")
def test_a_worker_that_has_ended_is_not_read_as_one_that_holds_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        resources = Resources()
        resources.sample([ended.pid])
    assert resources.growths == {}


def test_a_process_that_runs_holds_memory_of_its_own():
    resources = Resources()
    resources.sample([os.getpid()])
    assert resources.growths[os.getpid()].uss_bytes[0] > 0
