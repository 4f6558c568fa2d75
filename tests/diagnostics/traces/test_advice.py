"""What is advised follows what the log shows, not the diagnosis alone."""

from dataclasses import dataclass

import pytest

from diagnostics.traces.explaining import explain_log

LIB = "/opt/conda/lib/python3.9/site-packages"


def frame(path: str, line: int, function: str, code: str = "") -> str:
    return f'  File "{path}", line {line}, in {function}\n' + (f"    {code}\n" if code else "")


FETCH = f"{LIB}/torch/utils/data/_utils/fetch.py"


def carried(error: str, worker: int) -> str:
    """How torch announces an exception of a worker."""
    said = f"{error}: Caught {error} in DataLoader worker process {worker}.\n"
    return f"{said}Original Traceback (most recent call last):\n"


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
FED = "Traceback (most recent call last):\n" + frame(
    "/usr/lib/python3.9/multiprocessing/queues.py", 250, "_feed"
)
FED += frame("/usr/lib/python3.9/multiprocessing/reduction.py", 51, "dumps", "cls(buf, protocol).dump(obj)")
CASES = {
    "a lock of OpenCV's in a native stack is mended in OpenCV": Case(
        "worker of the DataLoader hangs, says gdb\n#0  __lll_lock_wait () from libpthread.so.0\n"
        "#1  cv::parallel_for_ () from cv2.abi3.so\n#2  cv::remap () from cv2.abi3.so\n",
        "hang-fork-threads",
        ("cv2.setNumThreads(0)",),
        ("TOKENIZERS", "OMP_NUM_THREADS"),
    ),
    "a team of OpenMP's threads in a native stack is mended by their number": Case(
        "_worker_loop is stuck since an hour\n#0  futex_wait () from libgomp.so.1\n"
        "#1  gomp_team_start () from libgomp.so.1\n#2  at::parallel_for () from libtorch_cpu.so\n",
        "hang-fork-threads",
        ("OMP_NUM_THREADS=1",),
        ("TOKENIZERS", "cv2"),
    ),
    "workers are looked into whatever they are called": Case(
        "the DataLoader freezes\n" + frame(f"{LIB}/torch/utils/data/dataloader.py", 1120, "_try_get_data")
        + "KeyboardInterrupt\n",
        "hang-in-worker",
        ("py-spy dump --subprocesses --pid PID",),
        ("pgrep",),
    ),
    "a handle in a batch is read in the sample and not left out of the dataset": Case(
        FED + "TypeError: cannot pickle 'generator' object\n",
        "unpicklable-handle",
        ("A batch cannot be sent", "return list(items)"),
        ("__getstate__", "fork"),
    ),
    "a function in a batch gives way to what it gives": Case(
        FED + "AttributeError: Can't pickle local object 'Rows.__getitem__.<locals>.later'\n",
        "unpicklable-local",
        ("A batch cannot be sent", "Rows.__getitem__.<locals>.later", "num_workers=0"),
        ("fork",),
    ),
    "a pipe to head that ends is no failure of one's code": Case(
        "Traceback (most recent call last):\n" + frame("/home/me/fit.py", 9, "main", "print(step, loss)")
        + "BrokenPipeError: [Errno 32] Broken pipe\n",
        "not-dataloader",
        ("the end of what reads its output", "nothing to mend"),
        ("pdb", "Mend it at"),
    ),
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
        ("cut off", "the whole log"),
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
    "a failed assertion of labels says so": Case(
        "/src/native/cuda/Loss.cu:98: block: [0,0,0], thread: [4,0,0] Assertion `t >= 0 && t < n_classes`"
        " failed.\n"
        + frame("/home/me/fit.py", 60, "<module>", "loss.backward()")
        + "RuntimeError: CUDA error: device-side assert triggered\n",
        "not-dataloader",
        ("labels outside of 0", "y.min(), y.max()", "fit.py:60"),
    ),
    "a failed assertion of an embedding is an index": Case(
        "/src/cuda/Indexing.cu:702: thread: [4,0,0] Assertion `srcIndex < srcSelectDimSize` failed.\n",
        "not-dataloader",
        ("embedding", "ids.max()"),
        ("labels",),
    ),
    "a failed assertion of a binary loss is a value outside of 0 to 1": Case(
        "/src/aten/native/cuda/Loss.cu:94: thread: [4,0,0] Assertion `input_val >= zero && input_val <= one`"
        " failed.\n",
        "not-dataloader",
        ("outside of 0 … 1", "BCEWithLogitsLoss"),
    ),
    "an assertion that nobody knows is an error on the GPU": Case(
        "/src/mine/kernel.cu:9: Assertion `width == 32` failed.\n",
        "not-dataloader",
        ("an error on the GPU", "CUDA_LAUNCH_BLOCKING"),
        ("labels",),
    ),
    "a batch size does not help a model that does not fit": Case(
        frame("/home/me/fit.py", 12, "<module>", "model = Net().cuda()")
        + frame(f"{LIB}/torch/nn/modules/module.py", 680, "cuda", "return self._apply(f)")
        + "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB\n",
        "not-dataloader",
        ("model itself", "nvidia-smi"),
        ("batch_size", "__main__"),
    ),
    "a model that a spawned child moves once more wants the guard": Case(
        '  File "C:\\Python\\lib\\multiprocessing\\spawn.py", line 125, in _main\n    prepare(data)\n'
        '  File "C:\\me\\fit.py", line 12, in <module>\n    model = Net().cuda()\n'
        '  File "C:\\Python\\lib\\site-packages\\torch\\nn\\modules\\module.py", line 680, in cuda\n'
        "    return self._apply(f)\nRuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB\n",
        "not-dataloader",
        ("__main__", "import the script anew"),
        ("batch_size",),
    ),
    "a quota is no full disk, and a hook is named": Case(
        frame("/home/me/fit.py", 90, "main", "runner.train()")
        + frame(f"{LIB}/framework/hooks/saving.py", 41, "after_epoch", "save(state)")
        + "OSError: [Errno 122] Disk quota exceeded\n",
        "not-dataloader",
        ("quota -s", "fit.py:90, in main (inside of it: saving.py:41, in after_epoch)"),
        ("df -h",),
    ),
    "a full disk may be short of files": Case(
        frame("/home/me/fit.py", 90, "main", "log.write(line)")
        + "OSError: [Errno 28] No space left on device\n",
        "not-dataloader",
        ("df -i", "Make room"),
    ),
    "what reports a dead process did not fail itself": Case(
        frame("/home/me/prepare.py", 5, "<module>", "rows = rows.map(")
        + frame(f"{LIB}/datasets/utils/py_utils.py", 700, "iflatmap_unordered", "raise RuntimeError(")
        + "RuntimeError: One of the subprocesses has abruptly died during map operation.\n",
        "not-dataloader",
        ("background process died", "num_proc=1", "dmesg"),
        ("pdb", "Mend it at the place"),
    ),
    "a broken pool is a dead process": Case(
        frame("/home/me/prepare.py", 5, "<module>", "list(pool.map(read, paths))")
        + frame("/usr/lib/python3.11/concurrent/futures/_base.py", 401, "__get_result", "raise self")
        + "concurrent.futures.process.BrokenProcessPool: A process in the process pool was terminated\n",
        "not-dataloader",
        ("background process died", "max_workers=1"),
        ("pdb",),
    ),
    "what raised before a watchdog is told, not the watchdog": Case(
        frame("/home/me/fit.py", 9, "<module>", "check()")
        + "RuntimeError: Some background workers are no longer alive\n"
        + frame("/home/me/fit.py", 70, "save", "json.dump(rows, file)")
        + "TypeError: Object of type int64 is not JSON serializable\n",
        "not-dataloader",
        ("TypeError",),
    ),
    "a launcher tells of a rank, and asks for its traceback": Case(
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \nfit.py FAILED\n"
        "  exitcode  : 1 (pid: 77)\n",
        "unrecognised",
        ("launcher", "@record", "--log-dir"),
        ("Nothing here is PyTorch's",),
    ),
    "a launcher's exit code speaks": Case(
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \nfit.py FAILED\n"
        "  exitcode  : -9 (pid: 77)\n",
        "unrecognised",
        ("SIGKILL", "dmesg"),
    ),
    "the words beside a traceback that is cut off tell its kind": Case(
        "CUDA out of memory with the larger crops\n"
        + frame("/home/me/fit.py", 33, "step", "out = net(x)")
        + frame(f"{LIB}/torch/nn/modules/module.py", 1100, "_call_impl", "return forward_call(*input)"),
        "not-dataloader",
        ("accelerator's memory", "batch_size", "fit.py:33"),
        ("pdb",),
    ),
    "a file that may not be read wants its rights": Case(
        frame("/home/me/fit.py", 8, "<module>", "log = open(path)")
        + "PermissionError: [Errno 13] Permission denied: '/data/log.txt'\n",
        "not-dataloader",
        ("may not be read", "ls -ld"),
        ("pdb",),
    ),
    "an exit with 1 had a traceback": Case(
        "RuntimeError: DataLoader worker (pid 6) exited unexpectedly with exit code 1.\n",
        "worker-exited-unknown",
        ("whose traceback it printed",),
    ),
    "a lock on a file is no limit on processes": Case(
        "BlockingIOError: Caught BlockingIOError in DataLoader worker process 0.\n"
        "Original Traceback (most recent call last):\n"
        + frame("/home/me/rows.py", 4, "__getitem__", "file = h5py.File(path)")
        + "BlockingIOError: [Errno 11] Unable to open file (unable to lock file, errno = 11)\n",
        "dataset-exception",
        ("HDF5_USE_FILE_LOCKING",),
    ),
    "a dataset that fills the disk with its cache": Case(
        "OSError: Caught OSError in DataLoader worker process 0.\n"
        "Original Traceback (most recent call last):\n"
        + frame("/home/me/rows.py", 4, "__getitem__", "numpy.save(path, row)")
        + "OSError: [Errno 122] Disk quota exceeded: '/home/me/cache/3.npy'\n",
        "dataset-exception",
        ("Make room", "quota -s"),
    ),
    "a batch job is asked for its time and its memory": Case(
        "slurmstepd: error: *** JOB 77 ON n3 CANCELLED ***\n"
        "RuntimeError: DataLoader worker (pid 8) is killed by signal: Terminated.\n",
        "shutdown-noise",
        ("Timelimit",),
        ("dmesg", "--mem"),
    ),
    "a watchdog's line alone": Case(
        "epoch 3\nRuntimeError: One or more background workers are no longer alive. Exiting.\n",
        "not-dataloader",
        ("background process died",),
    ),
    "a hang that comes with workers only is not looked for without them": Case(
        "With num_workers=0 it works fine.\n"
        + frame(f"{LIB}/torch/utils/data/dataloader.py", 1120, "_try_get_data", "self._data_queue.get()")
        + "KeyboardInterrupt\n",
        "hang-in-worker",
        ("py-spy", "timeout=60"),
        ("num_workers=0",),
    ),
    "a sample of a stream has no index to read it by": Case(
        carried("KeyError", 1)
        + frame(FETCH, 33, "fetch", "data.append(next(self.dataset_iter))")
        + frame("/home/me/rows.py", 20, "parse", "return row[key]")
        + "KeyError: 'x'\n",
        "dataset-exception",
        ("enumerate(dataset)",),
        ("dataset[index]",),
    ),
    "the start of a worker is tried with the number of the one that failed": Case(
        carried("OSError", 3)
        + frame(f"{LIB}/torch/utils/data/_utils/worker.py", 252, "_worker_loop", "init_fn(worker_id)")
        + frame("/home/me/rows.py", 20, "begin", "open(name)")
        + "OSError: [Errno 5] Input/output error: 'part3'\n",
        "dataset-exception",
        ("worker_init_fn(3)",),
        ("worker_init_fn(0)",),
    ),
    "an exception that is called error is told with its module": Case(
        carried("Error", 0)
        + frame(FETCH, 52, "fetch", "data = [self.dataset[idx] for idx in indices]")
        + frame("/home/me/rows.py", 20, "__getitem__", "binascii.a2b_base64(text)")
        + "binascii.Error: Incorrect padding\n",
        "dataset-exception",
        ("raised binascii.Error",),
    ),
    "a lock in a sample stays with the dataset": Case(
        f"{FED}RuntimeError: Lock objects should only be shared between processes through inheritance\n",
        "unpicklable-handle",
        ("it holds a Lock of multiprocessing", "__init__"),
        ("lazily", "__getstate__"),
    ),
    "a sample nested too deeply is made flat, for no limit of Python's holds pickle": Case(
        f"{FED}RecursionError: maximum recursion depth exceeded while pickling an object\n",
        "unpicklable-handle",
        ("nested too deeply",),
        ("setrecursionlimit",),
    ),
    "a semaphore that is refused is mended by the limits on maps, which no start method changes": Case(
        "Traceback (most recent call last):\n"
        + frame("train.py", 8, "train", "for batch in loader: pass")
        + frame(f"{LIB}/torch/utils/data/dataloader.py", 914, "__init__", "index_queue = context.Queue()")
        + frame("/usr/lib/python3.9/multiprocessing/synchronize.py", 57, "__init__", "sl = SemLock(")
        + "OSError: [Errno 12] Cannot allocate memory\n",
        "fork-out-of-memory",
        ("ulimit -v", "vm.max_map_count"),
        ("forkserver", "overcommit"),
    ),
    "a loader without a first batch may have fewer samples than a batch takes": Case(
        "Traceback (most recent call last):\n"
        + frame("look.py", 8, "<module>", "images, labels = next(iter(loader))")
        + frame(f"{LIB}/torch/utils/data/dataloader.py", 512, "_next_index", "next(self._sampler_iter)")
        + "StopIteration\n",
        "empty-dataset",
        ("loader.batch_size, loader.drop_last",),
    ),
    "a script that is not there is no loader's failure": Case(
        "/opt/conda/bin/python: can't open file '/home/me/trian.py': [Errno 2] No such file or directory\n",
        "not-dataloader",
        ("os.getcwd()",),
    ),
    "a module that python -m does not find is no loader's failure": Case(
        "/usr/bin/python3.12: No module named my_trainer\n",
        "not-dataloader",
        ("pip install my_trainer",),
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


SAMPLE = "/home/user/scans.py"
CRC = "Bad CRC-32 for file 'a'"
READ = {
    "what the dataset keeps": ("data = self.archive.read(name)", "BadZipFile", CRC),
    "a member of what the dataset keeps": ("with self.zip.open(name) as f:", "BadZipFile", CRC),
    "a stream that the dataset keeps": ("self.stream.seek(offset)", "error", "Error -3 while decompressing"),
    "what is opened for the sample": ("with np.load(self.paths[i]) as z:", "BadZipFile", CRC),
    "what was opened a line above": ("raw = stream.read()", "error", "Error -5 while decompressing data"),
    "a header of one file": ("struct.unpack('<i', head)", "error", "unpack requires a buffer of 4 bytes"),
}
KEPT = {name for name in READ if name.endswith("the dataset keeps")}


@pytest.mark.parametrize("name", READ)
def test_a_broken_file_is_told_from_a_handle_that_workers_share_by_who_opened_it(name: str) -> None:
    code, error, said = READ[name]
    log = f"{carried(error, 1)}{frame(SAMPLE, 9, '__getitem__', code)}x.{error}: {said}\n"
    finding = explain_log(log)[0]
    assert finding.slug == ("fork-shared-handle" if name in KEPT else "dataset-exception")
    assert "num_workers=0" in advice(log)  # which tells the one from the other


def test_where_nothing_tells_who_opened_an_archive_both_are_told_and_how_to_tell() -> None:
    log = f"{carried('BadZipFile', 0)}zipfile.BadZipFile: Bad CRC-32 for file '7.png'\n"
    assert explain_log(log)[0].confidence == "possible"
    assert "or that file is broken" in advice(log)
    assert "zipfile -t" in advice(log)


def test_no_handle_is_shared_where_there_is_no_fork() -> None:
    path = "C:\\work\\scans.py"
    log = f"{carried('BadZipFile', 0)}{frame(path, 9, '__getitem__', 'self.zip.read(name)')}"
    assert explain_log(f"{log}zipfile.BadZipFile: Bad CRC-32 for file 'a'\n")[0].slug == "dataset-exception"


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("gunicorn --workers 4 --preload app:app", "gunicorn app:app  # without --preload"),
        ("I called dataset.map(embed, num_proc=6)", 'multiprocess.set_start_method("spawn")'),
        ("DataLoader(dataset, num_workers=4), tokenized with num_proc=6", "DataLoader(..., pin_memory=True)"),
    ],
)
def test_a_forked_process_that_uses_cuda_is_mended_where_it_was_forked(said: str, cure: str) -> None:
    """A server's or a dataset.map's process is no loader's worker; a loader that is named comes first."""
    log = f"{said}\nRuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with spawn\n"
    assert cure in advice(log)


@pytest.mark.parametrize(
    ("function", "cure", "vain"),
    [
        ("__getattr__", "raise AttributeError(name)", "for attempt in range"),
        ("__getitem__", "for attempt in range", "AttributeError"),
    ],
)
def test_a_recursion_is_mended_where_it_recurs(function: str, cure: str, vain: str) -> None:
    """An object that is unpickled in a worker asks itself for attributes that it does not have yet."""
    loads = frame(
        "/usr/lib/python3.11/multiprocessing/spawn.py", 132, "_main", "self = pickle.load(from_parent)"
    )
    fetches = frame(FETCH, 52, "fetch", "data = [self.dataset[idx] for idx in possibly_batched_index]")
    outer = loads if function == "__getattr__" else fetches
    again = frame("/home/user/wrapped.py", 8, function, "return self.inner[index]")
    log = (
        f"Traceback (most recent call last):\n{outer}{again}{again}RecursionError: maximum recursion depth\n"
    )
    assert cure in advice(log)
    assert vain not in advice(log)


def test_an_interrupt_inside_of_a_sample_is_told_with_its_place_and_is_no_error_to_mend() -> None:
    fetches = frame(FETCH, 52, "fetch", "data = [self.dataset[idx] for idx in possibly_batched_index]")
    reads = frame("/home/user/clips.py", 31, "__getitem__", "while self.reader.busy(): pass")
    said = advice(f"Traceback (most recent call last):\n{fetches}{reads}KeyboardInterrupt\n")
    assert "clips.py:31" in said
    assert "nothing to mend" in said
    assert "py-spy dump" in said


def test_what_multiprocessing_shares_is_no_matter_of_a_loader_where_another_process_was_handed_it() -> None:
    log = (
        "Traceback (most recent call last):\n"
        + frame("count.py", 12, "<module>", "print(pool.map(work, [queue] * 4))")
        + frame(
            "/usr/lib/python3.11/multiprocessing/pool.py", 367, "map", "return self._map_async(func).get()"
        )
        + "RuntimeError: Queue objects should only be shared between processes through inheritance\n"
    )
    assert explain_log(log)[0].slug != "unpicklable-handle"
