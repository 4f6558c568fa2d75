"""Trial: how much more work 2, 4, ... processes really do than one. Run by path in a child.

Processes of plain Python arithmetic wait for a word, all count at once, and answer; one and several take
turns in random order, so that whatever disturbs the machine meets both. What they get together, against what
one gets alone, is the number of cores that is really there: quotas, neighbours and hyper-threads show in it.
"""

import json
import os
import random
import subprocess
import sys
import time
from typing import Any

MOST_PROCESSES = 32
WORK_SECONDS = 0.03
NUM_ROUNDS = 8
BUDGET_SECONDS = 6.0
COUNTER = (
    "import sys\n"
    "for line in sys.stdin:\n"
    "    total = 0\n"
    "    for number in range(int(line)): total += number * number\n"
    "    print(total, flush=True)\n"
)


class Counters:
    """Processes that count when they are told to."""

    def __init__(self, number: int) -> None:
        command = [sys.executable, "-S", "-E", "-c", COUNTER]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(number)
        ]

    def seconds(self, number: int, amount: int) -> float:
        """Let the first few count so far at once; return how long it takes until all have answered."""
        starts = time.perf_counter()
        for process in self.processes[:number]:
            assert process.stdin is not None
            process.stdin.write(f"{amount}\n")
            process.stdin.flush()
        for process in self.processes[:number]:
            assert process.stdout is not None
            process.stdout.readline()
        return time.perf_counter() - starts

    def close(self) -> None:
        """End them: they stop when their input does."""
        for process in self.processes:
            process.communicate()


def usable_cores() -> int:
    """Return the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def numbers_tried(cores: int) -> list[int]:
    """Return 2, 4, ... below the number of cores, and that number itself."""
    most = min(cores, MOST_PROCESSES)
    return sorted({most, *(2**power for power in range(1, 6) if 2**power < most)} - {0, 1})


def measured(counters: Counters, numbers: list[int]) -> dict[int, list[tuple[float, float]]]:
    """Return, for each number of processes, pairs of (number times one's seconds, seconds of all)."""
    amount = 10_000
    while (seconds := counters.seconds(1, amount)) < WORK_SECONDS:
        amount = int(amount * max(2.0, WORK_SECONDS / max(seconds, 1e-6)))
    pairs: dict[int, list[tuple[float, float]]] = {number: [] for number in numbers}
    starts = time.perf_counter()
    for done in range(NUM_ROUNDS):
        if done >= 3 and time.perf_counter() - starts > BUDGET_SECONDS:
            break
        for number in random.sample(numbers, len(numbers)):
            found = {size: counters.seconds(size, amount) for size in random.sample((1, number), 2)}
            pairs[number].append((number * found[1], found[number]))
    return pairs


def as_document(pairs: dict[int, list[tuple[float, float]]], cores: int) -> dict[str, Any]:
    """Return the pairs of every number of processes; those of as many as cores under a key of their own."""
    numbers = {f"trial.parallel_speedup_{number}_ratio": found for number, found in pairs.items()}
    most = {"trial.parallel_speedup_ratio": pairs[max(pairs)] if pairs else []}
    return {
        "facts": {
            "trial.parallel_processes_count": {
                "value": max(pairs) if pairs else min(cores, 1),
                "unit": "count",
                "source": "os.sched_getaffinity",
            }
        },
        "pairs": {
            key: {"numerator": [a for a, _ in found], "denominator": [b for _, b in found]}
            for key, found in (numbers | most).items()
        },
    }


def main() -> None:
    """Measure and print; with one core there is nothing to compare."""
    cores = usable_cores()
    numbers = numbers_tried(cores)
    if not numbers:
        print(json.dumps(as_document({}, cores)))
        return
    counters = Counters(max(numbers))
    try:
        pairs = measured(counters, numbers)
    finally:
        counters.close()
    print(json.dumps(as_document(pairs, cores)))


if __name__ == "__main__":
    main()
