"""The whole climb as on a GPU, which a loader stands for that answers with known costs."""

from collections.abc import Callable
from typing import Any

import pytest

from diagnostics.ladder.bounds import judge
from diagnostics.ladder.climbing import CACHED, FULL, Climb, Climbed, Effort
from diagnostics.ladder.laboratory import FailedError

BATCH = 10
FETCH, COLLATE, CROSSING, COPY, PIN, MOVE, CUDA = 2e-3, 1e-4, 3e-4, 4e-3, 9e-3, 1e-3, 3.0
COUNTERS = ("fetch", "fetch_cpu", "collate", "collate_cpu", "process_cpu", "delay")


class SimulatedLab:
    """Answers as the child does, of a loader whose workers are far faster than what hands batches over."""

    def __init__(self, **given: Any) -> None:
        self.given = {"num_workers": 2, "pin_memory": False, **given}
        self.loaders: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.lost: FailedError | None = None
        self.refuses: Callable[[str, dict[str, Any]], str] = lambda do, arguments: ""
        self.hangs: Callable[[str, dict[str, Any]], bool] = lambda do, arguments: False

    @property
    def about(self) -> dict[str, Any]:
        return {
            "given": self.given,
            "cores": 2,
            "batch_size": BATCH,
            "num_batches": 100,
            "has_in_order": True,
            "has_cuda": True,
        }

    def ask(self, do: str, **arguments: Any) -> Any:
        if self.lost:
            raise self.lost
        self.asked.append(f"{do} {arguments.get('name', '')}")
        if self.hangs(do, arguments):
            self.lost = FailedError("nothing moved for 60 s", "", 60.0)
            raise self.lost
        if why := self.refuses(do, arguments):
            raise FailedError(why, why)
        return getattr(self, f"_{do}")(**arguments)

    def _open(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        is_first = arguments.get("pin_memory") and not any(
            one.get("pin_memory") for one in self.loaders.values()
        )
        self.loaders[name] = arguments
        return {"start_seconds": 0.1 + CUDA * bool(is_first), "batch_bytes": 1e8, "num_movable": 1}

    def _close(self, name: str) -> None:
        self.loaders.pop(name, None)

    def _samples(self, **how: Any) -> dict[str, Any]:
        each = [FETCH / BATCH] * 100
        told = {"sample_bytes": 1e7, "copy_seconds": 1e-4, "slowest": []}
        return {"wall": each, "cpu": each, "own_cpu": sum(each), **told}

    def _cores(self, seconds: float) -> float:
        return 2.0

    def _memory(self, **how: Any) -> float:
        return 1.0

    def _headroom(self, **how: Any) -> float:
        return 1e-3

    def _measure(
        self, name: str, seconds: float, mode: int, is_stepping: bool, device: str
    ) -> dict[str, float]:
        arguments = self.loaders[name]
        workers, has_contents = arguments["num_workers"], mode in {FULL, CACHED}
        own = COLLATE * has_contents + FETCH * (mode == FULL)
        batch = CROSSING + COPY * has_contents if workers else own
        batch += PIN * has_contents * bool(arguments.get("pin_memory")) + MOVE * bool(device)
        return {
            **dict.fromkeys(COUNTERS, 0.0),
            "fetch": FETCH,
            "fetch_cpu": FETCH,
            "collate": COLLATE,
            "collate_cpu": COLLATE,
            "process_cpu": FETCH + COLLATE,
            "threads": 1,
            "loaded": 1,
            "batches": 1,
            "seconds": batch,
            "main_cpu": CROSSING,
            **dict.fromkeys(("step_seconds", "sampler_seconds", "sampler_cpu_seconds"), 0.0),
        }


def climbed(lab: SimulatedLab, has_step: bool = False) -> Climbed:
    climb: Any = Climb(lab, lab.about, None, has_step, Effort(rounds=2))  # type: ignore[arg-type]
    return climb.run(lambda what: None)


def rungs(found: Climbed) -> dict[str, Any]:
    return {rung.name: rung for rung in found.rungs}


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("pin_memory", [False, True])
def test_the_ladder_reaches_the_device(num_workers: int, pin_memory: bool) -> None:
    found = rungs(climbed(SimulatedLab(num_workers=num_workers, pin_memory=pin_memory)))
    pinned, moved = (BATCH / found[name].interval.estimate for name in ("pinned", "on the device"))
    assert pinned >= PIN
    assert moved == pytest.approx(pinned + MOVE)


def test_pinning_is_counted_once_and_is_no_copying() -> None:
    evidence = climbed(SimulatedLab(pin_memory=True)).evidence
    assert evidence.pin_seconds == pytest.approx(PIN)
    assert evidence.payload == pytest.approx(COPY - COLLATE / 2)
    assert judge(evidence).bound == "pin"


def test_without_workers_the_loop_includes_its_pinning() -> None:
    evidence = climbed(SimulatedLab(num_workers=0, pin_memory=True)).evidence
    assert evidence.pin_seconds == pytest.approx(PIN)
    assert evidence.loading == evidence.measured == pytest.approx(FETCH + COLLATE + PIN)
    assert judge(evidence).bound == "pin"


def test_a_loader_that_does_not_pin_is_judged_without_pinning() -> None:
    evidence = climbed(SimulatedLab()).evidence
    assert evidence.pin_seconds == 0
    assert evidence.measured == pytest.approx(CROSSING + COPY)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("pin_memory", [False, True])
def test_cuda_starts_once_and_not_with_every_epoch(pin_memory: bool, num_workers: int) -> None:
    told = climbed(SimulatedLab(pin_memory=pin_memory, num_workers=num_workers))
    assert told.start["start_seconds"] < CUDA
    assert told.evidence.start < CUDA


@pytest.mark.parametrize("pin_memory", [False, True])
def test_all_workers_are_forked_before_the_dataset_runs_in_the_main_process(pin_memory: bool) -> None:
    lab = SimulatedLab(pin_memory=pin_memory)
    climbed(lab)
    opened = [what for what in lab.asked if what.startswith("open")]
    assert opened[-1] == "open alone"
    assert lab.asked.index("open alone") < lab.asked.index("samples ")


def test_batches_that_cannot_be_pinned_cost_no_other_rung() -> None:
    lab = SimulatedLab()
    lab.refuses = lambda do, how: "cannot pin" if how.get("arguments", {}).get("pin_memory") else ""
    found = rungs(climbed(lab))
    assert found["pinned"].skipped == found["on the device"].skipped == "it failed: cannot pin"
    assert found["workers with payload"].rates


def test_a_loader_that_pins_what_cannot_be_pinned_has_failed() -> None:
    lab = SimulatedLab(pin_memory=True)
    lab.refuses = lambda do, how: "cannot pin" if how.get("arguments", {}).get("pin_memory") else ""
    with pytest.raises(FailedError, match="cannot pin"):
        climbed(lab)


def test_batches_that_the_device_refuses_may_be_pinned() -> None:
    lab = SimulatedLab()
    lab.refuses = lambda do, how: "out of memory" if how.get("device") else ""
    found = rungs(climbed(lab))
    assert found["on the device"].skipped == "it failed: out of memory"
    assert len(found["pinned"].rates) == 2
    assert "pinned" not in lab.loaders


def test_a_device_that_hangs_leaves_what_was_measured_before() -> None:
    lab = SimulatedLab()
    lab.hangs = lambda do, how: bool(how.get("device"))
    found = climbed(lab)
    assert rungs(found)["on the device"].skipped == "it failed: nothing moved for 60 s"
    assert rungs(found)["workers with payload"].rates
    assert found.evidence.measured == pytest.approx(CROSSING + COPY)
