"""Trial: small training steps with torch's default number of threads against one thread.

A small MLP is trained on random data, one step with one thread and one with the default, in random order
within each couple, so that whatever disturbs the machine meets both. Couples are gathered into pairs of about
0.1 s (neighbouring steps share the machine's state, so a single couple is no independent value). Run by path
in a child; prints the pairs as JSON, and the CPU time that was stolen meanwhile.
"""

import json
import random
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

NEEDS_TORCH = True
BATCH_SIZE, WIDTH = 128, 128
PAIR_SECONDS = 0.1
MOST_PAIRS, FEWEST_PAIRS = 10, 4
BUDGET_SECONDS = 1.2


def make_step(torch: ModuleType) -> Callable[[], None]:
    """Return a function that trains a small MLP by one step of plain gradient descent.

    No torch.optim: its first step imports the compiler, which takes a second.
    """
    layers, relu = torch.nn.Linear, torch.nn.ReLU
    model = torch.nn.Sequential(layers(64, WIDTH), relu(), layers(WIDTH, WIDTH), relu(), layers(WIDTH, 10))
    parameters = list(model.parameters())
    inputs, targets = torch.randn(BATCH_SIZE, 64), torch.randint(0, 10, (BATCH_SIZE,))

    def step() -> None:
        loss = torch.nn.functional.cross_entropy(model(inputs), targets)
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.data.add_(gradient, alpha=-0.01)

    return step


def seconds_of_step(torch: ModuleType, step: Callable[[], None], num_threads: int) -> float:
    """Time one step, after one that lets the threads settle."""
    torch.set_num_threads(num_threads)
    step()
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measure_pair(torch: ModuleType, step: Callable[[], None], num_threads: int) -> tuple[float, float]:
    """Return the mean seconds of a step with one thread and with `num_threads`, alternated."""
    sums, couples, start = {1: 0.0, num_threads: 0.0}, 0, time.perf_counter()
    while not couples or time.perf_counter() - start < PAIR_SECONDS:
        for threads in random.sample((1, num_threads), 2):
            sums[threads] += seconds_of_step(torch, step, threads)
        couples += 1
    return sums[1] / couples, sums[num_threads] / couples


def measure_pairs(torch: ModuleType, num_threads: int) -> list[tuple[float, float]]:
    """Measure until there are enough pairs or, past the fewest, until the budget is spent."""
    step, start = make_step(torch), time.perf_counter()
    pairs: list[tuple[float, float]] = []
    seconds_of_step(torch, step, num_threads)
    while len(pairs) < FEWEST_PAIRS or (
        len(pairs) < MOST_PAIRS and time.perf_counter() - start < BUDGET_SECONDS
    ):
        pairs.append(measure_pair(torch, step, num_threads))
    return pairs


def cpu_ticks() -> tuple[int, int] | None:
    """Return stolen and all ticks since boot, or None where there is no /proc/stat."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:  # noqa: PTH123  this file stands alone
            ticks = [int(field) for field in stat.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    return (ticks[7], sum(ticks)) if len(ticks) == 8 else None


def steal_facts(
    before: tuple[int, int] | None, after: tuple[int, int] | None, seconds: float
) -> dict[str, Any]:
    """Return the stolen share between two readings."""
    if not before or not after or after[1] <= before[1]:
        return {}
    fraction = max(0.0, (after[0] - before[0]) / (after[1] - before[1]))
    source = f"/proc/stat over {seconds:.1f} s under load"
    return {"cpu.steal_fraction": {"value": round(fraction, 4), "unit": "fraction", "source": source}}


def mean(values: list[float]) -> float | None:
    """Return the arithmetic mean, None where there is no value."""
    return sum(values) / len(values) if values else None


def as_document(pairs: list[tuple[float, float]], num_threads: int) -> dict[str, Any]:
    """Return the facts, and the pairs from which the interval of the ratio is taken."""
    source = f"{len(pairs)} pairs of small training steps"
    ones, defaults = [one for one, _ in pairs], [default for _, default in pairs]
    facts = {
        "trial.intra_op_default_threads_count": (num_threads, "count", "torch.get_num_threads"),
        "trial.intra_op_one_thread_seconds": (mean(ones), "seconds", source),
        "trial.intra_op_default_threads_seconds": (mean(defaults), "seconds", source),
    }
    return {
        "facts": {
            key: {"value": v, "unit": unit, "source": origin} for key, (v, unit, origin) in facts.items()
        },
        "pairs": {"trial.intra_op_slowdown_ratio": {"numerator": defaults, "denominator": ones}},
    }


def main() -> None:
    """Measure and print; with one thread there is nothing to compare, and no pairs."""
    import torch

    num_threads, before, start = torch.get_num_threads(), cpu_ticks(), time.perf_counter()
    pairs = measure_pairs(torch, num_threads) if num_threads > 1 else []
    document = as_document(pairs, num_threads)
    if pairs:
        document["facts"].update(steal_facts(before, cpu_ticks(), time.perf_counter() - start))
    print(json.dumps(document))


if __name__ == "__main__":
    main()
