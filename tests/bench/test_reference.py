import psutil
import pytest

from bench.reference import Reference


def test_every_reference_is_timed_and_the_process_keeps_its_cores() -> None:
    if not hasattr(psutil.Process, "cpu_affinity"):
        pytest.skip("this platform binds no process to cores")
    before = psutil.Process().cpu_affinity()
    reference = Reference()
    try:
        found = reference.measure()
        assert psutil.Process().cpu_affinity() == before
        assert len(before) == 1 or psutil.Process(reference.echo.pid).cpu_affinity() == before[1:2]
    finally:
        reference.close()
    assert all(seconds > 0 for seconds in found.values())
    assert reference.echo.returncode == 0
