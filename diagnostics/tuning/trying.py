"""The trials: opened in a child, measured in turns with the best so far, and compared as ratios."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diagnostics.intervals import Interval, geometric_interval, ratio_interval
from diagnostics.ladder.climbing import CACHED, EMPTY, FULL, is_threaded
from diagnostics.ladder.laboratory import FailedError, Laboratory
from diagnostics.tuning.limits import Room, problem, read_room
from diagnostics.tuning.model import GUESSED_CROSSING, TOLERANCE, Costs, least, predict, propose, worth_trying
from diagnostics.tuning.settings import Setting, candidates

MOST_TRIALS = 5
TURN_SECONDS, LONGEST_TURN_SECONDS = 0.2, 0.3
TURN_PRECISION = 0.05  # of a turn's mean, by how much the samples differ
ROUNDS, FEWEST_LAST_ROUNDS = 4, 4
LAST_SECONDS = 1.6  # of each finalist: a ratio of 0.2 s turns varied by 6 % here, so that 8 settle 2 %
MOST_LAST_TIMES = 3  # as many turns where it is not settled who is within 3 %
CLEAR_ROUNDS = 2  # in which a setting loses or wins by far: that need not be measured again
SAMPLING_SECONDS = 0.4
CORES_SECONDS = 0.03
THREADS_GAIN = 1.05  # times as fast: less is not worth a line in worker_init_fn
GOES_ON = 0.8  # of the time, with twice the workers: worth a word
FINALIST = 1.3  # times the best: what is slower is not measured again
SURE = 0.7  # confidence with which a setting is as good as the fastest, on both sides
CLOSE = 1.1  # times the best: what is slower takes no part in the last comparison
START_SECONDS = 12.0  # left of the budget: other ways to start workers are tried only then
RESERVE = 0.25  # of the budget, for the last comparison


@dataclass
class Trial:
    """One setting, measured.

    Attributes
    ----------
    threads : int
        Of libraries in each worker, 0 where they are left as they are.
    batch_seconds : list of float
        Seconds a batch, one value a turn.
    seconds : float
        What the trial cost.
    relative : float
        Its time over that of the first trial, by way of what both were measured in turns with.
    ratio : Interval or None
        Its time over that of the chosen one, measured in turns.
    """

    setting: Setting
    arguments: dict[str, Any]
    threads: int = 0
    batch_seconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    start_seconds: float = 0.0
    relative: float = 1.0
    ratio: Interval | None = None
    is_open: bool = True

    @property
    def name(self) -> str:
        """Its loader's name in the laboratory."""
        return self.setting.name + (", one thread" if self.threads else "")


@dataclass(frozen=True)
class Tuned:
    """What came out."""

    chosen: Trial
    trials: list[Trial]
    method: str | None
    preload: list[str] | None
    num_threads: int | None
    refused: dict[str, str]
    failed: dict[str, FailedError]
    predicted: dict[Setting, float]
    starts: list[dict[str, Any]]
    can_pin: bool
    batch_size: int
    step_seconds: float
    loading_seconds: float
    seconds: float
    about: dict[str, Any]
    notes: list[str]
    is_cut_short: bool

    @property
    def failure(self) -> FailedError | None:
        """Why no worker could be used; None where some setting with workers was measured, or none tried."""
        has_workers = any(trial.setting.num_workers for trial in self.trials)
        return None if has_workers else next(iter(self.failed.values()), None)

    @property
    def interval(self) -> Interval:
        """Samples per second of the chosen setting."""
        return geometric_interval([self.batch_size / one for one in self.chosen.batch_seconds])


def start_method(about: Mapping[str, Any]) -> tuple[str, list[str] | None]:
    """Return the way to start workers: fork where it is safe, else one that has torch imported already.

    A loader of the user's own that was told not to fork has its reasons; one that spawns goes on spawning.
    """
    methods, own = about["start_methods"], (about["given"] or {}).get("multiprocessing_context")
    if _own_method(about) == "spawn":
        return "spawn", None
    is_unsafe = about["is_cuda_started"] or about["default_start_method"] == "spawn"
    if "fork" in methods and not is_unsafe and own in {None, "fork"}:
        return "fork", None
    return ("forkserver", _preload(about)) if "forkserver" in methods else ("spawn", None)


def can_forkserver(about: Mapping[str, Any]) -> bool:
    """Whether workers could be started by forkserver."""
    return "forkserver" in about["start_methods"] and not about["pickle_problem"]


def _own_method(about: Mapping[str, Any]) -> str | None:
    """Return how the user wants workers started, None where nobody said anything."""
    default = about["default_start_method"]
    own: str | None = (about["given"] or {}).get("multiprocessing_context")
    return own or (default if default != about["start_methods"][0] else None)


def _preload(about: Mapping[str, Any]) -> list[str]:
    """Return what a forkserver imports first: not the dataset's module where it may start CUDA.

    Workers are forked from the forkserver, and CUDA refuses a fork of what has so much as asked for it.
    """
    if about["is_cuda_started"] or _own_method(about) == "spawn":
        return list(about["preload"])
    return [*about["preload"], about["module"]]


def _fastest(finalists: list[Trial]) -> Trial:
    return min(finalists, key=lambda one: float(np.median(one.batch_seconds)))


def smallest_as_good(finalists: list[Trial]) -> Trial:
    """Return the smallest of those measured in the same turns that is within 3 % of the fastest.

    Where that is not sure after all turns, the smaller one has the benefit of the doubt: the fastest owes its
    place to luck too. More prefetching or no order must surely gain something over the usual with as many
    workers.
    """
    fastest = _fastest(finalists)

    def is_as_good(one: Trial) -> bool:
        ratio = ratio_interval(one.batch_seconds, fastest.batch_seconds, SURE)
        is_usual = one.setting == fastest.setting.plain and ratio.low <= 1
        return one is fastest or is_usual or ratio.estimate <= 1 + TOLERANCE

    return min(filter(is_as_good, finalists), key=lambda one: one.setting)


def in_play(finalists: list[Trial]) -> list[Trial]:
    """Return the trials that may yet be as good as the best of those measured in the same turns."""
    fastest = _fastest(finalists)
    return [
        one
        for one in finalists
        if one is fastest or ratio_interval(one.batch_seconds, fastest.batch_seconds).low <= 1 + TOLERANCE
    ]


def is_settled(finalists: list[Trial]) -> bool:
    """Whether each that is smaller than the fastest is surely within 3 % of it, or surely not."""
    fastest = _fastest(finalists)
    smaller = [one for one in finalists if one.setting < fastest.setting]
    ratios = [ratio_interval(one.batch_seconds, fastest.batch_seconds, SURE) for one in smaller]
    return not any(one.low <= 1 + TOLERANCE <= one.high for one in ratios)


class Tuner:
    """One tuning; `run` is its course."""

    def __init__(
        self,
        lab: Laboratory,
        about: dict[str, Any],
        step_seconds: float,
        budget_seconds: float,
        most_workers: int | None = None,
    ) -> None:
        self.lab, self.about, self.step, self.most = lab, about, step_seconds, most_workers
        self.begun, self.budget = time.monotonic(), budget_seconds
        self.method, self.preload = start_method(about)
        self.batch_size = about["batch_size"] or 1
        self.trials: dict[Setting, Trial] = {}
        self.refused: dict[str, str] = {}
        self.failed: dict[str, FailedError] = {}
        self.notes: list[str] = []
        self.is_cut_short = False
        self.turn_seconds = TURN_SECONDS
        self.threads = 0  # in the workers of the next trial, 0: as they are

    def run(self, progress: Callable[[str], None], tries_starts: bool = True) -> Tuned:
        """Measure until nothing promises more, five settings are tried, or the budget is spent."""
        progress("samples")
        if self.method == "fork":
            self.lab.ask("divide")
        first, self.alone = self._try(Setting(0))
        self._avoid_fork()
        self.costs = self._costs()
        self.has_threads = is_threaded(self.samples)
        self.settings = self._possible()
        self.turn_seconds = self._turn_seconds()
        while len(self.trials) + len(self.failed) < MOST_TRIALS:
            proposed = propose(self.costs, self._measured(), self.settings, self.fitting)
            if proposed is None or not self._has_time(proposed):
                break
            progress(proposed.name)
            self._try_or_refuse(proposed)
        progress("the best of them in turns")
        chosen = self._last_turns()
        self._tell_more_workers(chosen.setting)
        num_threads = self._one_thread(chosen, progress)
        starts = self._starts(chosen) if tries_starts else []
        predicted = {one: predict(self.costs, one) for one in self.settings}
        has_workers = chosen.setting.num_workers > 0
        return Tuned(
            chosen,
            list(self.trials.values()),
            self.method if has_workers else None,
            self.preload if has_workers else None,
            num_threads,
            self.refused,
            self.failed,
            predicted,
            starts,
            self.can_pin,
            self.batch_size,
            self.step,
            max(0.0, float(np.median(first.batch_seconds)) - self.step),
            time.monotonic() - self.begun,
            self.about,
            self.notes,
            self.is_cut_short,
        )

    def _possible(self) -> list[Setting]:
        """Return the settings that fit this machine; the others are named."""
        room: Room = read_room()
        fitting = []
        for one in candidates(self.about["cores"], self.about, self.most):
            why = problem(one, room, self.batch_bytes, self.about, self.method)
            if why and not one.is_unordered:
                self.refused[one.name] = why
            elif not why:
                fitting.append(one)
        self.fitting = fitting
        return worth_trying(self.costs, fitting)

    def _costs(self) -> Costs:
        alone = self.alone
        samples = self.samples = self.lab.ask(
            "samples", seconds=SAMPLING_SECONDS, in_worker=True, threads=self.threads
        )
        return Costs(
            wall=samples["wall"],
            cpu=samples["cpu"],
            batch_size=self.batch_size,
            collate=float(np.median([one["collate"] / one["loaded"] for one in alone])),
            collate_cpu=float(np.median([one["collate_cpu"] / one["loaded"] for one in alone])),
            alone=float(np.median([one["seconds"] / one["batches"] - one["step_seconds"] for one in alone])),
            cores=self.lab.ask("cores", seconds=CORES_SECONDS),
            step=self.step,
            crossing=GUESSED_CROSSING + float(np.median([one["sampler_seconds"] for one in alone])),
        )

    def _turn_seconds(self) -> float:
        """Return how long a turn is: rare slow samples must come often enough in each."""
        wall = np.asarray(self.costs.wall)
        variation = float(wall.std() / max(wall.mean(), 1e-9)) / self.batch_size**0.5
        fastest = min(predict(self.costs, one) for one in self.settings)
        wanted = (variation / TURN_PRECISION) ** 2 * fastest
        return float(np.clip(wanted, TURN_SECONDS, LONGEST_TURN_SECONDS))

    def _measure(self, trial: Trial, mode: int = FULL) -> dict[str, float]:
        answer: dict[str, float] = self.lab.ask(
            "measure",
            name=trial.name,
            seconds=self.turn_seconds if mode == FULL else TURN_SECONDS,
            mode=mode,
            is_stepping=bool(self.step) and mode == FULL,
        )
        if mode == FULL:
            trial.batch_seconds.append(answer["seconds"] / answer["batches"])
        return answer

    def _measured(self) -> dict[Setting, float]:
        """Return seconds a batch, all as at the time of the first trial: drift has been taken out."""
        return {one: trial.relative * self.first_seconds for one, trial in self.trials.items()}

    def _has_time(self, setting: Setting) -> bool:
        left = self.budget * (1 - RESERVE) - (time.monotonic() - self.begun)
        dearest = max((trial.seconds for trial in self.trials.values()), default=0.0)
        self.is_cut_short = left < max(dearest, 2 * ROUNDS * self.turn_seconds)
        return not self.is_cut_short

    def _try(self, setting: Setting) -> tuple[Trial, list[dict[str, float]]]:
        """Open a setting and measure it in turns with the best so far; a clear loser is closed again.

        Returns the trial and what each of its turns told.
        """
        begun = time.monotonic()
        rival = min(self.trials.values(), key=lambda one: one.relative, default=None)
        trial = Trial(setting, setting.arguments(self.method), self.threads if setting.num_workers else 0)
        opened = self._open(trial)
        if rival is None:
            self.batch_bytes, self.can_pin = opened["batch_bytes"], opened["can_pin"]
        self.trials[setting] = trial
        told = self._in_turns_with(rival, trial)
        if setting.num_workers and self.has_threads:
            trial = self.trials[setting] = self._better_threads(trial)
        if setting.num_workers and self.costs.busy_crossing == 0:
            self._measure_crossing(trial, told)
        self._close_losers(FINALIST)
        trial.seconds = time.monotonic() - begun
        return trial, told

    def _try_or_refuse(self, setting: Setting) -> None:
        """Try a setting; where it fails the others are still worth measuring, unless the child is lost."""
        try:
            self._try(setting)
        except FailedError as failed:
            if self.lab.lost is not None:
                raise
            self.failed[setting.name], self.refused[setting.name] = failed, f"it failed: {failed}"
            self.trials.pop(setting, None)
            for threads in (0, 1):
                self._close(Trial(setting, {}, threads))
            self.fitting = [one for one in self.fitting if one != setting]
            self.settings = [one for one in self.settings if one != setting]

    def _open(self, trial: Trial) -> dict[str, Any]:
        arguments = {**trial.setting.arguments(self.method), "preload": self.preload}
        if trial.threads:
            arguments["threads"] = trial.threads
        opened: dict[str, Any] = self.lab.ask("open", name=trial.name, arguments=arguments)
        trial.start_seconds, trial.is_open = opened["start_seconds"], True
        return opened

    def _avoid_fork(self) -> None:
        """Not fork what sets its own threads: those that it used here do not survive a fork, and hang."""
        sets_threads = any(one["threads"] != self.about["threads"] for one in self.alone)
        if self.method == "fork" and sets_threads and can_forkserver(self.about):
            self.method, self.preload = "forkserver", _preload(self.about)
            self.notes.append("the data set a number of threads themselves, which a fork may not survive.")

    def _better_threads(self, trial: Trial) -> Trial:
        """Compare one thread in each worker with the usual; what wins stays, for the next trials too."""
        self.has_threads = False  # asked once
        alone = Trial(trial.setting, trial.arguments, threads=1)
        self._open(alone)
        trial.batch_seconds = []
        for _ in range(ROUNDS):
            for one in random.sample([trial, alone], k=2):
                self._measure(one)
        ratio = float(np.median(np.divide(trial.batch_seconds, alone.batch_seconds)))
        if ratio <= THREADS_GAIN:
            self._close(alone)
            return trial
        self._close(trial)
        alone.relative = trial.relative / ratio
        self.threads = 1
        self.costs = self._costs()
        return alone

    def _in_turns_with(self, rival: Trial | None, trial: Trial) -> list[dict[str, float]]:
        told: list[dict[str, float]] = []
        ratios = []
        for _ in range(ROUNDS):
            for one in random.sample([trial, rival], k=2) if rival else [trial]:
                answer = self._measure(one)
                if one is trial:
                    told.append(answer)
            ratios.append(trial.batch_seconds[-1] / (rival or trial).batch_seconds[-1])
            is_clear = min(ratios) > FINALIST or max(ratios) < 1 / FINALIST
            if len(ratios) >= CLEAR_ROUNDS and is_clear:
                break
        if rival is None:
            self.first_seconds = float(np.median(trial.batch_seconds))
        else:
            trial.relative = rival.relative * float(np.median(ratios))
        return told

    def _measure_crossing(self, trial: Trial, told: list[dict[str, float]]) -> None:
        """Measure what handing a batch over takes, once."""
        cached = [self._measure(trial, CACHED) for _ in range(2)]
        empty = self._measure(trial, EMPTY)
        least = empty["seconds"] / empty["batches"]
        whole = min(one["seconds"] / one["batches"] for one in cached)
        main = float(np.median([one["main_cpu"] for one in told]))
        own = [one["process_cpu"] - one["fetch_cpu"] - one["collate_cpu"] for one in cached]
        send = max(0.0, min(value / one["loaded"] for value, one in zip(own, cached, strict=True)))
        crossing = max(least, whole - self.costs.collate / trial.setting.num_workers)
        self.costs = self.costs.with_crossing(crossing, main + send)

    def _close_losers(self, limit: float) -> None:
        measured = self._measured()
        for one, trial in self.trials.items():
            if trial.is_open and measured[one] > limit * min(measured.values()):
                self._close(trial)

    def _close(self, trial: Trial) -> None:
        self.lab.ask("close", name=trial.name)
        trial.is_open = False

    @property
    def _last_rounds(self) -> int:
        return max(FEWEST_LAST_ROUNDS, round(LAST_SECONDS / self.turn_seconds))

    def _reopen_hoped(self) -> None:
        """Give the setting that should have won another chance: the machine may have been busy."""
        hoped = self.trials[min(self.trials, key=lambda one: predict(self.costs, one))]
        fastest = min(self._measured().values())
        if not hoped.is_open and CLOSE * predict(self.costs, hoped.setting) < fastest:
            self._open(hoped)

    def _last_turns(self) -> Trial:
        """Measure what is left in turns, and choose the smallest that is as good as the best."""
        self._close_losers(CLOSE)
        self._reopen_hoped()
        finalists = [trial for trial in self.trials.values() if trial.is_open]
        for trial in finalists:
            trial.batch_seconds = []
        for number in range(MOST_LAST_TIMES * self._last_rounds):
            if number >= FEWEST_LAST_ROUNDS:
                finalists = in_play(finalists)
                if len(finalists) == 1 or time.monotonic() - self.begun > self.budget:
                    break
                if number >= self._last_rounds and is_settled(finalists):
                    break
            for trial in random.sample(finalists, k=len(finalists)):
                self._measure(trial)
        chosen = smallest_as_good(finalists)
        now = float(np.median(chosen.batch_seconds))
        for trial in self.trials.values():
            if trial.is_open:
                turns = len(trial.batch_seconds)  # fewer of one that lost before the end
                trial.ratio = ratio_interval(trial.batch_seconds, chosen.batch_seconds[:turns])
            else:
                trial.batch_seconds = [now * trial.relative / chosen.relative]
        return chosen

    def _tell_more_workers(self, chosen: Setting) -> None:
        """Say where the most workers that were tried won, and still more may win more."""
        most = max(one.num_workers for one in self.settings)
        now, twice = least(self.costs, max(1, most)), least(self.costs, 2 * max(1, most))
        if 0 < most == chosen.num_workers and twice < now * GOES_ON and not self.refused:
            self.notes.append(
                f"more than {most} workers were not tried, and samples that wait may gain by more: "
                f"--most-workers {2 * most}"
            )

    def _one_thread(self, chosen: Trial, progress: Callable[[str], None]) -> int | None:
        """Without workers: compare one thread with torch's default; None where it makes no difference."""
        default = int(self.about["threads"])
        if chosen.setting.num_workers:
            return chosen.threads or None
        if default == 1 or len(self.trials) >= MOST_TRIALS:
            return None
        progress("one thread")
        self.lab.ask("open", name="one thread", arguments={"num_workers": 0, "threads": 1})
        ratios = []
        for _ in range(self._last_rounds):
            both = {}
            for name in random.sample(["one thread", chosen.setting.name], k=2):
                answer = self.lab.ask(
                    "measure", name=name, seconds=self.turn_seconds, mode=FULL, is_stepping=bool(self.step)
                )
                both[name] = answer["seconds"] / answer["batches"]
            ratios.append(both[chosen.setting.name] / both["one thread"])
        interval = geometric_interval(ratios)
        return 1 if interval.low > 1 else None

    def _starts(self, chosen: Trial) -> list[dict[str, Any]]:
        """Start the chosen workers in the other ways that the platform has, where there is time."""
        if not chosen.setting.num_workers:
            return []
        told = [
            {"multiprocessing_context": self.method, "preload": self.preload, "seconds": chosen.start_seconds}
        ]
        others = ["forkserver"] if can_forkserver(self.about) and self.method != "forkserver" else []
        for method in others:
            if self.budget - (time.monotonic() - self.begun) < START_SECONDS:
                break
            preload = _preload(self.about)
            arguments = {**chosen.setting.arguments(method), "preload": preload}
            try:
                opened = self.lab.ask("open", name=method, arguments=arguments)
            except FailedError as failed:
                if self.lab.lost is not None:
                    raise
                self.notes.append(f"workers that {method} starts failed: {failed}")
                continue
            self.lab.ask("close", name=method)
            told.append(
                {"multiprocessing_context": method, "preload": preload, "seconds": opened["start_seconds"]}
            )
        return told
