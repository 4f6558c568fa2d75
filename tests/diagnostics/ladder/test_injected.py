"""Data with a known cause of slowness, measured: the bound is the cause that was put in."""

import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

pytest.importorskip("torch")

from diagnostics.ladder.bounds import judge
from diagnostics.ladder.climbing import Climb, Climbed, Effort
from diagnostics.ladder.laboratory import Laboratory

CASES = Path(__file__).with_name("cases.py")
QUICK = Effort(rounds=3, turn_seconds=0.06, sampling_seconds=0.3, cores_seconds=0.03, memory_seconds=0.05)


@pytest.fixture(scope="module")
def lab():
    with Laboratory(sys.executable, hang_seconds=60) as opened:
        yield opened


def is_crowded() -> bool:
    """Whether more processes want a processor than there are."""
    return psutil.getloadavg()[0] > 1.5 * (psutil.cpu_count() or 1)


def climbed(lab: Laboratory, name: str, step_seconds: float | None = None) -> Climbed:
    about = lab.ask("load", target=f"{CASES}:{name}")
    lab.ask("take_step", target=None, seconds=step_seconds)
    return Climb(lab, about, None, step_seconds is not None, QUICK).run(lambda what: None)


def device_rungs(lab: Laboratory, name: str = "computing") -> dict:
    about = {**lab.ask("load", target=f"{CASES}:{name}"), "has_cuda": True}
    found = Climb(lab, about, None, False, QUICK).run(lambda what: None)
    return {rung.name: rung for rung in found.rungs if rung.name in {"pinned", "on the device"}}


def test_a_device_that_refuses_the_batches_leaves_the_other_rungs(lab: Laboratory) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU, which refuses nothing")
    rungs = device_rungs(lab)
    assert rungs["on the device"].skipped.startswith("it failed: ")
    assert not rungs["on the device"].rates
    assert rungs["pinned"].rates  # torch lets it be without a GPU


def test_a_batch_that_cannot_be_moved_is_said_to_be_none_for_the_device(lab: Laboratory) -> None:
    assert device_rungs(lab, "held")["on the device"].skipped == "nothing in a batch has a method `to`"


@pytest.mark.cuda
def test_on_a_gpu_a_batch_of_a_class_of_its_own_is_moved(lab: Laboratory) -> None:
    assert device_rungs(lab, "movable")["on the device"].rates


@pytest.mark.parametrize("name", ["threaded", "parting"])
def test_datasets_of_several_threads_reach_the_device_too(name: str) -> None:
    with Laboratory(sys.executable, hang_seconds=20) as fresh:  # no fork survives OpenMP threads
        assert device_rungs(fresh, name)["pinned"].rates


@pytest.mark.cuda
def test_on_a_gpu_the_ladder_reaches_the_device(lab: Laboratory) -> None:
    for rung in device_rungs(lab).values():
        assert not rung.skipped
        assert min(rung.rates) > 0


def in_tries(look, tries: int = 3) -> None:
    """Fail if none of the tries is right: `look` returns whether one is, and what to tell otherwise."""
    told = []
    for _ in range(tries):  # a neighbour may visit one of them
        is_right, found = look()
        if is_right:
            return
        told.append(found)
    if is_crowded():
        pytest.skip(f"others use the processors: {told}")
    pytest.fail(f"{told}")


def memory_is_shared() -> bool:
    """Whether two processes that copy memory get in each other's way here, measured by their pace alone."""
    pace = textwrap.dedent("""
        import sys, time
        import numpy as np
        source = np.ones(1 << 22)
        target = np.empty_like(source)
        print(flush=True)
        sys.stdin.readline()
        copies, ends = 0, time.perf_counter() + 0.3
        while time.perf_counter() < ends:
            np.copyto(target, source)
            copies += 1
        print(copies)
    """)

    def slowest(number: int) -> int:
        command = [sys.executable, "-c", pace]
        running = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(number)
        ]
        for process in running:
            process.stdout.readline()
        for process in running:
            process.stdin.write("\n")
            process.stdin.flush()
        return min(int(process.communicate()[0]) for process in running)

    return slowest(1) > 1.6 * slowest(2)


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("computing", "cpu"),
        ("sorting", "cpu"),
        ("waiting", "wait"),
        ("copying", "copy"),
        ("padding", "cpu"),
        ("fetching", "wait"),
        ("trivial", "crossing"),
        ("skewed", "skew"),
        ("starting", "startup"),
        ("dicts", "wait"),
        ("stream", "cpu"),
        ("locked", "queueing"),
        ("batched", "wait"),
        ("drawing", "sampler"),
        ("drawing_alone", "sampler"),
        ("healthy", "none"),
    ],
)
def test_the_cause_that_was_put_in_is_the_bound(lab, name, bound):
    def look():
        verdict = judge(climbed(lab, name).evidence)
        return verdict.bound == bound, (verdict.bound, [stage.as_dict() for stage in verdict.stages])

    in_tries(look)


@pytest.mark.parametrize(("name", "number"), [("part_of_batched", 8), ("part", 1)])
def test_samples_are_read_by_the_batch_where_torch_reads_them_so(lab, name, number):
    lab.ask("load", target=f"{CASES}:{name}")
    wall = lab.ask("samples", seconds=0.1, in_worker=False)["wall"]
    assert len(wall) % number == 0
    assert len(set(wall[:number])) == 1
    assert len(set(wall)) > 1


def test_indices_that_are_drawn_ahead_are_not_drawn_for_free(lab):
    about = lab.ask("load", target=f"{CASES}:drawing")
    lab.ask("open", name="loader", arguments={**about["given"], "num_workers": 4, "prefetch_factor": 4})
    told = lab.ask("measure", name="loader", seconds=0.05, mode=0, is_stepping=False)
    lab.ask("close", name="loader")
    assert told["sampler_seconds"] >= 0.01
    assert told["seconds"] >= 0.01 * told["batches"]


@pytest.mark.skipif(sys.platform != "linux", reason="two processes on two cores are needed")
def test_samples_that_stream_through_memory_are_bound_by_its_bandwidth(lab):
    def look():
        shared = memory_is_shared()
        found = climbed(lab, "streaming")
        shared = shared and memory_is_shared()
        if found.evidence.counted_cores < 2 or not shared:
            pytest.skip("two processes that copy memory do not slow each other down here")
        verdict = judge(found.evidence)
        return verdict.bound == "memory_bandwidth", (verdict.bound, found.evidence.memory_slowdown)

    in_tries(look)


def test_threads_beyond_the_processors_are_seen_in_the_workers():
    with Laboratory(
        sys.executable
    ) as fresh:  # the other cases have left OpenMP threads, which no fork survives
        found = climbed(fresh, "threaded")
    assert found.worker["threads"] == 16
    assert found.evidence.one_thread_gain > 0


def test_work_that_a_dataset_shares_among_threads_of_its_own_is_no_waiting_and_no_crossing():
    def look():
        with Laboratory(sys.executable) as fresh:
            verdict = judge(climbed(fresh, "parting").evidence)
        return verdict.bound in {"cpu", "threads"}, [stage.as_dict() for stage in verdict.stages]

    in_tries(look)


def test_batches_that_piled_up_behind_a_slow_one_do_not_seem_to_take_no_time(lab):
    about = lab.ask("load", target=f"{CASES}:piling")
    lab.ask("open", name="loader", arguments=about["given"])
    told = [lab.ask("measure", name="loader", seconds=0.05, mode=0, is_stepping=False) for _ in range(12)]
    lab.ask("close", name="loader")
    for one in told:
        in_one_worker = one["batches"] // 20  # of those that wait
        assert one["seconds"] > 0.07 * in_one_worker
        assert one["seconds"] > 0.07 or one["batches"] < 5


def test_the_first_wait_of_an_epoch_is_no_wait_of_every_turn(lab):
    about = lab.ask("load", target=f"{CASES}:waiting")  # 40 ms a batch, 20 with two workers
    lab.ask("take_step", target=None, seconds=0.04)
    lab.ask("open", name="loader", arguments=about["given"])
    told = lab.ask("measure", name="loader", seconds=0.2, mode=0, is_stepping=True)
    lab.ask("close", name="loader")
    assert told["batches"] <= 10
    if not is_crowded():
        assert told["seconds"] / told["batches"] < 1.1 * told["step_seconds"]


def test_a_slow_step_is_the_bound_and_its_headroom_is_measured(lab):
    found = climbed(lab, "trivial", step_seconds=0.03)
    assert judge(found.evidence).bound == "consumer"
    rungs = {rung.name: rung for rung in found.rungs}
    assert 50 < rungs["cached-batch headroom"].interval.estimate < 8 / 0.03 * 1.01
    assert "CUDA" in rungs["pinned"].skipped or rungs["pinned"].rates


@pytest.mark.parametrize(("name", "stage"), [("waits_a_little", "wait"), ("computes_a_little", "cpu")])
def test_an_injected_cost_comes_back_within_five_points_of_the_step(lab, name, stage):
    step = 0.04

    def look():
        verdict = judge(climbed(lab, name, step_seconds=step).evidence)
        share = next(one.seconds for one in verdict.stages if one.name == stage) / step
        is_right = share == pytest.approx(8 * 0.001 / step, abs=0.05) and verdict.bound == stage
        return is_right, (share, verdict.bound)

    in_tries(look)
