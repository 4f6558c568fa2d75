import multiprocessing
import signal
from collections.abc import Iterator
from time import monotonic

import psutil
import pytest

from bench.start_up import CLOSE_SECONDS, Trainer, WorkerStarts
from bench.starting import HELD_BYTES, PRELOADED, HeldRows

MIB = 2**20
needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")


@pytest.fixture(scope="module")
def forking() -> Iterator[Trainer]:
    trainer = Trainer("fork")
    yield trainer
    trainer.close()


@needs_fork
def test_memory_flags_the_list_and_not_the_array(forking: Trainer) -> None:
    grown = {
        held: forking.start_workers(held, 1)["uss_growth_bytes_per_worker"]
        for held in ("list", "array", "nothing")
    }
    assert grown["list"] > 0.8 * HELD_BYTES
    assert grown["array"] < 8 * MIB
    assert grown["nothing"] < 8 * MIB


@needs_fork
def test_all_workers_are_up_no_sooner_than_the_first_and_are_gone_afterwards(forking: Trainer) -> None:
    figures = forking.start_workers("nothing", 2)
    assert 0 < figures["first_batch_seconds"] <= figures["all_workers_seconds"]
    assert figures["seconds_per_worker"] == pytest.approx(figures["all_workers_seconds"] / 2)
    assert figures["pickled_bytes_per_worker"] == 0
    assert not psutil.Process(forking.pid).children()


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="no forkserver here")
def test_the_preload_makes_workers_small_and_the_data_are_pickled_for_each() -> None:
    trainer = Trainer(PRELOADED)
    figures = trainer.start_workers("array", 1)
    trainer.close()
    assert figures["server_start_seconds"] > figures["seconds_per_worker"] / 10
    assert figures["pickled_bytes_per_worker"] > HELD_BYTES
    assert figures["uss_bytes_per_worker"] < HELD_BYTES + 60 * MIB  # torch alone is over 100 MiB


def test_list_and_array_hold_the_same_bytes() -> None:
    as_list, as_array = HeldRows("list").rows, HeldRows("array").rows
    assert len(as_list) == len(as_array)
    assert all(as_list[row] == as_array[row].tobytes() for row in (0, 1, len(as_list) - 1))


@needs_fork
def test_one_process_serves_all_configurations_of_a_start_method_and_ends_with_the_last() -> None:
    starts = [WorkerStarts(held, "fork", 1) for held in ("nothing", "array")]
    for one in starts:
        one.warm_up()
    pid = WorkerStarts._trainers["fork"].pid
    starts[0].close()
    assert starts[1].measure(0.1, 1.0).figures["first_batch_seconds"] > 0
    starts[1].close()
    assert not psutil.pid_exists(pid)


@needs_fork
def test_a_process_that_died_with_one_configuration_costs_the_others_nothing() -> None:
    dies, goes_on = starts = [WorkerStarts("nothing", "fork", 1) for _ in range(2)]
    for one in starts:
        one.warm_up()
    trainer = WorkerStarts._trainers["fork"]
    psutil.Process(trainer.pid).kill()
    with pytest.raises(RuntimeError, match="ended with status"):
        trainer.start_workers(dies.held, dies.num_workers)
    dies.close()
    assert goes_on.measure(0.1, 1.0).figures["first_batch_seconds"] > 0
    goes_on.close()


def test_a_process_that_dies_is_told_with_its_status() -> None:
    trainer = Trainer("fork", "no such device")
    with pytest.raises(RuntimeError, match="ended with status 1"):
        trainer.start_workers("nothing", 1)
    trainer.close()


@needs_fork
def test_the_process_ends_though_a_forked_one_holds_its_input_open() -> None:
    trainer = Trainer("fork")
    trainer.start_workers("nothing", 1)
    holds = multiprocessing.get_context("fork").Process(target=signal.pause)
    holds.start()
    began = monotonic()
    trainer.close()
    holds.kill()
    holds.join()
    assert monotonic() - began < CLOSE_SECONDS
    assert not psutil.pid_exists(trainer.pid)
