"""A and B alternated value by value, in random order, inside fresh processes: the process is the unit."""

import contextlib
import ctypes
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from math import log
from multiprocessing.connection import Connection
from multiprocessing.util import get_temp_dir
from statistics import median
from time import perf_counter
from typing import Any

import torch

from bench import process_tree
from bench.alternating_calls import AlternatingCalls
from bench.clocks import EventClock
from bench.configuration import Configuration
from bench.contrasts import Contrast
from bench.host import MeasurementError, describe_exit

# Measured side by side on identical code, 4 s a comparison: values of 20 ms x 8 pairs x 12 processes gave a
# half-width of 1.0 %, 20 ms x 4 x 22 of 2.6 %, 4 ms x 20 x 22 of 0.4 %: what counts is to alternate finely.
VALUE_SECONDS = 0.004  # of a call; an epoch of a loader takes longer
LOADER_VALUE_SECONDS = 0.1
MIN_PAIRS, MAX_PAIRS = 5, 16
PR_SET_PDEATHSIG = 1  # prctl(2)
UNIT_SECONDS = 0.15  # after which no further pair begins: what varies more is the process


def log_ratio_in_fresh_process(contrast: Contrast, seed: int, limit_seconds: float = 60.0) -> float:
    """Measure one unit.

    Parameters
    ----------
    contrast : Contrast
    seed : int
        Decides the order within each pair of values.
    limit_seconds : float
        The process is killed then.

    Returns
    -------
    float
        Median over the pairs of the logarithm of b's time over a's.

    Raises
    ------
    MeasurementError
        A side raised, hung or died.
    """
    return float(in_fresh_process(alternate, (contrast, seed), limit_seconds))


def alternate(contrast: Contrast, seed: int) -> float:
    """Alternate both sides here; the median of the pairs' log-ratios."""
    return median_log_ratio(alternated_values(contrast, seed))


def median_log_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Return what a unit comes to: the median over its pairs of the logarithm of b's time over a's."""
    return median(log(b / a) for a, b in pairs)


def alternated_values(
    contrast: Contrast, seed: int, clock: Callable[[], float] = perf_counter
) -> list[tuple[float, float]]:
    """Build both sides here, in random order since the first gets the better memory, and alternate them.

    Returns
    -------
    list of tuple of float
        Pairs of a's and b's seconds per unit: sixteen, or as many as fit `UNIT_SECONDS` but at least five.
    """
    chance = random.Random(seed)
    settings = {"a": contrast.a, "b": contrast.b}
    sides = {side: contrast.build(settings[side]) for side in chance.sample(["a", "b"], 2)}
    alternating = [
        side
        for side in sides.values()
        if isinstance(side, AlternatingCalls) and isinstance(side.clock, EventClock)
    ]
    if len({one.clock.is_replay for one in alternating}) > 1:  # both sides must be timed alike
        for one in alternating:
            one.launch()
    pairs: list[tuple[float, float]] = []
    begun = clock()
    while len(pairs) < MIN_PAIRS or (len(pairs) < MAX_PAIRS and clock() - begun < UNIT_SECONDS):
        seconds = {side: value_seconds(sides[side]) for side in chance.sample(["a", "b"], 2)}
        pairs.append((seconds["a"], seconds["b"]))
    for side in sides.values():
        side.close()
    return pairs


def value_seconds(configuration: Configuration) -> float:
    """One value: the median round of one short measurement, in seconds per unit."""
    budget = LOADER_VALUE_SECONDS if configuration.unit == "sample" else VALUE_SECONDS
    return median(configuration.measure(budget, 1.0).rounds_seconds)


def in_fresh_process(work: Callable[..., Any], arguments: tuple[Any, ...], limit_seconds: float) -> Any:
    """Call a function in a new process and return what it returns.

    Where the platform forks, the process is a copy of this one with torch imported already, before any thread
    was started: it costs some milliseconds instead of seconds.

    Raises
    ------
    MeasurementError
        It raised, took longer than the limit, or died.
    """
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    get_temp_dir()  # for sockets: what is started here shares it, and leaves none where it is killed
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        return _outcome(receiver, process, limit_seconds)
    finally:
        receiver.close()
        assert process.pid is not None
        if process.is_alive():
            process.kill()
        process_tree.end_session(process.pid)
        process.join()


def _answer(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform == "linux":  # nobody else would end a unit that hangs when `ab` itself is killed
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for name in ("SIGTERM", "SIGHUP"):  # what the parent does then is not for the child
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    torch.set_num_threads(1)
    try:
        sender.send(("ok", work(*arguments)))
    except Exception as error:
        sender.send(("raised", f"{type(error).__name__}: {error}"))
    sender.close()


def _outcome(receiver: Connection, process: Any, limit_seconds: float) -> Any:
    if not receiver.poll(limit_seconds):
        raise MeasurementError("hung", f"no result within {limit_seconds:g} s")
    with contextlib.suppress(EOFError):
        kind, answer = receiver.recv()
        if kind == "raised":
            raise MeasurementError("raised", answer)
        return answer
    process.join(timeout=5)
    raise MeasurementError("died", f"the measuring process {describe_exit(process.exitcode or 0)}")
