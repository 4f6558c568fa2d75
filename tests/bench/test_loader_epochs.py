import itertools
import multiprocessing
import subprocess
import sys
import time
from time import perf_counter

import psutil
import pytest
import torch

from bench import process_tree
from bench.loader_epochs import EpochSampler, LoaderEpochs
from bench.start_methods import IN_PROCESS
from bench.streams import Repeated, Shards, Stream
from bench.workloads import SkewedSamples, SlowStorage, TinyRows

needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")


def loader(num_workers: int, start_method: str = "fork") -> LoaderEpochs:
    method = start_method if num_workers else IN_PROCESS
    return LoaderEpochs(TinyRows(), batch_size=4, num_workers=num_workers, start_method=method, device="cpu")


def test_no_batch_that_was_loaded_ahead_comes_for_free() -> None:
    """Of 12 batches that take a core 1 s each, 2 cores load 6 s long, also where most arrive in the end."""
    assert loader(0)._pace(10.0, [13.0, *[16.0] * 11]) == pytest.approx(6.0 / 12)


@needs_fork
def test_the_clock_starts_once_the_workers_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    epochs, seen = loader(2), []
    epochs.warm_up()
    monkeypatch.setattr(epochs, "_pace", lambda starts, arrivals: seen.append((starts, arrivals)) or 1.0)
    before = perf_counter()
    epochs.measure(0.05, 1.0)
    [(starts, arrivals)] = seen
    assert before < starts < arrivals[0]
    epochs.close()


def test_the_sampler_wraps_at_the_end_of_the_dataset_and_changes_length() -> None:
    sampler = EpochSampler(dataset_size=3, num_samples=5)
    assert list(sampler) == [0, 1, 2, 0, 1]
    sampler.num_samples = 2
    assert (list(sampler), len(sampler)) == ([0, 1], 2)


@needs_fork
def test_workers_stay_up_between_passes_and_end_on_closing() -> None:
    epochs = loader(2)
    epochs.warm_up()
    first = list(epochs.worker_pids)
    for _ in range(2):
        epochs.measure(0.05, 1.0)
    assert len(first) == 2
    assert all(psutil.pid_exists(pid) for pid in first)
    assert sorted(p.pid for p in multiprocessing.active_children() if p.pid in first) == sorted(first)
    epochs.close()
    assert not [p for p in multiprocessing.active_children() if p.pid in first]


@needs_fork
@pytest.mark.parametrize("num_workers", [0, 2])
def test_figures_agree_with_each_other(num_workers: int) -> None:
    epochs = loader(num_workers)
    epochs.warm_up()
    result = epochs.measure(0.1, 1.0)
    figures = result.figures
    assert figures["samples_per_second"] == pytest.approx(1 / result.rounds_seconds[0])
    assert figures["sample_bytes"] == 8 * 4
    assert figures["bytes_per_second"] == pytest.approx(figures["samples_per_second"] * 32)
    assert 0 < figures["batch_wait_p50_seconds"] <= figures["batch_wait_p99_seconds"]
    assert figures["epoch_samples"] % (max(1, num_workers) * 4) == 0
    epochs.close()


def test_waiting_takes_its_time_and_no_cpu() -> None:
    epochs = LoaderEpochs(SlowStorage(), batch_size=2, num_workers=0, start_method=IN_PROCESS, device="cpu")
    epochs.warm_up()
    result = epochs.measure(0.2, 1.0)
    assert result.rounds_seconds[0] >= 0.010
    assert result.figures["cpu_seconds_per_sample"] < 0.010


def test_a_process_beside_the_workers_may_end_while_cpu_time_is_counted() -> None:
    beside = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        while psutil.Process(beside.pid).cpu_times().user < 0.2:
            time.sleep(0.05)
        before = process_tree.cpu_seconds([])
    finally:
        beside.kill()
        beside.wait()
    assert 0 <= process_tree.cpu_seconds([]) - before < 0.2


def test_the_main_process_computes_with_the_threads_that_a_worker_has() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        loader(0).measure(0.01, 1.0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_an_epoch_is_whole_groups_of_batches() -> None:
    sizes = itertools.product((1, 2), (0.001, 0.02))
    for num_workers, seconds in sizes:
        epochs = loader(num_workers)
        epochs.seconds_per_batch = 0.001
        group = num_workers * epochs.batch_size
        epochs._set_batches(epochs._whole_periods(seconds / epochs.seconds_per_batch))
        assert epochs.epoch.num_samples % group == 0
        assert epochs.epoch.num_samples >= 2 * group


@needs_fork
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("num_workers", [0, 1, 2, 3])
@pytest.mark.parametrize("num_batches", [1, 100, 1000])
def test_an_epoch_holds_whole_periods_of_the_costs(num_workers: int, num_batches: int) -> None:
    epochs = LoaderEpochs(SkewedSamples(), batch_size=8, num_workers=num_workers, start_method="fork")
    groups = epochs._whole_periods(num_batches)
    samples = groups * max(1, num_workers) * 8
    assert samples > 0
    assert samples % SkewedSamples.period == 0


@needs_fork
@pytest.mark.parametrize("num_workers", [0, 1, 2])
@pytest.mark.parametrize("stream", [Shards(TinyRows()), Repeated(Shards(TinyRows()))], ids=["own", "user's"])
def test_a_stream_is_as_long_as_asked_in_every_epoch_of_the_same_workers(
    stream: Stream, num_workers: int
) -> None:
    if isinstance(stream, Repeated):
        stream.dataset.num_samples = 10
    epochs = LoaderEpochs(stream, batch_size=4, num_workers=num_workers, start_method="fork")
    for num_groups in (2, 5, 3):
        epochs._set_batches(num_groups)
        assert len(epochs._epoch()[1]) == num_groups * max(1, num_workers)
    epochs.close()


def test_the_plain_loop_reads_whole_periods_as_well() -> None:
    epochs = LoaderEpochs(SkewedSamples(), batch_size=8, num_workers=0)
    epochs.seconds_per_batch, epochs.loader = 0.013, []
    epochs.plain_loop(0.1)
    assert epochs.epoch.num_samples % SkewedSamples.period == 0
