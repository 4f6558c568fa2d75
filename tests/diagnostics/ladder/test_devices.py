"""Where tensors lie: the measuring keeps its own on the CPU; the user's may not be fit to be pinned."""

import pytest

from diagnostics.ladder.laboratory import FOLDER

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def child_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_what_a_batch_took_is_counted_on_the_cpu(num_workers):
    from torch_checkup_lab.instruments import Meter, Shared

    with torch.device("meta"):
        shared = Shared(num_workers)
        meter = Meter(shared)
        meter.begin()
        meter.fetched()
        meter.collated()
    if meter.delay.file is not None:
        meter.delay.file.close()
    assert shared.control.device.type == shared.rows.device.type == "cpu"
    assert shared.totals()["batches"] == 1


def test_samples_are_judged_and_copied_on_the_cpu():
    from torch_checkup_lab.sampling import copy_seconds, is_precise

    with torch.device("meta"):
        assert is_precise([1.0, 1.01, 0.99])
        assert not is_precise([1.0, 9.0])
        assert copy_seconds(100, 4, seconds=0.0) > 0


def test_only_batches_of_dense_tensors_on_the_cpu_can_be_pinned():
    from torch_checkup_lab.loaders import can_pin
    from torch_checkup_lab.sampling import bytes_of

    dense, sparse = torch.ones(3), torch.eye(3).to_sparse()
    assert can_pin({"images": [dense, dense], "name": "a"})
    assert not can_pin([dense, sparse])
    assert not can_pin((dense, torch.ones(3, device="meta")))
    assert not can_pin(["no tensor", 1])
    assert bytes_of([dense, sparse]) == dense.nbytes
