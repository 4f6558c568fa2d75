# mypy: ignore-errors
# ruff: noqa: PTH100, PTH110, PTH112, PTH118, PTH119, PTH120, PTH123, PTH208, N807
"""Writes down what DataLoaders do, into files that outlive the process: one file, standard library only.

Python imports a module of this name at start-up, in spawned and forkserver children too. It acts only where
`TORCH_CHECKUP_WATCH` names a folder. It changes no result, no output and no traceback; whatever fails in here
is written down and passed over. `diagnostics/watch/records.py` reads the files, by the layout at their head.

No pathlib: it would slow every start.
"""

import atexit
import contextlib
import functools
import importlib.machinery
import importlib.util
import os
import sys
import time
import weakref
from array import array

VARIABLE = "TORCH_CHECKUP_WATCH"
TARGET = "torch.utils.data.dataloader"

# fmt: off
# Slots of 64-bit integers: of the process, and of each loader that it reads. How many batches of an epoch
# were asked for and delivered is all that is written each time.
(
    P_PID, P_PARENT, P_IS_WORKER, P_WORKER, P_NUM_WORKERS, P_BASE_SEED, P_LOADER, P_STAGE, P_SINCE,
    P_BATCH, P_POSITION, P_COUNT, P_BATCHES, P_SAMPLES, P_FETCH_NS, P_COLLATE_NS, P_SEND_NS, P_IDLE_NS,
    P_SLOWEST_NS, P_CPU_NS, P_TIMED_NS, P_SLOWEST_INDEX, P_SLOW_COUNT, P_SLOW_NS, P_STACK_SIGNAL,
    P_RANK, P_LOG_END, P_NUM_LOADERS, P_STARTED, P_USES_CUDA, P_READY_NS,
) = range(31)
(
    L_ASKED, L_DELIVERED, L_BEGIN, L_END, L_EPOCHS, L_BATCHES, L_WAIT_NS, L_FIRST_WAIT_NS, L_BUSY_NS,
    L_START_NS, L_WORKER_STARTS, L_EPOCH_BEGIN, L_EPOCH_WAIT_NS, L_DRAW_NS,
) = range(14)
# fmt: on
PROCESS = [name[2:].lower() for name in tuple(globals()) if name.startswith("P_")]
LOADER = [name[2:].lower() for name in tuple(globals()) if name.startswith("L_")]
STAGES = ["none", "idle", "fetching", "collating", "ended"]
NONE, IDLE, FETCHING, COLLATING, ENDED = range(5)
MOST_INDICES, MOST_LOADERS, MOST_KNOWN = 512, 24, 64
HEAD_BYTES, INDICES_AT = 2048, len(PROCESS)
LOADERS_AT = INDICES_AT + MOST_INDICES
SCRATCH_AT = LOADERS_AT + MOST_LOADERS * len(LOADER)  # of iterators that are not watched
VIEW_SLOTS = SCRATCH_AT + len(LOADER)
LOG_AT = HEAD_BYTES + 8 * VIEW_SLOTS
FILE_BYTES = 65536
LAYOUT = {
    "process": PROCESS,
    "loader": LOADER,
    "stages": STAGES,
    "view_at": HEAD_BYTES,
    "indices_at": INDICES_AT,
    "most_indices": MOST_INDICES,
    "loaders_at": LOADERS_AT,
    "log_at": LOG_AT,
    "file_bytes": FILE_BYTES,
}
CLOSE_FIRST = 64  # batches of a process that are looked at closely at first
CLOSE_EVERY_NS = 20_000_000  # and then one in so long; quicker loops have others between
LIGHT_FROM_NS = 1_000_000  # a batch: above it those between are timed at least, below it most are passed over
PACE_BATCHES = 256  # over which a loop's pace is averaged
STEPPED_FROM_NS, TIMED_FROM_NS = 10_000, 200_000  # a sample: from here on its place is noted, and its time
DELAY_FROM_NS = 1_000_000  # a sample: from here on how long others had the processor is read for each
CPU_FROM_NS, CPU_EVERY = 1_000_000, 16  # CPU time is a system call: of long batches, and of every so many
SLOW_TIMES, SLOW_FROM_NS = 10, 10_000_000
NUM_DIGESTS = 8
NUM_SMALLEST, ROW_ITEMS = 128, 32  # samples of a stream that are remembered; numbers of each that tell it
MOST_WALKED, MOST_PARTS, MOST_DEPTH, MOST_GENERATORS = 1000, 32, 12, 16  # in search of random generators
DRAWN_NS = 10_000_000  # on following generators from their first state: hundreds of thousands of numbers
GROWTH_FROM_NS, MOST_PAUSE_NS = 1_000_000_000, 3_600_000_000_000  # between looks at what grows
GROWN_BY = 16  # entries of a container
MOST_HANDLES, HANDLE_LOOKS = 8, 256  # files whose position is looked at, and how often
TWISTER_WORDS = 624  # of a Mersenne twister's state
WALK_NS = 50_000_000  # in case: it takes less than one hundredth of it
LENGTH_SLACK = 100  # a stream may miss one batch in so many, and each worker's last may be a short one
IN_WORKER = "worker"  # where a batch is passed over
DEATH_SECONDS = 0.5
MOST_FILES = 65536  # looked through
MOST_TOLD = 6  # exceptions of a process with their tracebacks; of more only what and where
LAST_BYTES = 6144  # of the log are kept for how the process ended
LONGEST_TRACEBACK = 4000
SCARCE = (OSError, RuntimeError, MemoryError)  # what may tell of a limit that is reached
ARGUMENTS = ("batch_size", "num_workers", "prefetch_factor", "persistent_workers", "pin_memory", "drop_last")
ARGUMENTS += ("in_order", "timeout")
TORCHS_OWN = ("torch.utils.data.", "builtins")  # samplers from there are quick
CHANGEABLE = ("num_workers", "prefetch_factor", "pin_memory", "timeout", "multiprocessing_context")
# A mapping that goes would close a descriptor, whose number may be another file's by then.
KEPT = []
IGNORED = array("q", bytes(8 * VIEW_SLOTS))  # takes what a process without a file would write
NOTHING = object()
LIBRARY = os.path.dirname(os.__file__) + os.sep
clock = time.monotonic_ns  # one clock for all processes of a machine


class State:
    """The file of this process; before it has one, and in a child just forked, `view` goes nowhere."""

    __slots__ = (
        "blocks", "delay_at", "delay_ns", "drawing_at", "drawn", "first_drawn", "handles", "inherited",
        "is_forked", "is_leaving", "is_passing", "is_streaming", "loaders", "log", "mismatched", "num_told",
        "num_unseen", "random", "sample_ns", "sent", "sizes", "stacks", "stream", "view", "walk_at",
        "workers",
    )  # fmt: skip

    def __init__(self):
        self.view, self.stacks = IGNORED, None
        self.is_leaving = self.is_streaming = self.is_passing = self.is_forked = False
        self.begin(None)

    def begin(self, log):
        """Forget what another process, of which this is a fork, has done."""
        self.log, self.blocks, self.loaders, self.sent, self.workers = log, {}, {}, {}, set()
        self.num_unseen, self.sample_ns, self.random, self.drawn = 0, TIMED_FROM_NS, None, None
        self.mismatched, self.stream, self.num_told = set(), Stream(), 0
        self.sizes, self.walk_at, self.handles, self.inherited = {}, 0, [], {}
        self.delay_ns = self.delay_at = 0  # what run_delay told, and when
        self.first_drawn = {}  # states of generators after a stream's first sample
        self.drawing_at = 0  # counters of a loader without workers whose sampler is drawing


class Pace:
    """How quickly a loop takes batches, and so which of them can be looked at closely.

    A close look costs 20 to 60 us where training has emptied the processor's caches since the last one.

    Attributes
    ----------
    at, number : int
        When a batch was looked at last, and which.
    closed, close : int
        Which was looked at closely last, and which is next.
    mean_ns : float
        From batch to batch, over some `PACE_BATCHES`.
    """

    __slots__ = "at", "close", "closed", "mean_ns", "number"

    def __init__(self, at):
        self.at, self.number, self.closed, self.close, self.mean_ns = at, 0, 0, 0, 0.0

    def look(self, number, now):
        """Note a look at a batch, close or not."""
        num_new, num_before = number - self.number, max(1, min(number - 1, PACE_BATCHES))
        each = (now - self.at) / max(1, num_new)
        self.mean_ns += (each - self.mean_ns) * min(1.0, num_new / num_before)
        self.at, self.number = now, number
        if number >= self.close:
            self.closed, self.close = number, number + 1
            if STATE.view[P_BATCHES] >= CLOSE_FIRST:
                self.close += int(CLOSE_EVERY_NS / (self.mean_ns + 1))


class Stream:
    """Which samples a worker's stream gave, in whatever order: those whose digests are the smallest.

    Workers that yield the same samples remember the same ones; the memory is bounded.

    Attributes
    ----------
    counts : dict of str to int
        How often each remembered sample came.
    limit : str
        Digests from here on are not remembered.
    num_batches, num_samples : int
        That were looked at.
    is_told : bool
    """

    __slots__ = "counts", "is_told", "limit", "num_batches", "num_samples"

    def __init__(self):
        self.counts, self.limit, self.is_told = {}, "g", False
        self.num_batches = self.num_samples = 0

    def add(self, digests):
        """Take a batch's samples in."""
        self.num_batches += 1
        self.num_samples += len(digests)
        for one in digests:
            if one < self.limit:
                self.counts[one] = self.counts.get(one, 0) + 1
        if len(self.counts) > 2 * NUM_SMALLEST:
            kept = sorted(self.counts)[: NUM_SMALLEST + 1]
            self.limit = kept.pop()
            self.counts = {one: self.counts[one] for one in kept}


STATE = State()


def guarded(function):
    """Swallow what fails in the probe: the user's run goes on."""

    @functools.wraps(function)
    def call(*arguments, **keywords):
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            if function.__name__ != "note":
                note("fault", where=function.__name__, error=repr(error)[:200])
            return None

    return call


def open_file():
    """Make this process' file, whole, so that a full disk is noticed now and not as a bus error later."""
    import json
    import mmap

    stem = os.path.join(os.environ[VARIABLE], f"{os.getpid()}-{clock()}")
    head = json.dumps(LAYOUT).encode()
    with open(stem + ".record", "w+b") as file:
        file.write(head.ljust(HEAD_BYTES) + bytes(FILE_BYTES - HEAD_BYTES))
        file.flush()
        untracked = {"trackfd": False} if sys.version_info >= (3, 13) else {}
        memory = mmap.mmap(file.fileno(), FILE_BYTES, **untracked)
    KEPT.append(memory)
    view = memoryview(memory)[HEAD_BYTES:LOG_AT].cast("q")
    view[P_PID], view[P_PARENT], view[P_LOG_END] = os.getpid(), os.getppid(), LOG_AT
    view[P_STARTED], view[P_SLOWEST_INDEX] = clock(), -1
    view[P_RANK] = rank()
    STATE.begin(memory)
    view[P_STACK_SIGNAL] = register_stacks(stem + ".stacks")
    STATE.view = view


def rank():
    """Return this process' rank among those that train together; -1 where it trains alone."""
    group = sys.modules.get("torch.distributed")
    with contextlib.suppress(Exception):
        if group is not None and group.is_initialized():
            return group.get_rank()
    word = os.environ.get("RANK", "")
    return int(word) if word.isdigit() else -1


def register_stacks(path):
    """Let a signal that nobody uses write all stacks into a file; return its number, or 0."""
    import faulthandler
    import signal

    number = getattr(signal, "SIGRTMAX", 0) - 5
    if number < 1 or (STATE.stacks is None and signal.getsignal(number) is not signal.SIG_DFL):
        return 0
    if STATE.stacks is not None and identity_of(STATE.stacks[0]) == STATE.stacks[1]:
        os.close(STATE.stacks[0])  # the parent's
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    STATE.stacks = descriptor, identity_of(descriptor)
    faulthandler.register(number, file=descriptor, all_threads=True, chain=False)
    return number


def identity_of(descriptor):
    """Return what tells a file from any other; None where the program has closed it."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


@guarded
def note(event, **parts):
    """Append an event; what no longer fits is lost, but for how the process ended."""
    import json

    if STATE.view is IGNORED:
        return
    line = json.dumps({"event": event, "at": clock(), **parts}, default=repr).encode() + b"\n"
    begin = STATE.view[P_LOG_END]
    if begin + len(line) <= FILE_BYTES - (0 if event == "ended" else LAST_BYTES):
        STATE.log[begin : begin + len(line)] = line
        STATE.view[P_LOG_END] = begin + len(line)


def without_us(error):
    """Take this file's frame off a traceback, so that a bare `raise` shows the user's program alone."""
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


def printed(error, trace):
    """Return a traceback as Python prints it, the end of a long one; of many exceptions only of the first."""
    import traceback

    STATE.num_told += 1
    if STATE.num_told > MOST_TOLD:
        return ""
    words = "".join(traceback.format_exception(type(error), error, trace))
    return words[-LONGEST_TRACEBACK:]


# ---- the process that reads batches


def name_of(error):
    """Return the name of an exception's class, with its module where it says too little by itself."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__name__}" if kind.__name__.lower() == "error" else kind.__name__


def named(thing):
    """Return the dotted name of a class or function, or of an object's class."""
    kind = thing if hasattr(thing, "__qualname__") else type(thing)
    return "{}.{}".format(getattr(kind, "__module__", "?"), kind.__qualname__)


def identity(dataset, collate_fn, num_workers, drop_last, is_persistent):
    """Return a number that a loader and its workers agree on, whatever the start method."""
    import zlib

    words = (named(dataset), named(collate_fn), num_workers, bool(drop_last), bool(is_persistent))
    return zlib.crc32(repr(words).encode())


def start_method(loader):
    """Return how a loader starts its workers."""
    import multiprocessing

    context = loader.multiprocessing_context
    return (context or multiprocessing).get_start_method() if loader.num_workers else None


def length(thing):
    """Return a length; None where there is none."""
    try:
        return len(thing)
    except Exception:
        return None


def described(loader):
    """Return a DataLoader's arguments as JSON types."""
    is_map = loader._dataset_kind == 0
    arguments = {name: getattr(loader, name, None) for name in ARGUMENTS}
    arguments.update(
        dataset=named(loader.dataset),
        sampler=named(loader.sampler) if is_map else None,
        collate_fn=named(loader.collate_fn),
        style="map" if is_map else "iterable",
        num_samples=length(loader.sampler) if is_map else None,
        start_method=start_method(loader),
    )
    return arguments


@guarded
def block_of(loader):
    """Return where a loader's counters stand, which is described once only."""
    if STATE.view is IGNORED:
        open_file()
    known, own = STATE.blocks.get(id(loader)), [getattr(loader, name, None) for name in CHANGEABLE]
    own.append(id(loader.collate_fn))
    if known is not None and known[0]() is loader and known[1] == own:
        return known[2]
    if len(STATE.blocks) >= MOST_KNOWN:
        STATE.blocks.clear()
    at = described_block(loader)
    STATE.blocks[id(loader)] = weakref.ref(loader), own, at
    return at


def described_block(loader):
    """Return where the counters of loaders with the same arguments stand; the first of them is noted."""
    arguments = described(loader)
    key = repr(sorted(arguments.items(), key=str))
    if key not in STATE.loaders:
        number = min(len(STATE.loaders), MOST_LOADERS - 1)
        STATE.loaders[key] = LOADERS_AT + number * len(LOADER)
        STATE.view[P_NUM_LOADERS] = number + 1
        own = identity(
            loader.dataset,
            loader.collate_fn,
            loader.num_workers,
            loader.drop_last,
            loader.persistent_workers,
        )
        note("loader", loader=number, identity=own, arguments=arguments)
    return STATE.loaders[key]


@guarded
def look_for_cuda():
    """Write down whether this process has put CUDA to use, which works on after it was given its work."""
    cuda = sys.modules.get("torch.cuda")
    if cuda is not None and cuda.is_initialized():
        STATE.view[P_USES_CUDA] = 1


@guarded
def fold_epoch(view, at):
    """Add the epoch that ends to the sums."""
    look_for_cuda()
    if view[at + L_EPOCH_BEGIN]:
        waited = view[at + L_WAIT_NS] + view[at + L_FIRST_WAIT_NS] - view[at + L_EPOCH_WAIT_NS]
        view[at + L_BUSY_NS] += max(0, view[at + L_END] - view[at + L_EPOCH_BEGIN] - waited)
        view[at + L_BATCHES] += view[at + L_DELIVERED]
    view[at + L_ASKED] = view[at + L_DELIVERED] = view[at + L_EPOCH_BEGIN] = 0


@guarded
def begun_epoch(iterator, at, begun):
    """Count an epoch, and what its start took."""
    view, now = STATE.view, clock()
    view[at + L_ASKED] = view[at + L_DELIVERED] = 0
    iterator._checkup_at, iterator._checkup_until, iterator._checkup_pace = at, 0, Pace(now)
    view[P_RANK] = rank()
    view[at + L_EPOCHS] += 1
    view[at + L_START_NS] += now - begun
    view[at + L_END] = view[at + L_EPOCH_BEGIN] = now
    view[at + L_EPOCH_WAIT_NS] = view[at + L_WAIT_NS] + view[at + L_FIRST_WAIT_NS]
    if not iterator._num_workers and has_own_sampler(iterator):
        iterator._checkup_drawing_at = at
        view[at + L_DRAW_NS] += now - begun  # nothing else is started
    workers = getattr(iterator, "_workers", None)
    if workers and workers[0].pid not in STATE.workers:
        STATE.workers.update(worker.pid for worker in workers)
        view[at + L_WORKER_STARTS] += 1


def has_own_sampler(iterator):
    """Tell whether something else than torch's samplers, which are quick, draws indices or makes batches."""
    sampler = iterator._index_sampler
    parts = sampler, getattr(sampler, "sampler", None)
    return not all(type(part).__module__.startswith(TORCHS_OWN) for part in parts)


class Drawn:
    """Indices that an epoch draws for workers, which tells how long drawing them takes."""

    __slots__ = "_at", "_indices"

    def __init__(self, indices, at):
        self._indices, self._at = indices, at

    def __iter__(self):
        return self

    def __next__(self):
        begun = clock()
        try:
            return next(self._indices)
        except BaseException as error:
            without_us(error)
            raise
        finally:
            STATE.view[self._at + L_DRAW_NS] += clock() - begun


@guarded
def drawing(iterator, loader, spent):
    """Time a sampler of the program's own from the draws on that give workers their first batches."""
    if iterator._num_workers and has_own_sampler(iterator):
        at = block_of(loader) or SCRATCH_AT
        STATE.view[at + L_DRAW_NS] += spent
        iterator._sampler_iter = Drawn(iterator._sampler_iter, at)


def watch_reset(original):
    """Wrap the base class' `_reset`, which asks the sampler for an epoch's indices.

    For workers' first epoch torch asks twice, once before.
    """

    @functools.wraps(original)
    def _reset(self, loader, first_iter=False):
        begun = clock()
        try:
            original(self, loader, first_iter)
        except BaseException as error:
            without_us(error)
            raise
        drawing(self, loader, (clock() - begun) * (1 + bool(first_iter)))

    return _reset


def watch_iter(original):
    """Wrap `DataLoader.__iter__`: epochs, and how long their start takes."""

    @functools.wraps(original)
    def __iter__(self):
        at, begun = block_of(self) or SCRATCH_AT, clock()
        fold_epoch(STATE.view, at)
        STATE.view[at + L_BEGIN], STATE.view[at + L_ASKED] = begun, 1
        try:
            iterator = original(self)
        except BaseException as error:
            STATE.view[at + L_ASKED] = 0
            without_us(error)
            raise
        begun_epoch(iterator, at, begun)
        return iterator

    return __iter__


@guarded
def ended(iterator, at, error, begun):
    """Write down how an epoch ended: by itself, short of its samples, or by an error."""
    view, now = STATE.view, clock()
    view[at + L_END] = now
    settle(iterator, view, at, iterator._num_yielded + 1, begun or now)
    view[at + L_WAIT_NS] += now - (begun or now)
    expected = length(iterator._index_sampler) if iterator._dataset_kind == 0 else None
    if not isinstance(error, StopIteration):
        view[at + L_ASKED] = view[at + L_DELIVERED] = iterator._num_yielded  # the loop may go on
        failed(iterator, at, error, expected)
        return
    fold_epoch(view, at)
    if expected is not None and iterator._num_yielded < expected:
        note("truncated", loader=number_of(at), batches=iterator._num_yielded, expected=expected)
    elif iterator._IterableDataset_len_called is not None:
        compare_length(iterator, number_of(at))


def failed(iterator, at, error, expected):
    """Write down an exception that a loop was given, and in which batch's stead a worker has sent it."""
    import threading

    workers = getattr(iterator, "_workers", ())
    if isinstance(error, (OSError, EOFError, RuntimeError)):
        await_deaths(workers)
    note(
        "failed",
        loader=number_of(at),
        error=name_of(error),
        traceback=printed(error, error.__traceback__.tb_next),
        batch=iterator._num_yielded,
        expected=expected,
        task=task_of(iterator, error),
        workers=[worker.pid for worker in workers],
        is_main_thread=threading.current_thread() is threading.main_thread(),
        place=place_of(sys._getframe(1)),
        resources=resources() if STATE.num_told <= MOST_TOLD else {},
    )


def task_of(iterator, error):
    """Return the number of the batch in whose stead a worker has sent an exception; None where none did."""
    trace, frames = error.__traceback__, {}
    while trace is not None:
        frames[trace.tb_frame.f_code.co_name] = trace.tb_frame
        trace = trace.tb_next
    if "reraise" not in frames or "_next_data" not in frames:
        return None
    if getattr(iterator, "_in_order", True):
        return iterator._rcvd_idx - 1
    return frames["_next_data"].f_locals.get("idx")


def place_of(frame):
    """Return the file and line of the innermost frame that is no library's; "" where all are."""
    place = ""
    while frame is not None and not place:
        place, frame = place_of_line(frame, frame.f_lineno), frame.f_back
    return place


def place_of_line(frame, line):
    """Return a frame's file and line; "" where it is a library's."""
    path = frame.f_code.co_filename
    return f"{os.path.basename(path)}:{line}" if is_own(path) else ""


def is_own(path):
    """Tell whether a file is the user's and no library's."""
    return bool(path) and not (
        "-packages" in path or path.startswith(("<frozen", LIBRARY)) or path == __file__
    )


def compare_length(iterator, number):
    """Write down, once a loader, that a stream whose length was asked for had many more or fewer batches."""
    announced, seen = iterator._IterableDataset_len_called, iterator._num_yielded
    expected = batches_of(iterator, announced)
    if expected is None or number in STATE.mismatched:
        return
    if abs(seen - expected) > max(iterator._num_workers, expected // LENGTH_SLACK):
        STATE.mismatched.add(number)
        note("length", loader=number, batches=seen, expected=expected, samples=announced)


def batches_of(iterator, num_samples):
    """Return how many batches so many samples of a stream make; None where that is not known."""
    size = getattr(iterator._index_sampler, "batch_size", None) if iterator._auto_collation else 1
    if not size or num_samples is None:
        return None
    return num_samples // size if iterator._drop_last else -(-num_samples // size)


def await_deaths(workers):
    """Give a worker whose connection was cut a moment to be seen as dead; the iterator is lost anyway."""
    from multiprocessing import connection

    if not workers or not connection.wait([worker.sentinel for worker in workers], DEATH_SECONDS):
        return
    codes = exit_codes()
    note_deaths(codes)
    if not codes:
        for worker in workers:  # a forkserver's children are not ours to wait for; their poll tells
            worker.is_alive()


def number_of(at):
    """Return a loader's number by where its counters stand."""
    return (at - LOADERS_AT) // len(LOADER)


def settle(iterator, view, at, number, begun):
    """Add what was waited for batches passed over before one: as long for each as for the last one timed."""
    if iterator._checkup_each:
        pace = iterator._checkup_pace
        num_passed = number - 1 - pace.number
        view[at + L_WAIT_NS] += min(num_passed * iterator._checkup_each, begun - pace.at)


def unseen(iterator):
    """Give a pace to an iterator that was not seen to begin: a loader's `__iter__` may be the user's own."""
    iterator._checkup_pace = pace = Pace(clock())
    pace.number = pace.closed = iterator._num_yielded
    return pace


@guarded
def loaded(iterator, view, at, number, begun, now):
    """Add what was waited for a batch that this process has loaded, and pass over others or not."""
    pace = iterator._checkup_pace
    settle(iterator, view, at, number, begun)
    is_close = number >= pace.close
    pace.look(number, now)
    if is_close and pace.close > number + 1:
        view[P_COUNT] = 0  # what is in flight from now on is not known
    if not is_close and pace.mean_ns < LIGHT_FROM_NS:
        iterator._checkup_until, iterator._checkup_each = pace.close - 1, now - begun


def watch_next(original, loads_itself):
    """Wrap an iterator's `_next_data`: how long each batch was waited for."""
    process = STATE  # a name of its own is found more quickly than a module's

    @functools.wraps(original)
    def _next_data(self):
        view, at, number, begun = process.view, self._checkup_at, self._num_yielded + 1, 0
        view[at] = number  # L_ASKED
        if number > self._checkup_until:
            if loads_itself:
                pace = self._checkup_pace or unseen(self)
                process.is_passing, process.num_unseen = number < pace.close, number - 1 - pace.closed
                process.drawing_at = self._checkup_drawing_at
                view[P_BATCH] = number - 1
            view[at + L_BEGIN] = begun = clock()
        try:
            data = original(self)
        except BaseException as error:
            ended(self, at, error, begun)
            without_us(error)
            raise
        view[at + 1] = number  # L_DELIVERED
        if begun:
            view[at + L_END] = now = clock()
            view[at + (L_WAIT_NS if number > 1 else L_FIRST_WAIT_NS)] += now - begun
            if loads_itself:
                loaded(self, view, at, number, begun, now)
        return data

    return _next_data


def resources():
    """Return what this process holds of what may run out; each part is left out where it cannot be read."""
    found = {}
    for name, read in RESOURCES.items():
        with contextlib.suppress(Exception):
            found[name] = read()
    return found


def limit_of(name):
    """Return a soft limit of this process; None where there is none."""
    import resource

    value = resource.getrlimit(getattr(resource, name))[0]
    return None if value == resource.RLIM_INFINITY else value


def open_files():
    """Return how many files are open; no file is opened for it, since there may be no room for one."""
    count = 0
    for number in range(min(limit_of("RLIMIT_NOFILE") or MOST_FILES, MOST_FILES)):
        with contextlib.suppress(OSError):
            os.fstat(number)
            count += 1
    return count


def memory_maps_limit():
    """Return how many memory maps a process may have."""
    with open("/proc/sys/vm/max_map_count") as file:
        return int(file.read())


def memory_maps():
    """Return how many memory maps this process has."""
    with open("/proc/self/maps", "rb") as file:
        return sum(1 for _ in file)


def shm(field):
    """Return a size of /dev/shm in bytes."""
    system = os.statvfs("/dev/shm")
    return getattr(system, field) * system.f_frsize


RESOURCES = {
    "open_files": open_files,
    "open_files_limit": lambda: limit_of("RLIMIT_NOFILE"),
    "memory_maps": memory_maps,
    "memory_maps_limit": memory_maps_limit,
    "shm_total_bytes": lambda: shm("f_blocks"),
    "shm_free_bytes": lambda: shm("f_bavail"),
}


def exit_codes():
    """Return pid -> exit code (negative: signal) of children that are gone, without reaping them."""
    from multiprocessing import process

    codes = {}
    for child in list(process._children):
        try:
            seen = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except (OSError, AttributeError):
            continue
        if seen is not None:
            codes[child.pid] = seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status
    return codes


@guarded
def note_deaths(codes):
    """Write down children that ended while nobody had asked them to."""
    if STATE.is_leaving:
        return
    new = {pid: code for pid, code in codes.items() if pid in STATE.workers}
    if new:
        STATE.workers.difference_update(new)
        note("died", codes=new, resources=resources())


def watch_failures(original):
    """Wrap torch's SIGCHLD check, before which nothing has been reaped."""

    @functools.wraps(original)
    def _error_if_any_worker_fails():
        try:
            return original()
        except BaseException as error:
            note_deaths(guarded(exit_codes)())
            without_us(error)
            raise

    return _error_if_any_worker_fails


def watch_poll(original):
    """Wrap multiprocessing's poll, which learns the exit codes."""

    @functools.wraps(original)
    def poll(self, *arguments, **keywords):
        before = self.returncode
        code = original(self, *arguments, **keywords)
        if before is None and code is not None:
            note_deaths({self.pid: code})
        return code

    return poll


def watch_shutdown(original):
    """Wrap the shutdown of workers, whose ends are no deaths."""

    @functools.wraps(original)
    def _shutdown_workers(self):
        STATE.workers.difference_update(worker.pid for worker in getattr(self, "_workers", ()))
        try:
            return original(self)
        except BaseException as error:
            without_us(error)
            raise

    return _shutdown_workers


# ---- the process that loads samples: a worker, or without workers the same one


class Stepped(list):
    """A batch's indices that tell how far a loop over them has come."""

    def __iter__(self):
        return self.steps(STATE.view)

    def steps(self, view):
        """Yield the indices."""
        for position, index in enumerate(list.__iter__(self)):
            view[P_POSITION] = position
            yield index
        view[P_SINCE], view[P_STAGE] = clock(), COLLATING


def run_delay(unknown):
    """Return for how long this thread could have run and others did, in nanoseconds."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return unknown
    try:
        return int(os.read(descriptor, 64).split()[1])
    except (OSError, ValueError, IndexError):
        return unknown
    finally:
        os.close(descriptor)


def add_slow(view, spent, slow_from, now):
    """Count a sample as a slow one, unless it was the processor that others had meanwhile.

    Of what others had since that was read last it bears its share of the time since then.
    """
    before, since = STATE.delay_ns, max(spent, now - STATE.delay_at)
    if before:
        STATE.delay_ns, STATE.delay_at = run_delay(before), now
    own = spent - max(0, STATE.delay_ns - before) * spent // since
    if own > slow_from:
        view[P_SLOW_COUNT] += 1 + STATE.num_unseen
        view[P_SLOW_NS] += own * (1 + STATE.num_unseen)


class Timed(Stepped):
    """Indices that also tell the slowest sample, and how many took far longer than the average one."""

    def steps(self, view):
        """Yield the indices."""
        slow_from = max(SLOW_TIMES * STATE.sample_ns, SLOW_FROM_NS)
        reads_delay = STATE.delay_ns and STATE.sample_ns >= DELAY_FROM_NS
        begun = clock()
        for position, index in enumerate(list.__iter__(self)):
            view[P_POSITION] = position
            yield index
            now = clock()
            spent, begun = now - begun, now
            if spent > view[P_SLOWEST_NS]:
                view[P_SLOWEST_NS] = spent
                view[P_SLOWEST_INDEX] = index if type(index) is int else -1
            if spent > slow_from and view[P_SAMPLES]:
                add_slow(view, spent, slow_from, now)
            elif reads_delay:
                STATE.delay_ns, STATE.delay_at = run_delay(STATE.delay_ns), now
        view[P_SINCE], view[P_STAGE] = begun, COLLATING


class Opening(Stepped):
    """Indices of a stream's first batch: what its generators draw before its first sample may be an order."""

    def steps(self, view):
        """Yield the indices."""
        for position, index in enumerate(super().steps(view)):
            if position == 1:
                look_at_first_drawn()
            yield index


def note_indices(view, indices):
    """Write down the indices of the batch in flight; of a stream, the positions that samples will have."""
    known = indices if isinstance(indices, (list, tuple)) else [indices]
    count = min(len(known), MOST_INDICES)
    view[P_COUNT], view[P_POSITION] = 0, 0
    if STATE.is_streaming:
        before = view[P_SAMPLES] + STATE.num_unseen * count
        first = before if view[P_IS_WORKER] else view[P_BATCH] * count
        known = range(first, first + count)
    try:
        view[INDICES_AT : INDICES_AT + count] = array("q", known[:count])
        view[P_COUNT] = count
    except (TypeError, OverflowError):
        note("indices", batch=view[P_BATCH], indices=[repr(index)[:80] for index in known[:64]])


def in_flight():
    """Return the batch and the sample that are being loaded."""
    view = STATE.view
    indices = list(view[INDICES_AT : INDICES_AT + view[P_COUNT]])
    stage = STAGES[view[P_STAGE]]
    position = view[P_POSITION]
    one = indices[position : position + 1] if stage == "fetching" else indices
    return {"batch": view[P_BATCH], "indices": indices, "samples": one or indices, "stage": stage}


def note_from_traceback(error, indices):
    """Write down what was in flight where that was passed over.

    Torch's loop variable names the sample. From Python 3.12 on it is gone with the exception: there what the
    dataset was asked for does.
    """
    view, trace, dataset = STATE.view, error.__traceback__, None
    note_indices(view, indices)
    view[P_STAGE], view[P_POSITION] = COLLATING, -1  # somewhere in the batch
    while trace is not None:
        file, names = trace.tb_frame.f_code.co_filename, trace.tb_frame.f_locals
        is_fetcher = file.endswith("fetch.py")
        dataset = getattr(names.get("self"), "dataset", None) if is_fetcher else dataset
        is_subset = file.endswith("dataset.py") and dataset is not None and names.get("self") is dataset
        if is_fetcher and "data" not in names:  # which is there once all samples are
            view[P_STAGE] = FETCHING
        if is_fetcher or is_subset:
            known, one = list(indices), names.get("idx", NOTHING)
            if one is NOTHING and trace.tb_next is not None:
                one = first_argument(trace.tb_next.tb_frame)
                known = [dataset.indices[index] for index in known] if is_subset else known
            if one in known:
                view[P_POSITION] = known.index(one)
        trace = trace.tb_next


def first_argument(frame):
    """Return what a dataset's method was asked for, where it is still what was passed."""
    import dis

    code = frame.f_code
    if code.co_name != "__getitem__" or code.co_argcount != 2:
        return NOTHING
    name = code.co_varnames[1]
    for step in dis.get_instructions(code):
        named = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if "STORE" in step.opname and name in named:
            return NOTHING
    return frame.f_locals.get(name, NOTHING)


@guarded
def raised(error, indices, caller):
    """Write down an exception of the dataset or of collate, with its traceback.

    Where the batch was passed over, the frame that has called tells its number, but for a worker's.
    """
    drawn_again()
    if caller is not None and not STATE.view[P_IS_WORKER]:
        STATE.view[P_BATCH] = caller.f_locals["self"]._num_yielded
    if caller is not None or STATE.view[P_POSITION] < 0:
        note_from_traceback(error, indices)
    trace = error.__traceback__.tb_next if caller is not None else error.__traceback__.tb_next.tb_next
    name = "stopped" if isinstance(error, StopIteration) else "raised"
    words = printed(error, trace)
    scarce = resources() if isinstance(error, SCARCE) and words else {}
    odd = odd_ones(error, indices) if words else {}
    note(name, error=name_of(error), traceback=words, resources=scarce, **in_flight(), **odd)


@guarded
def fetched(error):
    """Return the samples that torch's fetcher held when something raised; none before all were there."""
    trace, data = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith("fetch.py"):
            data = trace.tb_frame.f_locals.get("data", data)
        trace = trace.tb_next
    return data if isinstance(data, list) else []


def odd_ones(error, indices):
    """Return which samples of a batch are unlike most of it, each in words."""
    words = [in_words(sample) for sample in fetched(error) or ()]
    common = max(words, key=words.count, default="")
    if not isinstance(indices, list) or len(words) != len(indices) or 2 * words.count(common) <= len(words):
        return {}
    odd = [(index, word) for index, word in zip(indices, words, strict=True) if word != common]
    return {"odd": odd[:4], "common": common} if odd else {}


def in_words(thing, depth=0):
    """Return what a sample is made of: classes, shapes and keys, and no contents."""
    name = type(thing).__name__
    if thing is None:
        return "None"
    if isinstance(getattr(thing, "shape", None), tuple):
        return f"{name} {list(thing.shape)}"
    if depth < 3 and isinstance(thing, dict):
        parts = (f"{key}: {in_words(thing[key], depth + 1)}" for key in list(thing)[:8])
        return f"{{{', '.join(parts)}}}"[:120]
    if isinstance(thing, (list, tuple)):
        parts = [in_words(part, depth + 1) for part in thing[:4]] if depth < 3 else []
        return f"{name} of {len(thing)} ({', '.join(parts)})"[:120]
    return name


def takes_batches(dataset):
    """Tell whether a dataset is asked for whole batches; torch's own Subset asks for one sample at a time."""
    if not getattr(dataset, "__getitems__", None):
        return False
    torchs = getattr(sys.modules["torch.utils.data.dataset"].Subset, "__getitems__", None)
    is_torchs = torchs is not None and getattr(type(dataset), "__getitems__", None) is torchs
    return not is_torchs or callable(getattr(dataset.dataset, "__getitems__", None))


def begin_batch(fetcher, indices):
    """Write down a batch; return its indices so that the sample in flight is known, where nothing changes."""
    view = STATE.view
    begun = clock()
    view[P_SINCE], view[P_STAGE] = begun, FETCHING
    if STATE.drawing_at:
        at, STATE.drawing_at = STATE.drawing_at, 0
        view[at + L_DRAW_NS] += (begun - view[at + L_BEGIN]) * (1 + STATE.num_unseen)
    note_indices(view, indices)
    if STATE.handles:
        look_at_handles(STATE.handles, True, STATE.num_unseen > 0)
    STATE.delay_ns, STATE.delay_at = run_delay(0) if view[P_IS_WORKER] else 0, begun
    if view[P_IS_WORKER] and STATE.random is None:
        STATE.random = random_states(fetcher) or {}
    elif view[P_IS_WORKER] and begun > STATE.walk_at:
        look_for_growth(fetcher)
    is_cheap = STATE.sample_ns < STEPPED_FROM_NS and view[P_BATCHES] >= CLOSE_FIRST
    if is_cheap or type(indices) is not list or takes_batches(fetcher.dataset):
        view[P_POSITION] = -1  # somewhere in the batch
        return indices, begun
    if STATE.is_streaming and STATE.random:
        return Opening(indices), begun
    return (Timed if STATE.sample_ns >= TIMED_FROM_NS else Stepped)(indices), begun


def end_batch(indices, data, begun, cpu_begun, delay_begun):
    """Add up a batch, which stands for those passed over before it too."""
    view, now, weight = STATE.view, clock(), 1 + STATE.num_unseen
    num_samples = len(indices) if isinstance(indices, (list, tuple)) else 1
    if cpu_begun:
        view[P_CPU_NS] += time.thread_time_ns() - cpu_begun
        view[P_TIMED_NS] += now - begun
        view[P_READY_NS] += run_delay(delay_begun) - delay_begun if delay_begun else 0
    collated = now - view[P_SINCE] if view[P_STAGE] == COLLATING else 0
    view[P_COLLATE_NS] += collated * weight
    view[P_FETCH_NS] += (now - begun - collated) * weight
    view[P_SAMPLES] += num_samples * weight
    view[P_BATCHES] += weight
    view[P_SINCE], view[P_STAGE] = now, NONE
    more = now - begun - num_samples * STATE.sample_ns
    if STATE.sample_ns < TIMED_FROM_NS and more > SLOW_FROM_NS:  # one whose samples were not timed
        add_slow(view, more, SLOW_FROM_NS, now)
    STATE.sample_ns = (now - begun) // (num_samples or 1)
    if view[P_IS_WORKER]:
        if STATE.handles:
            look_at_handles(STATE.handles, False)
        drawn_again()
        if STATE.random:
            drawn_from(STATE.random)
        if STATE.is_streaming and not STATE.stream.is_told and view[P_NUM_WORKERS] > 1:
            stream_batch(data, num_samples)


def fetch_noted(original, fetcher, batch_indices):
    """Fetch a batch, and write down what is in flight and what it cost."""
    begun = 0
    try:
        indices, begun = begin_batch(fetcher, batch_indices)
    except Exception as error:
        note("fault", where="begin_batch", error=repr(error)[:200])
        indices = batch_indices
    is_long = STATE.sample_ns * STATE.view[P_COUNT] >= CPU_FROM_NS or not STATE.view[P_BATCHES] % CPU_EVERY
    cpu_begun, delay_begun = time.thread_time_ns() if is_long else 0, STATE.delay_ns
    data = original(fetcher, indices)
    try:
        if begun:
            end_batch(batch_indices, data, begun, cpu_begun, delay_begun)
    except Exception as error:
        note("fault", where="end_batch", error=repr(error)[:200])
    return data


@guarded
def pass_over(indices, is_stream):
    """Write down what is in flight in a worker, which nobody could tell if it died, and nothing else."""
    view, STATE.is_streaming = STATE.view, is_stream
    view[P_STAGE] = FETCHING
    note_indices(view, indices)
    view[P_POSITION] = -1


def watch_fetch(original, is_stream):
    """Wrap a fetcher's `fetch`: what is in flight, and what it costs."""
    process = STATE

    @functools.wraps(original)
    def fetch(self, possibly_batched_index):
        is_passing = process.is_passing
        try:
            if is_passing:
                if is_passing is IN_WORKER:
                    pass_over(possibly_batched_index, is_stream)
                return original(self, possibly_batched_index)
            process.is_streaming = is_stream
            return fetch_noted(original, self, possibly_batched_index)
        except BaseException as error:
            process.is_streaming = is_stream
            if is_stream and isinstance(error, StopIteration):
                stream_ended()
            else:
                raised(error, possibly_batched_index, sys._getframe(1) if is_passing else None)
            without_us(error)
            if not is_passing:
                without_us(error)
            raise

    return fetch


@guarded
def look_at_first_drawn():
    """Remember the states of generators after a stream's first sample."""
    STATE.first_drawn = {name: digest(state(thing)) for name, (thing, state, *_) in STATE.random.items()}


@guarded
def drawn_from(generators):
    """Write down, after the first batch, what tells whether workers repeat one another's random numbers.

    A stream that shuffles before it is divided among workers draws the same in all of them, once: of a stream
    a later sample must draw as well, at the latest in its second batch.
    """
    STATE.random, states, open_ones, until = {}, {}, {}, clock() + DRAWN_NS
    for name, (thing, state, first, source) in generators.items():
        after = digest(state(thing))
        is_drawn = after != first and is_drawn_on(source, origin(thing), until)
        states[name] = [first, is_drawn, kind_of(thing), after]
        if STATE.is_streaming and after != first and after == STATE.first_drawn.get(name, after):
            open_ones[name] = thing, state
    STATE.drawn = states, open_ones
    if not open_ones:
        drawn_again()


@guarded
def drawn_again():
    """Write down of a stream's generators those that more than its first sample has drawn from."""
    if STATE.drawn is None:
        return
    (states, open_ones), STATE.drawn = STATE.drawn, None
    for name, (thing, state) in open_ones.items():
        if digest(state(thing)) == states[name][-1]:
            states[name][1:] = False, states[name][2], states[name][0]
    note("random", states=states)


@guarded
def stream_batch(data, num_asked):
    """Remember a batch of a stream by its samples; the first ones are written down as they came."""
    stream = STATE.stream
    stream.is_told = True  # what cannot be read once is not tried again
    digests = [digest(row) for row in rows(data, num_asked)]
    if stream.num_batches < NUM_DIGESTS:
        new = len(set(digests).difference(stream.counts))
        note("content", digest=digest(digests), samples=len(digests), distinct=new)
    stream.add(digests)
    stream.is_told = False


@guarded
def stream_ended():
    """Write down which samples a stream gave, once it has given all; of later epochs nothing."""
    drawn_again()
    stream, view = STATE.stream, STATE.view
    if stream.num_batches and not stream.is_told:
        stream.is_told = True
        kept = sorted(stream.counts)[:NUM_SMALLEST]
        note(
            "stream",
            samples={one: stream.counts[one] for one in kept},
            is_whole=len(kept) == len(stream.counts) and stream.limit == "g",
            seen=stream.num_samples,
            share=min(1.0, stream.num_batches / max(1, view[P_BATCHES] + STATE.num_unseen)),
        )


def digest(thing):
    """Return a short digest of what a thing looks like."""
    import hashlib

    words = thing if isinstance(thing, bytes) else repr(thing).encode("utf-8", "replace")
    return hashlib.blake2b(words, digest_size=6).hexdigest()


def rows(data, num_asked):
    """Return what tells each sample of a batch from others, as bytes or text."""
    columns = list(columns_of(data, num_asked))
    lengths = {len(column) for column in columns}
    is_whole = lengths == {1} and len(columns) == num_asked  # each a sample, in a list
    if len(lengths) == 1 and lengths.pop() <= num_asked and not is_whole:
        return [repr(row) for row in zip(*columns, strict=True)]
    return [repr(column) for column in columns]


def columns_of(data, num_asked, depth=0):
    """Yield the parts of a batch, each as the list of what its samples have there; or whole, in a list."""
    if hasattr(data, "detach") and hasattr(data, "flatten"):
        if data.device.type == "cpu":
            yield tensor_rows(data.detach(), num_asked)
        return
    if isinstance(data, dict):
        data = list(data.values())
    if not isinstance(data, (list, tuple)):
        yield [data if isinstance(data, (str, bytes, int, float)) else type(data).__name__]
    elif data and all(isinstance(part, (str, bytes, int, float)) for part in data[:num_asked]):
        yield list(data[:ROW_ITEMS])
    elif depth < 4:
        for part in data[:ROW_ITEMS]:
            yield from columns_of(part, num_asked, depth + 1)


def tensor_rows(tensor, num_asked):
    """Return a tensor's rows as bytes, where there is one a sample; some numbers all over each row."""
    if not tensor.numel():
        return [b""]
    is_batch = tensor.dim() > 0 and 0 < len(tensor) <= num_asked
    flat = tensor.reshape(len(tensor) if is_batch else 1, -1)
    step = max(1, flat.shape[1] // ROW_ITEMS)
    part = flat[:, ::step].contiguous()
    size = part.shape[1] * part.element_size()
    words = memoryview(part.view(-1).view(sys.modules["torch"].uint8).numpy()).tobytes()
    return [words[at : at + size] for at in range(0, len(words), size or 1)]


def numpy_state(one):
    """Return the state of NumPy's older generators."""
    return [part.tobytes() if hasattr(part, "tobytes") else part for part in one.get_state()]


@functools.lru_cache(1024)
def state_reader(kind):
    """Return the function that reads the state of random generators of a class; None where it is no such."""
    name = named(kind)
    if name == "random.Random":
        return lambda one: one.getstate()
    if name.startswith("numpy.random.") and hasattr(kind, "bit_generator"):
        return lambda one: sorted(map(str, one.bit_generator.state.items()))
    if name.startswith("numpy.random.") and hasattr(kind, "get_state"):
        return numpy_state
    if name == "torch._C.Generator":
        return lambda one: one.get_state().numpy().tobytes()
    return None


def kind_of(generator):
    """Return a generator's class, and which bits it draws from: "numpy.random.…Generator(PCG64)"."""
    bits = getattr(generator, "bit_generator", None)
    return named(type(generator)) + (f"({type(bits).__name__})" if bits is not None else "")


@guarded
def origin(generator):
    """Return what drawing never changes of a generator, and a twister's words, which it stirs."""
    if hasattr(generator, "getstate"):
        return [], generator.getstate()[1][:TWISTER_WORDS]
    if hasattr(generator, "initial_seed"):
        return [generator.initial_seed()], None
    bits = getattr(generator, "bit_generator", None)
    state = (generator.get_state(legacy=False) if bits is None else bits.state)["state"]
    if "pos" in state:
        return [], tuple(map(int, state["key"]))
    return [str(state[part]) for part in ("inc", "key") if part in state], None


def is_drawn_on(before, after, until):
    """Tell whether drawing leads from one state to another; what was seeded meanwhile has another origin."""
    if not before or not after or before[1] is None:
        return bool(before and before[0]) and before == after
    import random

    words, twister = before[1], random.Random()
    twister.setstate((3, (*words, TWISTER_WORDS), None))
    while words != after[1] and clock() < until:
        twister.getrandbits(32 * TWISTER_WORDS)
        words = twister.getstate()[1][:TWISTER_WORDS]
    return words == after[1]


PLAIN = (bool, int, float, str, bytes, bytearray, complex, type(None), array)
FUNCTION, METHOD, CACHED = type(guarded), type(STATE.begin), type(state_reader)


def parts_of(name, thing):
    """Yield what a thing holds or uses, without running any of its code, with the names to reach it by."""
    kind = type(thing)
    if kind in (list, tuple):
        yield from ((f"{name}[{at}]", part) for at, part in enumerate(thing[:MOST_PARTS]))
    elif issubclass(kind, dict):
        for number, (key, part) in enumerate(dict.items(thing)):
            if number >= MOST_PARTS:
                break
            yield f"{name}[{key!r:.40}]", part
    elif kind is functools.partial:
        yield f"{name}.func", thing.func
        yield f"{name}.args", thing.args
        yield f"{name}.keywords", thing.keywords
    elif kind is METHOD:
        yield f"{name}.__self__", thing.__self__
        yield f"{name}.__func__", thing.__func__
    elif kind is FUNCTION:
        yield from parts_of_function(name, thing)
    elif not issubclass(kind, (type, type(sys))):
        yield from parts_of_object(name, thing, kind)


def parts_of_object(name, thing, kind):
    """Yield an object's attributes, and the functions of its class, which make samples of them."""
    own = getattr(thing, "__dict__", None)
    if isinstance(own, dict):
        yield from ((f"{name}.{key}", part) for key, part in list(own.items())[: 4 * MOST_PARTS])
    if isinstance(thing, list):
        yield from parts_of(name, list(list.__iter__(thing)))
    for base in kind.__mro__[:-1]:
        for key, part in list(vars(base).items()):
            if is_own(part.__code__.co_filename) if type(part) is FUNCTION else is_telling(part):
                yield f"{name}.{key}", part


def is_telling(thing):
    """Tell random generators and caches from what else a class may hold."""
    return type(thing) is CACHED or state_reader(type(thing)) is not None


def parts_of_function(name, function):
    """Yield what a function keeps from where it was made, and the globals that it names."""
    if not is_own(function.__code__.co_filename):
        return
    for number, cell in enumerate(function.__closure__ or ()):
        with contextlib.suppress(ValueError):  # one that is still empty
            yield f"{name}.__closure__[{number}].cell_contents", cell.cell_contents
    for number, part in enumerate(function.__defaults__ or ()):
        yield f"{name}.__defaults__[{number}]", part
    codes, known = [function.__code__], function.__globals__
    for code in codes:
        codes.extend(part for part in code.co_consts if type(part) is type(code))
        for key in code.co_names:
            part = known.get(key, NOTHING)
            if part is not NOTHING and isinstance(part, type(sys)):
                inside = vars(part) if is_own(getattr(part, "__file__", None)) else ()
                yield from ((f"{key}.{one}", inside[one]) for one in code.co_names if one in inside)
            elif part is not NOTHING:
                yield f"{function.__module__}.{key}", part


def held_by(**roots):
    """Walk what a dataset holds and what its functions use, breadth first, without running any of it."""
    queue, seen = [(name, thing, 0) for name, thing in roots.items()], set(map(id, roots.values()))
    until = clock() + WALK_NS
    for name, thing, depth in queue:
        yield name, thing
        if depth >= MOST_DEPTH or clock() > until or state_reader(type(thing)):
            continue
        for part_name, part in parts_of(name, thing) if len(queue) < MOST_WALKED else ():
            if type(part) not in PLAIN and id(part) not in seen:
                seen.add(id(part))
                queue.append((part_name, part, depth + 1))


@guarded
def random_states(fetcher):
    """Return the random generators in reach of a dataset, each with its state before the first sample."""
    found, things = {}, list(held_by(dataset=fetcher.dataset, collate_fn=fetcher.collate_fn))
    STATE.sizes, STATE.walk_at = sizes_of(things), clock() + GROWTH_FROM_NS
    STATE.handles = handles_of(things)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        things.append(("numpy.random", numpy_random.mtrand._rand))
    if "random" in sys.modules:
        things.append(("random", sys.modules["random"]._inst))
    for name, thing in things:
        state = state_reader(type(thing))
        if state is not None and len(found) < MOST_GENERATORS:
            found[name] = (thing, state, digest(state(thing)), origin(thing))
    return found


class Handle:
    """A file that a dataset reads, whose position stands still between a worker's batches if it is its own.

    Attributes
    ----------
    name : str
    descriptor : int
    at : int or None
        Where it stood after the batch before.
    num_looks : int
    """

    __slots__ = "at", "descriptor", "name", "num_looks"

    def __init__(self, name, file):
        self.name, self.descriptor, self.at, self.num_looks = name, file.fileno(), None, 0


def handles_of(things):
    """Return the files that are read and came by fork; none where a lock among processes may guard them."""
    if not STATE.inherited or any(
        type(thing).__module__ == "multiprocessing.synchronize" for _, thing in things
    ):
        return []
    files = (Handle(name, thing) for name, thing in things if is_read_only(thing))
    return [one for one in files if is_inherited(one.descriptor)][:MOST_HANDLES]


def is_inherited(descriptor):
    """Tell whether a worker's file was open already when it was forked; what it opens itself is its own."""
    known = STATE.inherited.get(descriptor)
    return known is not None and known == identity_of(descriptor)


@guarded
def inherited_files():
    """Return what a worker that was forked by its loader's process has open: descriptor -> file."""
    from multiprocessing import parent_process

    parent = parent_process()
    if not STATE.is_forked or parent is None or parent.pid != os.getppid():  # a forkserver's unpickles
        return {}
    return {int(name): identity_of(int(name)) for name in os.listdir("/dev/fd")}


def is_read_only(thing):
    """Tell whether a thing is an open file, of Python's own classes, that is only read from."""
    if type(thing).__module__ != "_io" or not hasattr(thing, "fileno"):
        return False
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; a file in memory; a closed one
        import fcntl

        return fcntl.fcntl(thing.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    return False


@guarded
def look_at_handles(handles, is_begin, has_passed=False):
    """Note where files stand; write down one that another process has moved since the batch before.

    The worker itself may have moved it where it `has_passed` over batches since.
    """
    for handle in list(handles):
        at = None
        with contextlib.suppress(OSError):
            at = os.lseek(handle.descriptor, 0, os.SEEK_CUR)
        is_moved = is_begin and not has_passed and None not in (at, handle.at) and at != handle.at
        if is_moved:
            note("moved", name=handle.name)
        handle.at, handle.num_looks = None if is_begin else at, handle.num_looks + 1
        if is_moved or handle.num_looks > HANDLE_LOOKS:
            handles.remove(handle)


def sizes_of(things):
    """Return how many entries there are in each container, and in each cache of a function, and its kind."""
    sizes = {}
    for name, thing in things:
        base = next((base for base in (dict, list, set) if issubclass(type(thing), base)), None)
        if base is not None:
            sizes[name] = base.__len__(thing), base.__name__
        elif type(thing) is CACHED:
            sizes[name] = thing.cache_info().currsize, "lru_cache"
    return sizes


@guarded
def look_for_growth(fetcher):
    """Write down which container in reach of a dataset has grown most, ever more seldom."""
    begun = clock()
    STATE.walk_at = begun + MOST_PAUSE_NS  # should it fail
    sizes = sizes_of(held_by(dataset=fetcher.dataset, collate_fn=fetcher.collate_fn))
    grown = []
    for name, (size, kind) in sizes.items():
        first = STATE.sizes.get(name, (0, kind))[0]
        if size >= first + GROWN_BY:
            grown.append([size - first, name, kind, first, size])
    for _, name, kind, first, size in sorted(grown)[-1:]:
        note("grown", name=name, kind=kind, first=first, last=size)
    now = clock()
    STATE.walk_at = now + max(GROWTH_FROM_NS, 100 * (now - begun), (now - STATE.view[P_STARTED]) // 4)


class Tasks:
    """A worker's queue of batches to load, which tells the number of each and how long it waited for it."""

    def __init__(self, queue):
        self._queue, self._number, self._pace = queue, 0, Pace(clock())

    def __getattr__(self, name):
        return getattr(self._queue, name)

    def get(self, *arguments, **keywords):
        """Wait for a task."""
        view, number, pace = STATE.view, self._number + 1, self._pace
        STATE.is_passing = IN_WORKER if number < pace.close else False
        STATE.num_unseen = number - 1 - pace.closed
        begun = 0 if STATE.is_passing else clock()
        view[P_STAGE] = IDLE
        if begun:
            view[P_SINCE] = begun
        try:
            task = self._queue.get(*arguments, **keywords)
        except BaseException as error:
            if begun:
                view[P_IDLE_NS] += clock() - begun
            without_us(error)
            raise
        if begun:
            now = clock()
            view[P_IDLE_NS] += min((now - begun) * (1 + STATE.num_unseen), now - pace.at)
        if isinstance(task, tuple) and type(task[0]) is int:
            self._number, view[P_BATCH] = number, task[0]
            if begun:
                pace.look(number, now)
            STATE.sent[task[0]] = task[1]
            STATE.sent.pop(task[0] - 64 * max(1, view[P_NUM_WORKERS]), None)
        else:  # the next epoch begins: what lay between is none of the loop's pace
            pace.at, pace.number = clock(), self._number
        return task


class Sender:
    """Stands for the pickler of the queue's feeder thread, in a worker: times it and sees what it refuses."""

    def __init__(self, pickler):
        self.pickler = pickler

    def __getattr__(self, name):
        return getattr(self.pickler, name)

    def dumps(self, obj, *arguments):
        """Pickle a batch."""
        begun = clock()
        try:
            return self.pickler.dumps(obj, *arguments)
        except BaseException as error:
            refused(obj, error)
            without_us(error)
            raise
        finally:
            STATE.view[P_SEND_NS] += clock() - begun


@guarded
def refused(obj, error):
    """Write down a batch that cannot be sent: nobody else will say so."""
    batch = obj[0] if isinstance(obj, tuple) and type(obj[0]) is int else None
    indices = STATE.sent.get(batch)
    known = indices if isinstance(indices, list) else [indices]
    known = [index for index in known if type(index) is int]
    note(
        "unsent",
        error=name_of(error),
        traceback=printed(error, error.__traceback__.tb_next),
        batch=batch,
        indices=known,
        samples=known,
        stage="sending",
        part=refusing("batch", obj[-1]) if isinstance(obj, tuple) else "",
        resources=resources() if isinstance(error, SCARCE) else {},
    )


def refusing(name, thing, depth=0):
    """Return the innermost part of a thing that pickle refuses, by the way to it, with its class."""
    for part_name, part in parts_of(name, thing) if depth < MOST_DEPTH else ():
        if type(part) not in PLAIN and not is_picklable(part):
            return refusing(part_name, part, depth + 1)
    return f"{name} is of class {named(type(thing))}"


def is_picklable(thing):
    """Tell whether pickle takes a thing, which copies it once more."""
    import pickle

    try:
        pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
    except Exception:
        return False
    return True


@guarded
def begin_worker(arguments):
    """Give a worker its own file, and put the queues' tellers in place."""
    from multiprocessing import parent_process, queues

    STATE.is_leaving = False
    open_file()
    STATE.inherited = inherited_files() or {}
    view, parent = STATE.view, parent_process()
    view[P_IS_WORKER], view[P_WORKER] = 1, arguments["worker_id"]
    view[P_NUM_WORKERS], view[P_BASE_SEED] = arguments["num_workers"], arguments["base_seed"] % 2**63
    view[P_PARENT] = parent.pid if parent else os.getppid()
    held = arguments.get("dataset_holder")  # from torch 2.14 on the worker takes the dataset out of a list
    view[P_LOADER] = identity(
        held[0] if held else arguments["dataset"],
        arguments["collate_fn"],
        arguments["num_workers"],
        arguments["drop_last"],
        arguments["persistent_workers"],
    )
    arguments["index_queue"] = Tasks(arguments["index_queue"])
    queues._ForkingPickler = Sender(queues._ForkingPickler)


def watch_wrapping(original):
    """Wrap what makes an exception fit to be sent: one of a worker's start is told here."""

    @functools.wraps(original)
    def ExceptionWrapper(*arguments, **keywords):  # noqa: N802
        if not (STATE.view[P_COUNT] or STATE.view[P_BATCHES] or STATE.num_told):
            not_begun(sys.exc_info()[1])
        return original(*arguments, **keywords)

    return ExceptionWrapper


@guarded
def not_begun(error):
    """Write down what worker_init_fn, or the stream's `__iter__`, has raised."""
    words = printed(error, error.__traceback__)
    note("raised", error=name_of(error), traceback=words, resources=resources())


@guarded
def left(error):
    """Write down what torch does not pass on, and so ends a worker: SystemExit, KeyboardInterrupt, others."""
    drawn_again()
    words = printed(error, error.__traceback__.tb_next)
    code = getattr(error, "code", None) if isinstance(error, SystemExit) else 1
    parts = {"said": str(error)[:200], "place": innermost(error.__traceback__), "code": code}
    note("left", error=name_of(error), traceback=words, **parts, **in_flight())


def watch_worker(original):
    """Wrap the worker's loop."""
    import inspect

    signature = inspect.signature(original)

    @functools.wraps(original)
    def _worker_loop(*arguments, **keywords):
        bound = signature.bind(*arguments, **keywords)
        begin_worker(bound.arguments)
        try:
            original(*bound.args, **bound.kwargs)
        except BaseException as error:
            left(error)
            without_us(error)
            raise
        drawn_again()
        STATE.view[P_STAGE] = ENDED

    return _worker_loop


# ---- how it gets in


def forked(kept):
    """Leave the parent's file alone in a child; what is `kept` outlives the user's own files."""
    STATE.view, STATE.is_passing, STATE.is_forked = IGNORED, False, True


def leave():
    """Take what ends from now on for the interpreter's own clearing away."""
    look_for_cuda()
    STATE.is_leaving = True
    note_exhausted()
    note_end()


@guarded
def note_exhausted():
    """Write down a stream of fewer batches than it announced, where asking for one more ended the run."""
    for error in chain_of(last_error()):
        iterator = exhausted_iterator(error)
        is_stream = iterator is not None and iterator._dataset_kind == 1
        if is_stream and iterator._checkup_at != SCRATCH_AT:
            announced = length(iterator._dataset)
            expected = batches_of(iterator, announced)
            if expected is not None and iterator._num_yielded < expected:
                note(
                    "length",
                    loader=number_of(iterator._checkup_at),
                    batches=iterator._num_yielded,
                    expected=expected,
                    samples=announced,
                    is_fatal=True,
                )


def exhausted_iterator(error):
    """Return the loader's iterator that had no batch left; None where it was another's StopIteration."""
    trace, iterator = error.__traceback__, None
    while trace is not None and isinstance(error, StopIteration):
        frame, trace = trace.tb_frame, trace.tb_next
        if frame.f_code.co_name == "_next_data":
            iterator = frame.f_locals.get("self")
    return iterator


@guarded
def note_end():
    """Write down the exception that left the program, which the interpreter keeps once it has printed it."""
    error = last_error()
    if error is None:
        note("ended", error=None)
        return
    STATE.num_told, trace = 0, error.__traceback__
    words, is_loaders = printed(error, trace), passed_loader(error)
    note("ended", error=name_of(error), traceback=words, is_loaders=is_loaders, place=innermost(trace))


def last_error():
    """Return the exception that has left the program; None where somebody showed one and went on."""
    error = getattr(sys, "last_value", None)
    trace = getattr(error, "__traceback__", None)
    is_end = trace is not None and is_outermost(trace.tb_frame) and not hasattr(sys, "ps1")
    return error if is_end else None


def is_outermost(frame):
    """Tell whether a program begins with a frame."""
    is_first = frame.f_globals.get("__name__") == "__main__" or "runpy" in frame.f_code.co_filename
    return is_first and frame.f_back is None


def innermost(trace):
    """Return the last place of a traceback that is no library's."""
    place = ""
    while trace is not None:
        here = place_of_line(trace.tb_frame, trace.tb_lineno)
        place, trace = here or place, trace.tb_next
    return place


def chain_of(error):
    """Yield an exception, and those that it followed from."""
    queue, seen = [error], []
    while queue:
        one = queue.pop()
        if one is None or any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        queue.extend((one.__cause__, one.__context__, *getattr(one, "exceptions", ())))


def passed_loader(error):
    """Tell whether an exception, or one that it followed from, came out of a DataLoader."""
    for one in chain_of(error):
        trace = one.__traceback__
        while trace is not None:
            if "torch/utils/data/" in trace.tb_frame.f_code.co_filename.replace(os.sep, "/"):
                return True
            trace = trace.tb_next
    return False


@guarded
def popen_class(name):
    """Return what multiprocessing starts children with; None where the platform has no such start method."""
    return importlib.import_module("multiprocessing." + name).Popen


def places(dataloader):
    """Return what is wrapped: owner, name, and what makes the wrapper; None for an owner that is not here."""
    utils = dataloader._utils
    return (
        (dataloader.DataLoader, "__iter__", watch_iter),
        (dataloader._BaseDataLoaderIter, "_reset", watch_reset),
        (dataloader._SingleProcessDataLoaderIter, "_next_data", lambda original: watch_next(original, True)),
        (
            dataloader._MultiProcessingDataLoaderIter,
            "_next_data",
            lambda original: watch_next(original, False),
        ),
        (dataloader._MultiProcessingDataLoaderIter, "_shutdown_workers", watch_shutdown),
        (utils.fetch._MapDatasetFetcher, "fetch", lambda original: watch_fetch(original, False)),
        (utils.fetch._IterableDatasetFetcher, "fetch", lambda original: watch_fetch(original, True)),
        (utils.worker, "_worker_loop", watch_worker),
        (utils.worker, "ExceptionWrapper", watch_wrapping),
        (utils.signal_handling, "_error_if_any_worker_fails", watch_failures),
        (popen_class("popen_fork"), "poll", watch_poll),
        (popen_class("popen_forkserver"), "poll", watch_poll),
    )


@guarded
def patch(dataloader):
    """Put the tellers into torch's module; a name that a version lacks is passed over."""
    open_file()
    iterator = dataloader._BaseDataLoaderIter
    iterator._checkup_at, iterator._checkup_pace = SCRATCH_AT, None
    iterator._checkup_until = iterator._checkup_each = iterator._checkup_drawing_at = 0
    for owner, name, wrapped in places(dataloader):
        if hasattr(owner, name):
            setattr(owner, name, wrapped(getattr(owner, name)))
        elif owner is not None:
            note("fault", where="patch", error=f"no {name} in this torch")
    atexit.register(leave)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=functools.partial(forked, KEPT))


class Finder:
    """Waits on `sys.meta_path` for torch's module, and is gone once it has been loaded."""

    def find_spec(self, name, path=None, target=None):
        """Return torch's own spec, with the tellers put in once it has been executed."""
        if name != TARGET:
            return None
        sys.meta_path.remove(self)
        specs = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                patch(module)

            spec.loader.exec_module = exec_module
        return spec


def run_the_users_own():
    """Take this folder off the path, and import the sitecustomize that would have been found without it."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def attach():
    """Wait for torch, where a folder to write to is named."""
    folder = os.environ.get(VARIABLE, "")
    if not os.path.isdir(folder):
        return
    mark = os.path.join(folder, "attached")
    if not os.path.exists(mark):
        with open(mark, "w"):
            pass
    sys.meta_path.insert(0, Finder())


if __name__ == "sitecustomize":
    guarded(attach)()
    run_the_users_own()
