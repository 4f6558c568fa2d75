"""Work of known size, for calibration: the same configuration with a share of more work planted in it."""

from collections.abc import Callable
from time import perf_counter
from typing import ClassVar

import torch

from bench.configuration import PassResult

STEPS = 100  # of which a share of 0.02 can be added exactly
VALUE_SECONDS = 0.004  # of a value, as ab gives calls


def _python() -> Callable[[], object]:
    return lambda: sum(range(2000))


def _product() -> Callable[[], object]:
    matrix = torch.rand(96, 96, generator=torch.Generator().manual_seed(0))
    return lambda: matrix @ matrix


def _copy() -> Callable[[], object]:
    source = torch.rand(1 << 17, generator=torch.Generator().manual_seed(0))
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def _batchnorm() -> Callable[[], object]:
    layer = torch.nn.BatchNorm1d(64)
    rows = torch.randn(512, 64, generator=torch.Generator().manual_seed(0))
    return torch.no_grad()(lambda: layer(rows))


WORK = {"python": _python, "product": _product, "copy": _copy, "batchnorm": _batchnorm}


class PlantedCalls:
    """A hundred steps of small work, and a share more, timed as if they were a hundred.

    Found by name in the measuring process.
    """

    unit: ClassVar[str] = "call"

    def __init__(self, work: str, planted: float) -> None:
        self.step = WORK[work]()
        self.num_steps = STEPS + round(STEPS * planted)
        self.num_repeats = 1

    def warm_up(self) -> None:
        """Run once, then choose the repeats that fill a value."""
        torch.set_num_threads(1)
        self._seconds()
        self.num_repeats = max(1, round(VALUE_SECONDS / self._seconds()))

    def measure(self, seconds: float, until: float) -> PassResult:
        """Time one value."""
        del seconds, until
        return PassResult([self._seconds()])

    def close(self) -> None:
        """Hold nothing."""

    def _seconds(self) -> float:
        starts = perf_counter()
        for _ in range(self.num_repeats):
            for _ in range(self.num_steps):
                self.step()
        return (perf_counter() - starts) / self.num_repeats
