"""The step alone, on batches that are kept: what training would do if data were free."""

from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import Any


def replay(
    loader: Any, step: Callable[[Any], Any] | None, number: int, seconds: float, beat: Callable[[], None]
) -> float:
    """Return seconds a batch; an upper bound on speed, because loading leaves the processors alone too."""
    batches = list(islice(loader, number))
    run = step or (lambda batch: None)
    for batch in batches[:2]:
        run(batch)
    count, begun = 0, perf_counter()
    while perf_counter() - begun < seconds or count < len(batches):
        run(batches[count % len(batches)])
        count += 1
        beat()
        if count >= 3 and perf_counter() - begun > seconds:
            break
    return (perf_counter() - begun) / max(1, count)
