import importlib.util
from itertools import pairwise
from multiprocessing import queues

import pytest

from diagnostics.watch.launching import PROBE_FOLDER

US, MS = 1_000, 1_000_000


@pytest.fixture
def probe():
    """The probe's file as a module of its own, which is never put into torch."""
    spec = importlib.util.spec_from_file_location("probe", PROBE_FOLDER / "sitecustomize.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.STATE.view[module.P_BATCHES] = module.CLOSE_FIRST
    return module


def looked_at(pace, each_ns, num_batches):
    """Take batches at an even pace, look at those that are due, and return their numbers."""
    first, now, seen = pace.number, pace.at, []
    for number in range(first + 1, first + num_batches + 1):
        now += each_ns
        if number >= pace.close:
            pace.look(number, now)
            seen.append(number)
    return seen


def test_the_first_batches_of_a_process_are_all_looked_at(probe):
    probe.STATE.view[probe.P_BATCHES] = probe.CLOSE_FIRST - 1
    assert looked_at(probe.Pace(0), 10 * US, 50) == list(range(1, 51))


def test_a_slow_loop_is_looked_at_batch_by_batch(probe):
    assert looked_at(probe.Pace(0), 25 * MS, 50) == list(range(1, 51))


@pytest.mark.parametrize("each_ns", [30 * US, 300 * US, 3 * MS])
def test_looks_at_quick_loops_are_as_far_apart_in_time(probe, each_ns):
    pace = probe.Pace(0)
    numbers = looked_at(pace, each_ns, 5_000)
    gaps = [(b - a) * each_ns for a, b in pairwise(numbers[2:])]
    assert min(gaps) >= probe.CLOSE_EVERY_NS
    assert max(gaps) <= probe.CLOSE_EVERY_NS + 2 * each_ns


def test_a_loop_that_becomes_slow_is_looked_at_closely_again(probe):
    pace = probe.Pace(0)
    looked_at(pace, 50 * US, 5_000)
    assert len(looked_at(pace, 40 * MS, 1_500)) > 700


@pytest.mark.parametrize("handed", ["dataset", "dataset_holder"])  # the second from torch 2.14 on
def test_a_worker_knows_its_loader_however_it_is_handed_its_dataset(probe, handed, tmp_path, monkeypatch):
    monkeypatch.setenv(probe.VARIABLE, str(tmp_path))
    monkeypatch.setattr(queues, "_ForkingPickler", queues._ForkingPickler)
    monkeypatch.setattr(probe, "register_stacks", lambda stem: 0)
    dataset, tasks = range(7), object()
    arguments = {
        handed: dataset if handed == "dataset" else [dataset],
        "worker_id": 1,
        "num_workers": 2,
        "base_seed": 0,
        "collate_fn": list,
        "drop_last": False,
        "persistent_workers": False,
        "index_queue": tasks,
    }
    probe.begin_worker(arguments)
    view = probe.STATE.view
    assert (view[probe.P_WORKER], view[probe.P_NUM_WORKERS]) == (1, 2)
    assert view[probe.P_LOADER] == probe.identity(dataset, list, 2, False, False)
    assert arguments["index_queue"] is not tasks
    probe.STATE.view = probe.IGNORED
