from collections.abc import Callable
from typing import Any

import pytest

from diagnostics.intervals import Interval
from diagnostics.ladder.climbing import FULL
from diagnostics.ladder.laboratory import FailedError
from diagnostics.tuning.telling import lines, recommended, sentence
from diagnostics.tuning.trying import Tuned, Tuner

ABOUT: dict[str, Any] = {
    "start_methods": ["fork"],
    "default_start_method": "fork",
    "is_cuda_started": False,
    "given": None,
    "preload": [],
    "module": "data",
    "name": "Data",
    "batch_size": 16,
    "cores": 2,
    "has_in_order": True,
    "pickled_bytes": 1000,
    "pickle_problem": "",
    "num_batches": 1000,
    "threads": 1,
}
SAMPLE_SECONDS, CROSSING_SECONDS = 0.001, 0.0002


class MadeUp:
    """A laboratory whose loaders take as long as a function of the workers and of the turns so far says."""

    def __init__(self, seconds: Callable[[int, int], float]) -> None:
        self.seconds, self.num_turns = seconds, 0
        self.opened: list[str] = []
        self.can_pin = True
        self.num_threads = 1  # of libraries that work for a sample
        self.set_threads = 1  # of torch's, as the data leave them
        self.start_seconds, self.cpu_share = 0.1, 1.0
        self.slowdown = 1.0  # of workers by those threads
        self.lost: FailedError | None = None
        self.fails: Callable[[str, str], bool] = lambda do, name: False

    def ask(self, do: str, **arguments: Any) -> Any:
        if self.fails(do, arguments.get("name", "")):
            raise FailedError("RuntimeError: no worker", "")
        if do == "open":
            self.opened.append(arguments["name"])
            return {"batch_bytes": 1000, "can_pin": self.can_pin, "start_seconds": self.start_seconds}
        if do == "samples":
            cpu = [SAMPLE_SECONDS] * 100
            return {
                "wall": cpu,
                "cpu": [self.cpu_share * one for one in cpu],
                "own_cpu": sum(cpu) / (1 if arguments["threads"] else self.num_threads),
            }
        if do == "cores":
            return 2.0
        return self.measured(**arguments) if do == "measure" else None

    def measured(self, name: str, mode: int, **others: Any) -> dict[str, float]:
        self.num_turns += 1
        seconds = (
            "step_seconds",
            "collate",
            "collate_cpu",
            "fetch_cpu",
            "process_cpu",
            "main_cpu",
            "threads",
        )
        counters = (*seconds, "sampler_seconds")
        number = int(name.partition(" ")[0])
        a_batch = self.seconds(number, self.num_turns) if mode == FULL else CROSSING_SECONDS
        a_batch *= self.slowdown if number and "one thread" not in name else 1.0
        return {
            **dict.fromkeys(counters, 0.0),
            "seconds": a_batch,
            "batches": 1,
            "loaded": 1,
            "threads": self.set_threads,
        }


def tuned(seconds: Callable[[int, int], float]) -> tuple[int, MadeUp]:
    lab = MadeUp(seconds)
    tuner = Tuner(lab, ABOUT, 0.0, 60.0)  # type: ignore[arg-type]
    return tuner.run(lambda words: None, tries_starts=False).chosen.setting.num_workers, lab


def test_computing_samples_get_a_worker_for_each_core() -> None:
    assert tuned(lambda number, turn: 0.016 / max(1, min(number, 2)))[0] == 2


def test_workers_that_lost_while_the_machine_was_busy_get_another_chance() -> None:
    def seconds(number: int, turn: int) -> float:
        slowdown = 3.0 if number and turn < 16 else 1.0
        return 0.016 / max(1, min(number, 2)) * slowdown

    number, lab = tuned(seconds)
    assert number == 2
    assert lab.opened.count("2 workers") == 2


def test_workers_that_lose_again_are_not_chosen_whatever_the_model_hoped() -> None:
    assert tuned(lambda number, turn: 0.016 * (3.0 if number else 1.0))[0] == 0


@pytest.mark.parametrize(("has_cuda", "can_pin"), [(True, True), (True, False), (False, True)])
def test_only_batches_that_can_be_pinned_are_recommended_to_be(has_cuda: bool, can_pin: bool) -> None:
    lab = MadeUp(lambda number, turn: 0.016)
    lab.can_pin = can_pin
    tuner: Any = Tuner(lab, {**ABOUT, "has_cuda": has_cuda}, 0.0, 60.0)  # type: ignore[arg-type]
    found = tuner.run(lambda words: None, tries_starts=False)
    assert recommended(found)["pin_memory"] is (has_cuda and can_pin)


def failing(fails: Callable[[str, str], bool]) -> Tuned:
    lab = MadeUp(lambda number, turn: 0.016 / max(1, min(number, 2)))
    lab.fails = fails
    tuner = Tuner(lab, {**ABOUT, "has_cuda": False}, 0.0, 60.0)  # type: ignore[arg-type]
    return tuner.run(lambda words: None, tries_starts=False)


@pytest.mark.parametrize("request_that_fails", ["open", "measure"])
def test_a_setting_that_fails_is_refused_and_the_others_are_measured(request_that_fails: str) -> None:
    found = failing(lambda do, name: do == request_that_fails and name.startswith("2 workers"))
    assert found.refused["2 workers"] == "it failed: RuntimeError: no worker"
    assert found.chosen.setting.num_workers not in {0, 2}
    assert found.failure is None


def test_where_no_worker_can_be_used_none_is_recommended_and_the_cause_is_named() -> None:
    found = failing(lambda do, name: do == "open" and name != "0 workers")
    assert recommended(found)["num_workers"] == 0
    assert str(found.failure) == "RuntimeError: no worker"
    assert "failed" in sentence(found)
    assert any("2 workers failed: RuntimeError: no worker" in line.plain for line in lines(found))


@pytest.mark.parametrize(("slowdown", "num_threads"), [(4.0, 1), (1.0, None), (0.5, None)])
def test_one_thread_in_each_worker_is_recommended_where_it_wins(
    slowdown: float, num_threads: int | None
) -> None:
    lab = MadeUp(lambda number, turn: 0.016 / max(1, min(number, 2)))
    lab.num_threads, lab.slowdown = 2, slowdown
    found = Tuner(lab, ABOUT, 0.0, 60.0).run(lambda words: None, tries_starts=False)  # type: ignore[arg-type]
    assert found.chosen.setting.num_workers == 2
    assert found.num_threads == num_threads
    assert sum("one thread" in name for name in lab.opened) <= 2


def test_data_that_set_their_own_threads_are_not_forked() -> None:
    lab = MadeUp(lambda number, turn: 0.016 / max(1, min(number, 2)))
    lab.set_threads = 8
    both = {**ABOUT, "start_methods": ["fork", "forkserver"]}
    found = Tuner(lab, both, 0.0, 60.0).run(lambda words: None, tries_starts=False)  # type: ignore[arg-type]
    assert found.method == "forkserver"
    bound = {**both, "pickle_problem": "PicklingError"}
    again = Tuner(lab, bound, 0.0, 60.0).run(lambda words: None, tries_starts=False)  # type: ignore[arg-type]
    assert again.method == "fork"


def test_as_many_workers_as_are_allowed_are_tried_and_more_are_named_where_they_may_gain() -> None:
    def waiting(number: int, turn: int) -> float:
        return 0.016 / max(1, number)

    def found(most: int | None) -> Tuned:
        lab: Any = MadeUp(waiting)
        lab.cpu_share = 0.01
        return Tuner(lab, ABOUT, 0.0, 60.0, most).run(lambda words: None, tries_starts=False)

    usual, many, few = found(None), found(100), found(5)
    assert usual.chosen.setting.num_workers == 16
    assert any("--most-workers 32" in note for note in usual.notes)
    assert many.chosen.setting.num_workers > 32
    assert max(trial.setting.num_workers for trial in few.trials) == 5


@pytest.mark.parametrize(("start", "said"), [(0.1, False), (100.0, True)])
def test_how_long_it_takes_until_starting_workers_has_paid_is_said_where_one_epoch_is_not_enough(
    start: float, said: bool
) -> None:
    lab = MadeUp(lambda number, turn: 0.016 / max(1, min(number, 2)))
    lab.start_seconds = start
    tuner = Tuner(lab, {**ABOUT, "has_cuda": False}, 0.0, 60.0)  # type: ignore[arg-type]
    told = "\n".join(line.plain for line in lines(tuner.run(lambda words: None, tries_starts=False)))
    assert ("after 13 epochs" in told) == said  # an epoch of 1,000 batches gains 8 s


def test_workers_that_do_not_fit_are_not_said_to_cost_more_than_they_bring() -> None:
    lab = MadeUp(lambda number, turn: 0.016)
    tuner = Tuner(lab, {**ABOUT, "num_batches": 10**6}, 0.0, 60.0, 0)  # type: ignore[arg-type]
    assert "no setting with workers was tried" in sentence(tuner.run(lambda words: None, tries_starts=False))


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (Interval(1.3, 1.2, 1.4, 8), "cost more than they bring"),
        (Interval(1.0, 0.9, 1.1, 8), "bring nothing here"),
        (Interval(1.0, 0.5, 2.0, 8), "differ too much"),
    ],
)
def test_why_no_worker_is_recommended_is_said(ratio: Interval, said: str) -> None:
    lab = MadeUp(lambda number, turn: 0.02 if number else 0.016)
    found = Tuner(lab, ABOUT, 0.0, 60.0).run(lambda words: None, tries_starts=False)  # type: ignore[arg-type]
    assert found.chosen.setting.num_workers == 0
    for trial in found.trials[1:]:
        trial.ratio = ratio
    assert said in sentence(found)
