import pytest
import torch
from torch.utils.data import dataloader

from bench import bench_loader_throughput as throughput
from bench.loader_epochs import LoaderEpochs
from bench.probe_cost import Loop, Probe, contrasts
from bench.start_methods import IN_PROCESS
from diagnostics.watch.launching import VARIABLE
from diagnostics.watch.records import read_records


@pytest.fixture
def probe(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    kept = {cls: dict(vars(cls)) for cls in (dataloader.DataLoader, dataloader._SingleProcessDataLoaderIter)}
    yield Probe()
    for cls, before in kept.items():
        assert {name: vars(cls)[name] for name in before} == before


@pytest.mark.parametrize("trains", [True, False])
def test_only_with_the_probe_put_in_is_anything_written(probe, tmp_path, trains):
    loop = Loop(throughput.bench_loader_throughput("tiny", "cpu", IN_PROCESS, 0), trains)
    loop.warm_up()
    assert loop.seconds_per_sample(0.001) > 0
    assert [record.loaders for record in read_records(tmp_path)] == [()]
    with probe.put_in(True):
        assert loop.seconds_per_sample(0.001) > 0
    (record,) = read_records(tmp_path)
    assert record.loaders[0].counters["epochs"] == 1


def test_a_loop_trains_on_the_samples_of_pairs_and_on_single_numbers():
    pairs = [(torch.rand(3, 2), 1)] * 8
    for data in (pairs, [0.5] * 8):
        loop = Loop(LoaderEpochs(data, batch_size=4, num_workers=0), trains=True)
        loop.warm_up()
        assert loop.samples_per_second > 0


def test_every_workload_is_measured_in_a_training_and_in_a_bare_loop():
    found = contrasts(["tiny", "image"], [0, 2])
    assert len({one.name for one in found}) == 8
    assert all((one.a["is_watched"], one.b["is_watched"]) == (False, True) for one in found)
