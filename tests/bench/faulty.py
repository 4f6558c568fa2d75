"""Benchmark files to be written into a temporary folder: configurations that go wrong in every way."""

from pathlib import Path

SOURCE = """
import os, signal, subprocess, sys, threading, time
import pytest, torch
from bench import heartbeat
from bench.configuration import PassResult, configurations
from bench.user_data import UserDataError

class Calm:
    unit = "call"
    def warm_up(self): pass
    def measure(self, seconds, until):
        return PassResult([0.25, 0.5, 1.0], figures={"answer": 42.0, "nothing": float("nan")})
    def close(self): pass

class Faulty(Calm):
    def __init__(self, fault): self.fault, self.number = fault, 0
    def measure(self, seconds, until):
        self.number += 1
        if self.fault.startswith("late") and self.number == 1:
            return super().measure(seconds, until)
        getattr(self, self.fault.removeprefix("late_"))()
    def raises(self): raise ValueError("no such sample: 17")
    def exits(self): os._exit(7)
    def kills_itself(self): os.kill(os.getpid(), signal.SIGKILL)
    def breaks_the_gpu(self):
        def broken(): raise RuntimeError("CUDA error: an illegal memory access was encountered")
        torch.cuda.is_initialized, torch.cuda.synchronize = lambda: True, broken
        broken()
    def closes_the_streams(self): exit("enough")
    def asks(self): raise ValueError(f"answered {sys.stdin.readline()!r}")
    def hangs(self): time.sleep(600)
    def hangs_in_a_lock(self):
        lock = threading.Lock(); lock.acquire(); lock.acquire()
    def leaves_a_child(self):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(os.environ["CHILD_PID_FILE"], "w") as file: file.write(str(child.pid))
        os.kill(os.getpid(), signal.SIGKILL)

class Study(Calm):
    epoch = 0
    def measure(self, seconds, until):
        while True:
            self.epoch += 1
            heartbeat.beat()
            heartbeat.offer(lambda: PassResult([0.5] * self.epoch, study={"epochs": self.epoch}))
            time.sleep(0.01)

class Large(Calm):
    # finds no room beside another
    alive = 0
    def __init__(self, at): self.at, Large.alive = at, Large.alive + 1
    def ask(self, at):
        if at == self.at and Large.alive > 1: raise torch.OutOfMemoryError("CUDA out of memory.")
    def warm_up(self): self.ask("building")
    def measure(self, seconds, until):
        self.ask("measuring")
        return super().measure(seconds, until)
    def close(self): Large.alive -= 1

class Careful(Calm):
    def close(self): open("closed", "w").close()

class TooLarge(Calm):
    def measure(self, seconds, until): raise MemoryError("no room at all")

@configurations(lambda options: [{"fault": name} for name in FAULTS], topic="faulty", group="faulty")
def bench_faulty(fault):
    if fault == "skipped":
        pytest.skip("not on this machine")
    if fault == "unbuildable":
        raise FileNotFoundError("no data folder")
    if fault == "unusable":
        raise UserDataError("mine.py:data: no pairs")
    if fault.startswith("large_when_"):
        return Large(fault.removeprefix("large_when_"))
    plain = {"calm": Calm, "studies": Study, "too_large": TooLarge, "careful": Careful}
    return plain.get(fault, lambda: Faulty(fault))()
"""


def write(folder: Path, *faults: str) -> Path:
    """Write a benchmark file with one configuration for each fault."""
    path = folder / "bench_faulty.py"
    path.write_text(f"FAULTS = {list(faults)!r}\n{SOURCE}", encoding="utf-8")
    return path
