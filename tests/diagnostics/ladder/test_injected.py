"""Data with a known cause of slowness, measured: the bound is the cause that was put in."""

import sys
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


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("computing", "cpu"),
        ("sorting", "cpu"),
        ("waiting", "wait"),
        ("copying", "copy"),
        ("trivial", "crossing"),
        ("skewed", "skew"),
        ("starting", "startup"),
        ("dicts", "wait"),
        ("stream", "cpu"),
        ("healthy", "none"),
    ],
)
def test_the_cause_that_was_put_in_is_the_bound(lab, name, bound):
    verdict = judge(climbed(lab, name).evidence)
    assert verdict.bound == bound, [stage.as_dict() for stage in verdict.stages]


@pytest.mark.skipif(sys.platform != "linux", reason="two processes on two cores are needed")
def test_samples_that_stream_through_memory_are_bound_by_its_bandwidth(lab):
    found = climbed(lab, "streaming")
    if found.evidence.counted_cores < 2 or is_crowded():
        pytest.skip("its neighbour does not get a core to itself here")
    assert judge(found.evidence).bound == "memory_bandwidth"


def test_threads_beyond_the_processors_are_seen_in_the_workers():
    with Laboratory(
        sys.executable
    ) as fresh:  # the other cases have left OpenMP threads, which no fork survives
        found = climbed(fresh, "threaded")
    assert found.worker["threads"] == 16
    assert found.evidence.one_thread_gain > 0


def test_a_slow_step_is_the_bound_and_its_headroom_is_measured(lab):
    found = climbed(lab, "trivial", step_seconds=0.03)
    assert judge(found.evidence).bound == "consumer"
    rungs = {rung.name: rung for rung in found.rungs}
    assert 50 < rungs["cached-batch headroom"].interval.estimate < 8 / 0.03 * 1.01
    assert "CUDA" in rungs["pinned"].skipped or rungs["pinned"].rates


@pytest.mark.parametrize(("name", "stage"), [("waits_a_little", "wait"), ("computes_a_little", "cpu")])
def test_an_injected_cost_comes_back_within_five_points_of_the_step(lab, name, stage):
    step, tries = 0.04, 3  # a neighbour may visit one of them
    shares, bounds = [], []
    for _ in range(tries):
        verdict = judge(climbed(lab, name, step_seconds=step).evidence)
        shares.append(next(one.seconds for one in verdict.stages if one.name == stage) / step)
        bounds.append(verdict.bound)
        if shares[-1] == pytest.approx(8 * 0.001 / step, abs=0.05) and bounds[-1] == stage:
            return
    if is_crowded():
        pytest.skip(f"others use the processors: shares of the step {shares}, bounds {bounds}")
    pytest.fail(f"shares of the step {shares}, bounds {bounds}")
