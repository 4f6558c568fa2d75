"""Loader workers that use the GPU after their parent has: which start methods can, and at what cost."""

from typing import ClassVar

import pytest

from bench.configuration import PassResult
from bench.start_up import Trainer, WorkersFailedError
from diagnostics.traces.explaining import explain_trace
from diagnostics.traces.trace import read_trace


def refusal(text: str) -> str | None:
    """Return the doctor's finding about why workers could not use CUDA, None where it is another failure.

    Parameters
    ----------
    text : str
        The traceback that the DataLoader raised.
    """
    first = explain_trace(read_trace(text))[0]
    return f"{first.code} {first.slug}: {first.title}" if first.slug.startswith("cuda-") else None


class CudaStarts:
    """Workers that use the device, out of a process that has used it; every pass starts and stops them anew.

    Parameters
    ----------
    start_method : str
    num_workers : int
    device : str
    """

    unit: ClassVar[str] = "start"

    def __init__(self, start_method: str, num_workers: int, device: str) -> None:
        self.start_method, self.num_workers, self.device = start_method, num_workers, device
        self._trainer: Trainer | None = None

    def warm_up(self) -> None:
        """Start the process and, once, its workers; what CUDA refuses is skipped with the finding."""
        self._trainer = Trainer(self.start_method, self.device)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def measure(self, seconds: float, until: float) -> PassResult:
        """Start the workers once; the pass is the seconds until all of them have delivered."""
        del seconds, until
        figures = self._start()
        return PassResult([figures["all_workers_seconds"]], figures=figures)

    def close(self) -> None:
        """End the process."""
        if self._trainer is not None:
            self._trainer.close()
            self._trainer = None

    def _start(self) -> dict[str, float]:
        assert self._trainer is not None
        try:
            return self._trainer.start_workers("nothing", self.num_workers)
        except WorkersFailedError as error:
            if finding := refusal(str(error)):
                pytest.skip(f"{self.start_method} after CUDA was used: {finding}")
            raise
