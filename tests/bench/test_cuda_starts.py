import sys

import pytest

from bench import bench_loader_after_cuda as after_cuda
from bench import cuda_starts
from bench.configuration import Options
from bench.cuda_starts import CudaStarts, refusal
from bench.start_up import Trainer, WorkersFailedError

FORKED = """Traceback (most recent call last):
  File "bench/starting.py", line 171, in serve
    figures = start(held[1], request["num_workers"], method)
  File "torch/utils/data/dataloader.py", line 1510, in _next_data
    return self._process_data(data, worker_id)
RuntimeError: Caught RuntimeError in DataLoader worker process 0.
Original Traceback (most recent call last):
  File "torch/utils/data/_utils/worker.py", line 349, in _worker_loop
    data = fetcher.fetch(index)
  File "bench/starting.py", line 62, in __getitem__
    torch.ones(1, device=self.device).item()
  File "torch/cuda/__init__.py", line 398, in _lazy_init
    raise RuntimeError(
RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use \
the 'spawn' start method
"""


class Failing:
    """A process whose workers fail as they did elsewhere."""

    def __init__(self, start_method: str, device: str) -> None:
        self.is_closed = False
        FAILING.append(self)

    def start_workers(self, held: str, num_workers: int) -> dict[str, float]:
        raise WorkersFailedError(self.text)

    def close(self) -> None:
        self.is_closed = True

    text = FORKED


FAILING: list[Failing] = []


def test_forks_refusal_is_the_doctors_finding() -> None:
    assert refusal(FORKED) == "DL228 cuda-in-forked-worker: CUDA is used in a forked worker"


def test_another_failure_is_no_refusal() -> None:
    assert refusal("Traceback (most recent call last):\nValueError: no such sample: 17\n") is None


def test_fork_is_skipped_with_the_finding_and_its_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_starts, "Trainer", Failing)
    with pytest.raises(pytest.skip.Exception, match="fork after CUDA was used: DL228 cuda-in-forked-worker"):
        CudaStarts("fork", 2, "cuda").warm_up()
    assert FAILING[-1].is_closed


def test_another_failure_is_raised_and_its_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_starts, "Trainer", Failing)
    monkeypatch.setattr(Failing, "text", "ValueError: 17\n")
    with pytest.raises(WorkersFailedError, match="17"):
        CudaStarts("spawn", 2, "cuda").warm_up()
    assert FAILING[-1].is_closed


@pytest.mark.skipif(sys.platform == "win32", reason="fork is what makes this quick")
def test_what_workers_raise_comes_back_as_their_traceback() -> None:
    trainer = Trainer("fork", "cpu")
    try:
        with pytest.raises(WorkersFailedError, match="Traceback"):
            trainer.start_workers("nothing", -1)
        assert trainer.start_workers("nothing", 1)["all_workers_seconds"] > 0
    finally:
        trainer.close()


def test_the_grid_tries_fork_to_see_it_refused_and_nothing_on_the_cpu() -> None:
    assert after_cuda.grid(Options(devices=("cpu",))) == []
    rows = after_cuda.grid(Options(devices=("cpu", "cuda")))
    assert [row["start_method"] for row in rows] == ["fork", "spawn", "forkserver"]


@pytest.mark.cuda
@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_on_a_gpu_fork_is_refused_with_the_finding_and_spawn_works() -> None:
    with pytest.raises(pytest.skip.Exception, match="cuda-in-forked-worker"):
        CudaStarts("fork", 1, "cuda").warm_up()
    spawned = CudaStarts("spawn", 1, "cuda")
    spawned.warm_up()
    assert spawned.measure(0.1, 1.0).figures["all_workers_seconds"] > 0
    spawned.close()
