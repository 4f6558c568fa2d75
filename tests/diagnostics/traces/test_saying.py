"""What people say beside a log, or instead of one."""

import pytest

from diagnostics.traces.explaining import explain_log
from diagnostics.traces.saying import fine_without_workers
from diagnostics.traces.trace import read_trace


@pytest.mark.parametrize(
    "text",
    [
        "With num_workers=0 it works.",
        "with num_workers=0 it works fine",
        "if num_workers is 0, it works",
        "for num_workers=0 everything is ok",
        "If I set num_workers to be 0, all is good, everything works well",
        "the problem disappears if I set `num_workers = 0`",
        "单进程没有问题",
        "there are no errors without workers",
        "it never happens when num_workers is 0",
        "I fixed it by using num_workers 0",
        "`workers` = 0 solves the problem",
    ],
)
def test_that_nothing_fails_without_workers_is_read_in_many_words(text: str) -> None:
    assert fine_without_workers(read_trace(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "with num_workers = 0 it still fails",
        "it does not work with num_workers=0 either",
        "I set num_workers=0 and got the same error",
        "num_workers=10 works fine",
        "num_workers=0 did not solve it",
    ],
)
def test_that_it_fails_without_workers_too_is_not_taken_for_the_contrary(text: str) -> None:
    assert fine_without_workers(read_trace(text)) is None


CHILD = (
    "Traceback (most recent call last):\n"
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 40, in _worker_loop\n'
    "    samples = collate_fn([dataset[i] for i in batch_indices])\n"
    '  File "/home/user/volumes.py", line 22, in __getitem__\n    return self.scans[index]\n'
    '  File "/opt/lib/site-packages/h5py/_hl/dataset.py", line 494, in __getitem__\n'
    "    self.id.read(mspace, fspace, arr, mtype)\n"
)
CASES = {
    "an HDF5 file that is read well without workers only": (
        "With num_workers=0 it works fine.\n" + CHILD + "OSError: Can't read\n",
        "fork-shared-handle",
    ),
    "wrong values from an LMDB, in workers alone": (
        "My lmdb dataset returns wrong images with 4 workers, but num_workers=0 is fine.",
        "fork-shared-handle",
    ),
    "ranks of unequal data, told beside NCCL's timeout": (
        "Streaming shards of unequal sizes: uneven data per rank, and then an NCCL timeout\n"
        "c10::DistBackendError: [Rank 2] Process group watchdog thread terminated with exception: "
        "Watchdog caught collective operation timeout\n",
        "ddp-loader-imbalance",
    ),
    "a training that is interrupted because it has stopped": (
        "After a while it just stalls, and when I press Ctrl+C I see\n"
        "Exception ignored in: <function _MultiProcessingDataLoaderIter.__del__ at 0x7f00>\n"
        "Traceback (most recent call last):\n"
        '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1466, in __del__\n'
        "    self._shutdown_workers()\n",
        "hang-in-worker",
    ),
    "a message that is cut off, whose word the title tells": (
        "Prefect runs my predictor as a daemonic process\n\nTraceback (most recent call last):\n"
        '  File "/home/user/flow.py", line 9, in <module>\n    for batch in loader:\nAssertionError\n',
        "daemonic-children",
    ),
    "Ray's words for a long path": (
        "OSError: AF_UNIX path length cannot exceed 107 bytes: '/lustre/a/very/long/path/plasma_store'\n",
        "socket-path-too-long",
    ),
    "two arguments that do not go together": (
        "Passing prefetch_factor with num_workers left at 0 raises an error in our trainer",
        "prefetch-factor-zero-workers",
    ),
    "a wait at the start of every epoch": (
        "The DataLoader takes 40 s at the beginning of every epoch, then it is fast.",
        "no-persistent-workers",
    ),
    "files that cannot be read": (
        "With the DataLoader it crashed now and then; in the end some of the data files were corrupted.",
        "dataset-exception",
    ),
    "a loader of nnU-Net's kind": (
        "using pin_memory on device 0\nepoch 0\nException in background worker 5:\n "
        "cannot reshape array of size 0\n",
        "dataset-exception",
    ),
    "a remark that the guard is missing": (
        "Windows users see PermissionError: [WinError 32] on run/log.txt, since each worker re-imports the "
        'script. We should wrap the example in `if __name__ == "__main__":`.',
        "missing-main-guard",
    ),
    "a hang where no batch is waited for": (
        "`loss.backward()` of the second step hangs on this machine",
        "not-dataloader",
    ),
    "an inference engine's process": (
        "(VllmWorker rank=2 pid=811) Process SpawnProcess-1:3:\n"
        "ERROR 01-02 10:00:00 [multiproc_executor.py:140] Worker proc VllmWorker-2 died unexpectedly\n",
        "not-dataloader",
    ),
    "an object that a decorator replaced": (
        "_pickle.PicklingError: Can't pickle <functools._lru_cache_wrapper object at 0x000001E2>: it's not "
        "the same object as prep.mel_filters\n",
        "unpicklable-local",
    ),
    "a rank that was killed while it loaded its data": (
        "It happens while caching datasets.\nERROR:torch.distributed.elastic.multiprocessing.api:failed "
        "(exitcode: -9) local_rank: 1 (pid: 4242) of binary: /usr/bin/python\n"
        "Traceback (most recent call last):\n"
        '  File "/opt/lib/python3.8/runpy.py", line 87, in _run_code\n    exec(code, run_globals)\n'
        '  File "/opt/lib/site-packages/torch/distributed/launch.py", line 191, in main\n    launch(args)\n',
        "worker-oom-killed",
    ),
    "times with underscores and zones, and what a worker raised cut off": (
        "2021-01-02_10:00:00EST: Traceback (most recent call last):\n"
        '2021-01-02_10:00:00EST:   File "fit.py", line 12, in <module>\n'
        "2021-01-02_10:00:00EST:     for x in loader:\n"
        '2021-01-02_10:00:00EST:   File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 881, '
        "in _process_data\n",
        "dataset-exception",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_cause_that_is_told(name: str) -> None:
    text, slug = CASES[name]
    assert explain_log(text)[0].slug == slug


@pytest.mark.parametrize(
    "text",
    [
        'I already wrapped everything in if __name__ == "__main__": on Windows, and it crashes still',
        "Press Ctrl+C to quit the dev server",
        "How do I choose num_workers and prefetch_factor?",
        "At the end of every epoch the loss is 0.3",
        "Saving a checkpoint takes a while",
    ],
)
def test_what_tells_of_no_failure_gives_no_cause(text: str) -> None:
    assert explain_log(text)[0].slug == "unrecognised"
