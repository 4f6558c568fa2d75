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
