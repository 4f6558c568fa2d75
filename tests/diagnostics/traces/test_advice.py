"""What is advised follows what the log shows, not the diagnosis alone."""

from dataclasses import dataclass

import pytest

from diagnostics.traces.explaining import explain_log

LIB = "/opt/conda/lib/python3.9/site-packages"


def frame(path: str, line: int, function: str, code: str = "") -> str:
    return f'  File "{path}", line {line}, in {function}\n' + (f"    {code}\n" if code else "")


def advice(text: str) -> str:
    """Summary, sentence and commands of the first finding."""
    finding = explain_log(text)[0]
    assert finding.remedy is not None
    return "\n".join((finding.summary, finding.remedy.text, *finding.remedy.commands))


@dataclass(frozen=True)
class Case:
    log: str
    slug: str
    said: tuple[str, ...]
    unsaid: tuple[str, ...] = ()


DRAWS = frame(f"{LIB}/torch/utils/data/sampler.py", 118, "__iter__", "yield from torch.randperm(n)")
SHM = "RuntimeError: unable to open shared memory object </torch_77_88> in read-write mode"
BY_NAME = frame(f"{LIB}/torch/multiprocessing/reductions.py", 410, "rebuild_storage_filename")
PIN = "RuntimeError: Caught RuntimeError in pin memory thread for device 0.\nOriginal Traceback (most"
PIN += " recent call last):\n" + frame(f"{LIB}/torch/utils/data/_utils/pin_memory.py", 31, "_pin_memory_loop")
CASES = {
    "a CUDA generator where a permutation is drawn on the CPU is left away": Case(
        DRAWS + "RuntimeError: Expected a 'cpu' device type for generator but found 'cuda'\n",
        "generator-device-mismatch",
        ("generator on cuda", 'Generator(device="cpu")'),
        ('Generator(device="cuda")', "default device is"),
    ),
    "a CPU generator under another default device becomes one of that device": Case(
        DRAWS + "RuntimeError: Expected a 'mps:0' generator device but found 'cpu'\n",
        "generator-device-mismatch",
        ("default device is mps", 'DataLoader(..., generator=torch.Generator(device="mps"))'),
    ),
    "a split takes a generator of its own": Case(
        frame("/home/me/fit.py", 20, "main", "a, b = random_split(data, [8, 2])")
        + frame(f"{LIB}/torch/utils/data/dataset.py", 300, "random_split", "indices = randperm(10)")
        + "RuntimeError: Expected a 'cuda' device type for generator but found 'cpu'\n",
        "generator-device-mismatch",
        ('random_split(..., generator=torch.Generator(device="cuda"))',),
        ("DataLoader(",),
    ),
    "a shared file that is gone is not shared by name once more": Case(
        BY_NAME + f"{SHM}: No such file or directory (2)\n",
        "shm-open-failed",
        ("removed", 'set_sharing_strategy("file_descriptor")'),
        ('set_sharing_strategy("file_system")',),
    ),
    "sharing by name is not advised where it is in use": Case(
        BY_NAME + f"{SHM}\n",
        "shm-open-failed",
        ("by name", "file_descriptor"),
        ('"file_system"',),
    ),
    "shared memory that nobody may write to wants its rights": Case(
        f"{SHM}: Permission denied (13)\n", "shm-open-failed", ("ls -ld /dev/shm",), ("ulimit",)
    ),
    "a shared file of the same name comes of shared name spaces": Case(
        f"{SHM}: File exists (17)\n", "shm-open-failed", ("--shm-size",), ("ulimit",)
    ),
    "a Mac has no /dev/shm to look at": Case(
        f"trained on my MacBook\n{SHM}\n", "shm-open-failed", ("ulimit",), ("/dev/shm", "file_descriptor")
    ),
    "the limit of the whole system is no user's": Case(
        "OSError: [Errno 23] Too many open files in system: '/data/3.png'\n",
        "fd-exhausted",
        ("fs.file-max", "errno 23"),
        ("ulimit",),
    ),
    "another framework's loader has no use for torch's settings": Case(
        frame("/home/me/tools/fit.py", 3, "main")
        + frame(f"{LIB}/paddle/io/dataloader/dataloader_iter.py", 9, "_init_workers")
        + "OSError: [Errno 24] Too many open files\n",
        "fd-exhausted",
        ("ulimit",),
        ("torch", "clone"),
    ),
    "a number below an error is no name": Case(
        "Can't pickle local object\n  41 │   batch = next(it)  # of the dataloader\n",
        "unpicklable-local",
        ("Something sent",),
        ("41",),
    ),
    "a name without its quotes is a name": Case(
        "AttributeError: Can't pickle local object build.<locals>.pad\n",
        "unpicklable-local",
        ("build.<locals>.pad is",),
    ),
    "a worker that was told to end was told by somebody": Case(
        "[rank3]: RuntimeError: DataLoader worker (pid 512) is killed by signal: Terminated. \n",
        "shutdown-noise",
        ("told to end", "all ranks", "another rank"),
        ("cause nothing", "ignore"),
    ),
    "a closed terminal ends workers": Case(
        "RuntimeError: DataLoader worker (pid 512) is killed by signal: Hangup. \n",
        "shutdown-noise",
        ("terminal", "tmux"),
    ),
    "a pinning thread whose traceback is cut names no reason": Case(
        PIN + frame(f"{LIB}/torch/utils/data/_utils/pin_memory.py", 55, "pin_memory", "return [p(s) for s"),
        "pin-memory-thread-died",
        ("cut off", "to its end"),
        ("names the reason;", "Read the traceback"),
    ),
    "a pinning thread without any traceback": Case(
        "RuntimeError: Pin memory thread exited unexpectedly\n",
        "pin-memory-thread-died",
        ("not in this log",),
        ("Read the traceback",),
    ),
    "nothing can be mounted in a function service": Case(
        frame("/var/task/handler.py", 8, "run", "pool = Pool(2)")
        + frame("/var/lang/lib/python3.11/multiprocessing/synchronize.py", 57, "__init__")
        + "OSError: [Errno 38] Function not implemented\n",
        "semaphore-unavailable",
        ("ThreadPoolExecutor",),
        ("mount -t", "sudo"),
    ),
    "what somebody says of their machine is heard": Case(
        "my laptop has Windows, in a notebook\nDataLoader worker (pid(s) 4, 8) exited unexpectedly\n",
        "worker-exited-unknown",
        ("__main__",),
        ("/dev/shm",),
    ),
    "an exit code that was seen without workers speaks for itself": Case(
        "with 2 workers:\nRuntimeError: DataLoader worker (pid(s) 700) exited unexpectedly\n"
        "with none:\nProcess finished with exit code -1073741795 (0xC000001D)\n",
        "worker-exited-unknown",
        ("illegal instruction", "build for this processor"),
        ("num_workers=0", "__main__"),
    ),
    "a DLL that is not found is reinstalled": Case(
        "train.py: Process finished with exit code -1073741515 (0xC0000135)\n",
        "unrecognised",
        ("DLL", "reinstall"),
        ("num_workers=0",),
    ),
    "what fails with workers only is not run without them": Case(
        "RuntimeError: DataLoader worker (pid 91) is killed by signal: Segmentation fault.\n"
        "It works fine with `num_workers=0`, and I have plenty of memory.\n",
        "worker-segfault",
        ("worker_init_fn=show_crash", "forkserver"),
        ("DataLoader(..., num_workers=0)", "Run without"),
    ),
    "what fails without workers too is run without them": Case(
        "RuntimeError: DataLoader worker (pid 91) is killed by signal: Segmentation fault.\n"
        "It does not work with num_workers=0 either.\n",
        "worker-segfault",
        ("Run without workers",),
    ),
    "an exit that comes with workers only": Case(
        "RuntimeError: DataLoader worker (pid(s) 12) exited unexpectedly\n"
        "If num_workers is 0 the problem never happens: not the error, not once; it works.\n",
        "worker-exited-unknown",
        ("does not fail", "num_workers=1"),
        ("num_workers=0",),
    ),
    "LMDB in a worker that crashes is opened there": Case(
        frame(f"{LIB}/torch/utils/data/_utils/signal_handling.py", 66, "handler")
        + "RuntimeError: DataLoader worker (pid 91) is killed by signal: Segmentation fault.\n"
        "The samples are read from lmdb.\n",
        "worker-segfault",
        ("lmdb.open(", "lock=False"),
    ),
    "a list of what is installed reads no LMDB": Case(
        "RuntimeError: DataLoader worker (pid 91) is killed by signal: Segmentation fault.\n"
        "lmdb==1.4.1\nh5py 3.10.0\n",
        "worker-segfault",
        ("faulthandler",),
        ("lmdb.open", "h5py.File"),
    ),
    "too many readers of LMDB are opened once, without locks": Case(
        "lmdb.ReadersFullError: Caught ReadersFullError in DataLoader worker process 2.\n"
        "Original Traceback (most recent call last):\n"
        + frame("/home/me/rows.py", 31, "__getitem__", "with self.env.begin() as txn:")
        + "lmdb.ReadersFullError: mdb_txn_begin: MDB_READERS_FULL\n",
        "dataset-exception",
        ("lock=False", "max_readers"),
    ),
    "what a worker cannot read through h5py is opened there": Case(
        "OSError: Caught OSError in DataLoader worker process 2.\n"
        "Original Traceback (most recent call last):\n"
        + frame("/home/me/rows.py", 31, "__getitem__", "return self.rows[i]")
        + frame(f"{LIB}/h5py/_hl/dataset.py", 700, "__getitem__", "self.id.read(mspace, fspace, out)")
        + "OSError: some reason of its own\n",
        "dataset-exception",
        ('h5py.File(self.path, "r")',),
    ),
    "LMDB's complaint is not mended by HDF5": Case(
        "lmdb.BadTxnError: mdb_get: MDB_BAD_TXN: Transaction must abort\n",
        "fork-shared-handle",
        ("lmdb.open(",),
        ("h5py",),
    ),
    "functions that call each other until the stack is full": Case(
        "RuntimeError: DataLoader worker (pid 41) is killed by signal: Aborted.\n"
        + "".join(
            f'  File "/home/me/pairs.py", line {line} in {name}\n'
            for line, name in [(70, "__getitem__"), *[(88, "retry"), (73, "load")] * 5]
        ),
        "worker-aborted",
        ("retry and load call each other", "attempt in range"),
        ("last words",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_advice_fits(name):
    case = CASES[name]
    said = advice(case.log)
    assert explain_log(case.log)[0].slug == case.slug
    assert [words for words in case.said if words not in said] == []
    assert [words for words in case.unsaid if words in said] == []


def test_windows_of_a_signal_are_no_system():
    said = advice("Windows of 30 s overlap\nDataLoader worker (pid(s) 4, 8) exited unexpectedly\n")
    assert "/dev/shm" in said
