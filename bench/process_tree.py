"""CPU time and memory of this process and its workers, and how they are ended."""

import contextlib
import os
from collections.abc import Iterable
from statistics import mean
from typing import NoReturn

import psutil

from diagnostics.ending import signals_handled

END_SECONDS = 5.0


def cpu_seconds(workers: Iterable[int]) -> float:
    """User and system time used so far by this process, its workers and their living descendants, in seconds.

    Other processes of this one, such as torch's pool of compilers, may end in between and are not counted.
    The kernel counts in ticks of 10 ms, so only sums over several passes are precise.
    """
    family = [psutil.Process()]
    for pid in workers:
        with contextlib.suppress(psutil.Error):
            worker = psutil.Process(pid)
            family += [worker, *worker.children(recursive=True)]
    total = 0.0
    for process in family:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def memory_per_process(pids: Iterable[int]) -> dict[str, float]:
    """Mean PSS and USS of processes in bytes, as far as the platform tells them.

    RSS counts shared pages in every process and misleads; PSS shares them out and USS leaves them out.
    """
    readings: dict[str, list[int]] = {"pss": [], "uss": []}
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            memory = psutil.Process(pid).memory_full_info()
            for kind, values in readings.items():
                if hasattr(memory, kind):
                    values.append(getattr(memory, kind))
    return {f"{kind}_bytes_per_worker": mean(values) for kind, values in readings.items() if values}


def interrupted_by_signals() -> contextlib.AbstractContextManager[None]:
    """Take SIGTERM and SIGHUP for a Ctrl-C meanwhile: `timeout`, containers, job schedulers, lost terminals.

    One that is ignored, as nohup has it, stays so.
    """

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    return signals_handled(interrupt)


def end_session(leader_pid: int) -> None:
    """Kill the leader of a session and everything in it, orphans included, and wait until they are gone.

    multiprocessing's resource trackers are let live: once the others are dead they remove the semaphores that
    those left behind, and end.
    """
    family = [process for process in psutil.process_iter() if _belongs(process, leader_pid)]
    trackers = [process for process in family if _is_resource_tracker(process)]
    for process in family:
        if process not in trackers:
            with contextlib.suppress(psutil.Error):
                process.kill()
    psutil.wait_procs(family, timeout=END_SECONDS)


def _belongs(process: psutil.Process, leader_pid: int) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if process.pid == leader_pid:
            return True
        if hasattr(os, "getsid"):
            return os.getsid(process.pid) == leader_pid
        return any(parent.pid == leader_pid for parent in process.parents())
    return False


def _is_resource_tracker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "multiprocessing.resource_tracker" in " ".join(process.cmdline())
    return False
