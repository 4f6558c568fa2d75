"""The symptoms that mislead: what the user sees, and what it is."""

import pytest

from diagnostics.traces.explaining import explain_log
from diagnostics.traces.kinds import kind_of_failure

LOADER = '  File "/opt/lib/python3.8/site-packages/torch/utils/data/dataloader.py", line 990, in '
TRAPS = {
    "a broken pipe beside a refusal to pickle is the refusal": (
        "BrokenPipeError: [Errno 32] Broken pipe\nAttributeError: Can't pickle local object 'f.<locals>.g'\n",
        "unpicklable-local",
    ),
    "a broken pipe beside a child without main guard is the main guard": (
        "BrokenPipeError: [Errno 32] Broken pipe\n        current process has finished its "
        "bootstrapping phase.\n",
        "missing-main-guard",
    ),
    "a child that is cut while it imports a library is not known": (
        '  File "/usr/lib/python3.8/multiprocessing/spawn.py", line 236, in prepare\n'
        "    _fixup_main_from_path(data['init_main_from_path'])\n"
        '  File "/home/me/train.py", line 3, in <module>\n    import nets\n'
        '  File "/home/me/nets.py", line 8, in <module>\n    for size in sizes:\n',
        "unrecognised",
    ),
    "an object that an HDF5 file lacks is the dataset's": (
        "KeyError: Caught KeyError in DataLoader worker process 1.\n"
        "KeyError: \"Unable to open object (object 'images' doesn't exist)\"\n",
        "dataset-exception",
    ),
    "glibc's words beside a worker that another signal ended are not its cause": (
        "free(): invalid pointer\n"
        "RuntimeError: DataLoader worker (pid 3) is killed by signal: Segmentation fault.\n",
        "worker-segfault",
    ),
    "glibc's words without a loader are no worker's": (
        "epoch 3\nmunmap_chunk(): invalid pointer\nAborted (core dumped)\n",
        "unrecognised",
    ),
    "what a replica of the model raises again is no dataset's": (
        '  File "/opt/lib/site-packages/torch/nn/parallel/parallel_apply.py", line 86, in parallel_apply\n'
        "    output.reraise()\n"
        '  File "/opt/lib/site-packages/torch/_utils.py", line 543, in reraise\n    raise exception\n'
        "sph.KernelError: <exception str() failed>\n",
        "not-dataloader",
    ),
    "a process pool of one's own that cannot pickle is no loader": (
        '  File "/home/me/prepare.py", line 9, in <module>\n    pool.map(f, files)\n'
        '  File "/usr/lib/python3.11/multiprocessing/pool.py", line 329, in _repopulate_pool_static\n'
        "    w.start()\n"
        '  File "/usr/lib/python3.11/multiprocessing/reduction.py", line 60, in dump\n'
        "    ForkingPickler(file, protocol).dump(obj)\nTypeError: cannot pickle '_thread.lock' object\n",
        "not-dataloader",
    ),
    "words of a slow loader overrule no error": (
        "the dataloader is the bottleneck, the GPU idles\nRuntimeError: CUDA out of memory. Tried\n",
        "not-dataloader",
    ),
    "words of a slow loader explain no traceback that is not known": (
        'the dataloader is the bottleneck\n  File "/home/me/face_dataset.py", line 9, in crop\n'
        "TypeError: object has no len()\n",
        "unrecognised",
    ),
    "an interrupt above the loader beside no word of a hang is one's own": (
        "num_workers=4\n^CTraceback (most recent call last):\n"
        '  File "test.py", line 64, in main\n    evaluate(model)\n',
        "not-dataloader",
    ),
    "a loader that stands still for seconds does not hang": (
        "at the start of every epoch the dataloader is stuck for around 30 seconds\n",
        "no-persistent-workers",
    ),
    "numbers that repeat are no random ones where nobody speaks of them": (
        "num_workers=2\n[0, 1, 2, 3]\n[0, 1, 2, 3]\n[0, 1, 2, 3]\n",
        "unrecognised",
    ),
    "a broken pipe that one's own print meets is one's own": (
        'Traceback (most recent call last):\n  File "/home/me/train.py", line 9, in <module>\n'
        "    print(loss)\nBrokenPipeError: [Errno 32] Broken pipe\n",
        "not-dataloader",
    ),
    "what is rebuilt in a worker raises in its own code": (
        "Traceback (most recent call last):\n"
        '  File "<string>", line 1, in <module>\n'
        '  File "/usr/lib/python3.11/multiprocessing/spawn.py", line 132, in _main\n'
        "    self = reduction.pickle.load(from_parent)\n"
        '  File "/home/me/data.py", line 6, in __setstate__\n    self.file = open(self.path)\n'
        "FileNotFoundError: [Errno 2] No such file or directory: 'rows.bin'\n"
        "RuntimeError: DataLoader worker (pid(s) 24005) exited unexpectedly\n",
        "dataset-exception",
    ),
    "an image that is broken in a training is the dataset's": (
        "Epoch 3: 10%\nOSError: image file is truncated (1 bytes not processed)\n",
        "dataset-exception",
    ),
    "an image that is broken in no training is not known": (
        "OSError: image file is truncated (1 bytes not processed)\n",
        "unrecognised",
    ),
    "what CUDA said before a worker's traceback that is cut off is the worker's": (
        "THCudaCheck FAIL file=THCGeneral.cpp line=50 error=3 : initialization error\n"
        "RuntimeError: Caught RuntimeError in DataLoader worker process 2.\n"
        "Original Traceback (most recent call last):\n",
        "cuda-in-forked-worker",
    ),
    "an end of input alone is the echo": ("EOFError: Ran out of input\n", "worker-startup-secondary"),
    "no space from a semaphore is shared memory": (
        '  File "/usr/lib/python3.8/multiprocessing/synchronize.py", line 57, in __init__\n'
        "    sl = self._semlock = _multiprocessing.SemLock(\nOSError: [Errno 28] No space left on device\n",
        "shm-exhausted",
    ),
    "a failed map near 65,530 is the count of maps": (
        "RuntimeError: unable to mmap 8 bytes from file </torch_1_2_65520>: Cannot allocate memory (12)\n",
        "mmap-count-limit",
    ),
    "0 items of ancdata is the limit on files": (
        "RuntimeError: received 0 items of ancdata\n",
        "fd-exhausted",
    ),
    "a storage that is not resizable is unequal shapes": (
        "RuntimeError: Trying to resize storage that is not resizable\n",
        "collate-shape-mismatch",
    ),
    "stack with out= is a sample that requires grad": (
        "RuntimeError: stack(): functions with out=... arguments don't support automatic "
        "differentiation, but "
        "one of the arguments requires grad.\n",
        "requires-grad-tensor",
    ),
    "a traceback cut where samples are fetched in this process is the dataset's": (
        "ValueError: bad magic in header\n\nTraceback (most recent call last):\n"
        '  File "/home/me/run.py", line 8, in <module>\n    for batch in loader:\n'
        f"{LOADER}_next_data\n    data = self._dataset_fetcher.fetch(index)  # may raise StopIteration\n",
        "dataset-exception",
    ),
    "a traceback cut where a worker's exception is raised again is the dataset's": (
        "FileNotFoundError: a.wav\n\nTraceback (most recent call last):\n"
        '  File "/home/me/run.py", line 8, in <module>\n    for batch in loader:\n'
        f"{LOADER}_process_data\n    data.reraise()\n",
        "dataset-exception",
    ),
    "a dataset that one indexes oneself is no loader's": (
        "Traceback (most recent call last):\n"
        '  File "/home/me/look.py", line 3, in <module>\n    print(stream[0])\n'
        '  File "/opt/lib/python3.8/site-packages/torch/utils/data/dataset.py", line 53, in __getitem__\n'
        "    raise NotImplementedError\nNotImplementedError\n",
        "not-dataloader",
    ),
    "want of memory above the loop over the loader is fork's": (
        "# [Errno 12] after two epochs\nOSError: [Errno 12] Cannot allocate memory\n\n"
        "Traceback (most recent call last):\n"
        '  File "/home/me/run.py", line 8, in evaluate\n    for images, masks in tqdm(val_loader):\n',
        "fork-out-of-memory",
    ),
    "no space where a queue asks for its lock is shared memory": (
        "OSError: [Errno 28] No space left on device\n\nTraceback (most recent call last):\n"
        '  File "/usr/lib/python3.8/multiprocessing/queues.py", line 336, in __init__\n'
        "    self._rlock = ctx.Lock()\n",
        "shm-exhausted",
    ),
    "a start of workers that a notebook cuts off is what pickle refused": (
        "PicklingError                             Traceback (most recent call last)\n"
        "Cell In[4], line 1\n----> 1 fit(model)\n\n"
        "File d:\\env\\Lib\\site-packages\\torch\\utils\\data\\dataloader.py:415, in "
        "DataLoader._get_iterator(self)\n    413 else:\n"
        "--> 415     return _MultiProcessingDataLoaderIter(self)\n\n"
        "File d:\\env\\Lib\\site-packages\\torch\\utils\\data\\dataloader.py:1138, in "
        "_MultiProcessingDataLoaderIter.__init__(self, loader)\n   1131 w.daemon = True\n",
        "unpicklable-local",
    ),
    "a message that begins a title is written with a capital": (
        "# Daemonic processes are not allowed to have children when num_workers=4\n",
        "daemonic-children",
    ),
    "HDF5's frames without their beginning, beside a loader, are of a shared handle": (
        "our data loader dies now and then, the end of it is\n"
        '  File "h5py/_objects.pyx", line 55, in h5py._objects.with_phil.wrapper\n'
        '  File "h5py/h5d.pyx", line 181, in h5py.h5d.DatasetID.read\n'
        "OSError: Can't read data (wrong B-tree signature)\n",
        "fork-shared-handle",
    ),
    "a rank's traceback that is cut off in its launcher's report is not known": (
        "Traceback (most recent call last):\n"
        '  File "/home/me/run.py", line 68, in main\n    mp.spawn(work, nprocs=3)\n'
        '  File "/opt/lib/python3.6/site-packages/torch/multiprocessing/spawn.py", line 118, in join\n'
        "    raise Exception(msg)\nException:\n\n-- Process 2 terminated with the following error:\n"
        "Traceback (most recent call last):\n"
        '  File "/opt/lib/python3.6/site-packages/torch/multiprocessing/spawn.py", line 19, in _wrap\n'
        "    fn(i, *args)\n",
        "unrecognised",
    ),
    "an exit without a signal stays unknown": (
        "RuntimeError: DataLoader worker (pid(s) 12) exited unexpectedly\n",
        "worker-exited-unknown",
    ),
    "a reset connection at the queue is a worker that left": (
        LOADER + "_try_get_data\n    data = self._data_queue.get(timeout=timeout)\n"
        "ConnectionResetError: [Errno 104] Connection reset by peer\n",
        "worker-exited-unknown",
    ),
    "a missing file at the queue is a worker that left": (
        LOADER + "_try_get_data\n    data = self._data_queue.get(timeout=timeout)\n"
        '  File "/usr/lib/python3.8/multiprocessing/connection.py", line 630, in SocketClient\n'
        "    s.connect(address)\nFileNotFoundError: [Errno 2] No such file or directory\n",
        "worker-exited-unknown",
    ),
    "a death seen at .cuda() is the death": (
        '  File "/home/user/train.py", line 9, in step\n    x = x.cuda()\n'
        "RuntimeError: DataLoader worker (pid 3) is killed by signal: Killed.\n",
        "worker-oom-killed",
    ),
    "a bad header in a worker is a shared handle": (
        "KeyError: Caught KeyError in DataLoader worker process 0.\n"
        "KeyError: 'Unable to open object (bad object header version number)'\n",
        "fork-shared-handle",
    ),
    "missing arguments in reraise are an exception that was lost": (
        '  File "/opt/lib/python3.8/site-packages/torch/_utils.py", line 428, in reraise\n'
        "    raise self.exc_type(msg)\nTypeError: __init__() missing 1 required positional "
        "argument: 'code'\n",
        "worker-exception-lost-in-reraise",
    ),
    "an assertion on the timeout timed nothing out": (
        LOADER + "__init__\n    assert self._timeout == 0\nAssertionError\n",
        "timeout-with-zero-workers",
    ),
    "testing a child process is noise": (
        "AssertionError: can only test a child process\n",
        "iterator-inherited-by-fork",
    ),
    "a feeder's refusal to pickle outranks the timeout after it": (
        "AttributeError: Can't pickle local object 'D.__getitem__.<locals>.<lambda>'\n"
        "RuntimeError: DataLoader timed out after 5 seconds\n",
        "unpicklable-local",
    ),
    "no samples is a path that matches nothing": (
        "ValueError: num_samples should be a positive integer value, but got num_samples=0\n",
        "empty-dataset",
    ),
    "a collective's timeout at the end of an epoch may be unequal batches": (
        "[rank0]: Epoch 1: 100%|####| 50/50\n[rank1]:[E] [Rank 1] Watchdog caught collective "
        "operation timeout\n",
        "ddp-loader-imbalance",
    ),
    "a collective's timeout alone is not the loader's": (
        "[rank1]:[E] [Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=5)\n",
        "not-dataloader",
    ),
    "the warning of 3.14 on 3.13 is an object that cannot be pickled": (
        "UserWarning: Got pickle error when attempting to start a worker Process. Python 3.14+ changed the "
        "multiprocessing start method in non-Mac POSIX platforms to 'forkserver'\n"
        '  File "/usr/lib/python3.13/multiprocessing/reduction.py", line 60, in dump\n'
        "    ForkingPickler(file, protocol).dump(obj)\nTypeError: cannot pickle '_thread.lock' object\n",
        "unpicklable-handle",
    ),
    "a model's error before a worker's death is the model's": (
        '  File "/home/user/train.py", line 9, in step\n    y = net(x)\n'
        '  File "/opt/lib/python3.8/site-packages/torch/nn/modules/linear.py", line 94, in forward\n'
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied\n"
        "RuntimeError: DataLoader worker (pid 3) is killed by signal: Aborted.\n",
        "not-dataloader",
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_what_misleads(name):
    text, slug = TRAPS[name]
    assert explain_log(text)[0].slug == slug


def steps(*waits):
    return "".join(
        f"Epoch: [{epoch}][{step}/900]\tTime {wait + 0.2:.3f}\tData {wait:.3f}\n"
        for epoch in range(3)
        for step, wait in enumerate(waits)
    )


def test_workers_in_step_are_a_bottleneck_and_their_start_in_each_epoch_is_none():
    assert explain_log(steps(4.0, 0.01, 0.01, 4.0, 0.01, 0.01))[0].slug == "loader-bottleneck"
    assert explain_log(steps(4.0, 0.01, 0.01, 0.01))[0].slug == "unrecognised"


def test_a_librarys_warning_states_no_failure_and_what_is_stated_is_told_only_alone():
    words = "Be aware that this might get DataLoader running slow or even freeze"
    assert [finding.slug for finding in explain_log(f"UserWarning: {words}\n")] == ["unrecognised"]
    assert [finding.slug for finding in explain_log(f"{words}\n")] == ["hang-in-worker"]
    many = "This DataLoader will create 8 worker processes in total. Our suggested max number is 4\n"
    assert [finding.slug for finding in explain_log(f"{many}{words}\n")] == ["too-many-workers"]


def test_what_was_dragged_along_comes_after_the_cause():
    text, _ = TRAPS["a broken pipe beside a refusal to pickle is the refusal"]
    assert [finding.slug for finding in explain_log(text)] == [
        "unpicklable-local",
        "worker-startup-secondary",
    ]
    assert explain_log(text)[1].status == "warn"


def test_no_advice_to_fork_where_there_is_no_fork():
    text = "File \"C:\\a\\train.py\", line 1\nAttributeError: Can't pickle local object 'f.<locals>.g'\n"
    assert "fork" not in str(explain_log(text)[0].remedy)
    assert "fork" in str(explain_log(text.replace("C:\\a\\", "/home/user/"))[0].remedy)


ASKED_FIRST = {
    "the pinning thread": "RuntimeError: Caught RuntimeError in pin memory thread for device 0.\n"
    "Original Traceback (most recent call last):\n"
    '  File "/opt/lib/python3.8/site-packages/torch/utils/data/_utils/pin_memory.py", line 31, in '
    "_pin_memory_loop\n    data = pin_memory(data)\n",
    "a pinned batch": "Traceback (most recent call last):\n"
    '  File "/home/me/train.py", line 9, in <module>\n    for x in loader:\n'
    f"{LOADER}_next_data\n    data = _utils.pin_memory.pin_memory(data)\n"
    '  File "/opt/lib/python3.8/site-packages/torch/utils/data/_utils/pin_memory.py", line 55, in '
    "pin_memory\n    return data.pin_memory()\n",
    "an iterator": "Traceback (most recent call last):\n"
    '  File "/home/me/train.py", line 9, in <module>\n    for x in loader:\n'
    f"{LOADER}__init__\n    current_device = torch.cuda.current_device()\n",
}


@pytest.mark.parametrize("words", ["an illegal instruction was encountered", "unspecified launch failure"])
@pytest.mark.parametrize("asked", ASKED_FIRST)
def test_what_the_gpu_reports_late_is_not_of_the_loader_that_asks_first(asked, words):
    text = f"{ASKED_FIRST[asked]}RuntimeError: CUDA error: {words}\n"
    assert explain_log(text)[0].slug == "not-dataloader"


@pytest.mark.parametrize(
    "words", ["invalid resource handle", "invalid argument", "peer access is not supported"]
)
def test_a_tensor_that_does_not_reach_another_process_is_no_late_error_of_the_gpu(words):
    text = (
        f"{LOADER}_try_get_data\n    data = self._data_queue.get(timeout=timeout)\n"
        '  File "/opt/lib/python3.8/site-packages/torch/multiprocessing/reductions.py", line 107, in '
        "rebuild_cuda_tensor\n    storage = storage_cls._new_shared_cuda(\n"
        f"RuntimeError: CUDA error: {words}\n"
    )
    assert explain_log(text)[0].slug != "not-dataloader"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor)", "model and device"),
        ("Input type (MPSFloatType) and weight type (torch.FloatTensor)", "model and device"),
        ("Input type (CUDABFloat16Type) and weight type (CPUBFloat16Type)", "model and device"),
        ("Input type (torch.cuda.FloatTensor) and bias type (torch.FloatTensor)", "model and device"),
        ("Input type (torch.cuda.HalfTensor) and weight type (torch.cuda.FloatTensor)", "dtypes"),
        ("Input type (torch.DoubleTensor) and weight type (torch.FloatTensor)", "dtypes"),
        ("Input type (unsigned char) and bias type (float)", "dtypes"),
        ("CUDA error: CUDA driver version is insufficient for CUDA runtime version", "driver"),
        ("CUDA error: invalid device ordinal", "driver"),
        ("CUDA error: no kernel image is available for execution on the device", "driver"),
        ("Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized", "driver"),
        ("CUDA error: out of memory", "memory running out"),
        ("cuda runtime error (2) : out of memory at /THC.cpp:1", "memory running out"),
        ("CUDA error: misaligned address", "an error on the GPU"),
    ],
)  # fmt: skip
def test_advice_fits_what_failed_on_the_gpu(words, kind):
    assert kind in kind_of_failure(f"RuntimeError: {words} should be the same")[0]


@pytest.mark.parametrize(
    ("last", "raised"),
    [
        (
            "    from random import Random\n",
            "ImportError: cannot import name 'Random' from partially initialized module 'random' "
            "(most likely due to a circular import) (/home/user/random.py)\n",
        ),
        ("    _lock = queue.Queue()\n", "AttributeError: module 'queue' has no attribute 'Queue'\n"),
    ],
)
def test_a_file_that_hides_a_module_fails_the_import_of_the_loader_not_the_loader(last, raised):
    lib = "/opt/lib/python3.12/site-packages/torch/utils/data"
    log = (
        'Traceback (most recent call last):\n  File "/home/user/train.py", line 1, in <module>\n'
        "    from torch.utils.data import DataLoader\n"
        f'  File "{lib}/__init__.py", line 21, in <module>\n'
        "    from torch.utils.data.dataloader import (\n"
        f'  File "{lib}/dataloader.py", line 14, in <module>\n{last}{raised}'
    )
    assert explain_log(log)[0].slug == "not-dataloader"


def test_words_of_cuda_in_forked_processes_tell_more_than_what_cuda_said():
    log = "RuntimeError: CUDA error: unspecified launch failure\nA sampler uses a CUDA stream, which cannot "
    assert explain_log(f"{log}work.")[0].slug == "not-dataloader"
    assert explain_log(f"{log}work inside a forked process.")[0].slug == "cuda-in-forked-worker"


def test_a_pinning_thread_that_somebody_says_has_exited_is_known_without_its_exact_words():
    assert (
        explain_log("after some epochs the pin_memory thread has exited")[0].slug == "pin-memory-thread-died"
    )
    assert explain_log("we use a pin_memory thread, which is fine")[0].slug == "unrecognised"


_FEEDER = (
    "Traceback (most recent call last):\n"
    '  File "/usr/lib/python3.12/multiprocessing/queues.py", line 259, in _feed\n'
    "    obj = _ForkingPickler.dumps(obj)\n"
    '  File "/usr/lib/python3.12/multiprocessing/reduction.py", line 51, in dumps\n'
    "    cls(buf, protocol).dump(obj)\n"
)
_TIMED_OUT = "RuntimeError: DataLoader timed out after 30 seconds\n"


@pytest.mark.parametrize(
    "refusal",
    [
        "RuntimeError: Condition objects should only be shared between processes through inheritance\n",
        "RecursionError: maximum recursion depth exceeded while pickling an object\n",
    ],
)
def test_a_batch_that_no_pickle_takes_is_the_cause_of_the_timeout_after_it(refusal):
    first, *rest = explain_log(f"{_FEEDER}{refusal}{_TIMED_OUT}")
    assert first.slug == "unpicklable-handle"
    assert "worker-timeout" in {finding.slug for finding in rest}


def test_a_recursion_outside_of_pickle_is_no_pickling():
    log = (
        LOADER + "__next__\n    data = self._next_data()\nRecursionError: maximum recursion depth exceeded\n"
    )
    assert explain_log(log)[0].slug != "unpicklable-handle"


@pytest.mark.parametrize(
    "warning",
    [
        "/opt/lib/torch/_tensor.py:3: UserWarning: Failed to initialize NumPy: No module named 'numpy'",
        "UserWarning: torchaudio is missing, and CUDA out of memory errors are not caught",
    ],
)
def test_what_a_warning_of_pythons_says_is_not_the_failure(warning):
    assert explain_log(f"{warning}\nepoch 1\nepoch 2")[0].slug == "unrecognised"
    failure = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"
    (first,) = explain_log(f"{warning}\nepoch 1\n{failure}\n")
    assert (first.slug, "shapes" in first.summary) == ("not-dataloader", True)


def test_an_error_whose_beginning_is_cut_off_is_read_from_its_whole_copy():
    whole = (
        'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        '  File "/usr/lib/python3.12/multiprocessing/spawn.py", line 132, in _main\n'
        "    self = reduction.pickle.load(from_parent)\n"
        '  File "/home/user/index.py", line 30, in __setstate__\n    self.open()\n'
        '  File "/home/user/index.py", line 41, in open\n    self.file = open(self.path)\n'
        "FileNotFoundError: [Errno 2] No such file or directory: 'train.idx'\n"
    )
    rest = whole[whole.index('  File "/home/user/index.py", line 41') :]
    assert explain_log(rest)[0].slug == "not-dataloader"
    assert explain_log(rest + whole)[0].slug == explain_log(whole)[0].slug == "dataset-exception"


@pytest.mark.parametrize(
    "words",
    [
        "My dataset returns CPU tensors, so CUDA is never touched in a forked process.",
        "We do not use CUDA in the forked processes.",
        "No CUDA inside forked processes here.",
        "CUDA isn't initialized within the forked subprocess.",
        "CUDA in the forked process is not the issue.",
        "We never call torch.cuda in the forked workers.",
    ],
)
def test_words_that_deny_cuda_in_forked_processes_tell_nothing_of_it(words):
    assert explain_log(f"{words}\nThe dataloader hangs.\n")[0].slug == "hang-in-worker"
    killed = "RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.\n"
    late = "RuntimeError: CUDA error: unspecified launch failure\n"
    for log, slug in ((killed, "worker-oom-killed"), (late, "not-dataloader")):
        assert explain_log(f"{words}\n{log}")[0].slug == slug
        assert explain_log(f"{log}{words}\n")[0].slug == slug


@pytest.mark.parametrize(
    "words",
    [
        "I found that CUDA cannot be used in a forked process.",
        "My __getitem__ calls CUDA in a forked process.",
        "CUDA does not work in a forked subprocess.",
        "You must not touch CUDA inside forked workers.",
    ],
)
def test_words_of_cuda_in_forked_processes_are_told_alone_and_overrule_no_other_error(words):
    (finding,) = explain_log(f"{words}\n")
    assert (finding.slug, finding.status, finding.confidence) == ("cuda-in-forked-worker", "warn", "possible")
    killed = "RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.\n"
    assert explain_log(f"{words}\n{killed}")[0].slug == "worker-oom-killed"


WARNINGS = [
    "Warning:  the fused kernel is unavailable. Original ImportError was: "
    "ModuleNotFoundError(\"No module named 'amp_C'\",)",
    "WARNING:root:No module named 'flash_attn'",
    "WARNING:root:ModuleNotFoundError: No module named 'flash_attn'",
    "2024-05-01 10:00:00,123 - root - WARNING - No module named 'flash_attn'",
    "2024-05-01 10:00:00 | WARNING  | nets:load:12 - No module named 'triton'",
    "05/01/2024 10:00:00 - WARNING - nets -   No module named 'triton'",
    "[WARNING|modeling.py:314] 2024-05-01 >> No module named 'triton'",
    "[rank0]:W0412 10:00:00.123456 1234 torch/nets.py:12] No module named 'triton'",
    "[2024-05-01 10:00:00,123][nets][WARNING] - No module named 'triton'",
    "[rank1]:[W501 10:00:00.123 ProcessGroupNCCL.cpp:12] NCCL error suppressed",
    "W tensorflow/stream_executor/dso_loader.cc:64] Could not load: cuDNN error",
    "/opt/nets.py:3: UserWarning: no extension: ImportError: No module named 'nets._C'",
    "/opt/nets.py:3: UserWarning: no custom C++ ops\n  warnings.warn('no custom C++ ops')",
]


@pytest.mark.parametrize("warning", WARNINGS)
def test_a_warning_tells_of_no_failure_elsewhere(warning):
    assert explain_log(f"{warning}\nepoch 1\n")[0].slug == "unrecognised"
    assert explain_log(f"{warning}\nthe DataLoader hangs with 4 workers\n")[0].slug == "hang-in-worker"
    failed = "ModuleNotFoundError: No module named 'nets'\n"
    assert explain_log(f"{warning}\n{failed}")[0].slug == "not-dataloader"


def test_a_traceback_and_a_death_that_a_logger_calls_a_warning_are_read():
    lines = (
        "Traceback (most recent call last):",
        '  File "/home/user/train.py", line 3, in <module>',
        "    import nets",
        "ModuleNotFoundError: No module named 'nets'",
    )
    for prefix in ("WARNING:root:", "2024-05-01 10:00:00,123 - root - WARNING - "):
        assert explain_log("".join(f"{prefix}{line}\n" for line in lines))[0].slug == "not-dataloader"
    killed = "WARNING:root:RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.\n"
    assert explain_log(killed)[0].slug == "worker-oom-killed"
    shown = f"WARNING:root:ModuleNotFoundError: No module named 'nets'\n{lines[0]}\n{lines[1]}\n{lines[2]}\n"
    assert explain_log(shown)[0].slug == "not-dataloader"
