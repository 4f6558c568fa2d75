"""The probe's functions by themselves, for what only other versions of Python or torch do."""

import multiprocessing
import os
import sys
from functools import lru_cache, partial
from io import BytesIO
from multiprocessing import queues
from random import Random
from tempfile import TemporaryFile
from types import SimpleNamespace

import pytest


class Plain:
    def __getitem__(self, index):
        raise LookupError("asked", index)


class Rebinding:
    def __getitem__(self, index):
        index = index + 1
        raise LookupError("asked", index)


class Keeping:
    def __getitem__(self, index):
        raise LookupError("asked", [index + i for i in range(2)], lambda: index)


@pytest.mark.parametrize(("dataset", "is_told"), [(Plain(), True), (Keeping(), True), (Rebinding(), False)])
def test_what_a_dataset_was_asked_for_is_told_while_its_name_still_means_that(probe, dataset, is_told):
    """From Python 3.12 on torch's loop variable is gone with the exception."""
    with pytest.raises(LookupError, match="asked") as caught:
        dataset[7]
    frame = caught.value.__traceback__.tb_next.tb_frame
    assert probe.first_argument(frame) == (7 if is_told else probe.NOTHING)
    assert probe.first_argument(sys._getframe()) is probe.NOTHING


@pytest.mark.parametrize("handed", ["dataset", "dataset_holder"])  # the second from torch 2.14 on
def test_a_worker_knows_its_loader_however_it_is_handed_its_dataset(probe, handed, tmp_path, monkeypatch):
    monkeypatch.setenv(probe.VARIABLE, str(tmp_path))
    monkeypatch.setattr(queues, "_ForkingPickler", queues._ForkingPickler)
    monkeypatch.setattr(probe, "register_stacks", lambda stem: 0)
    dataset, tasks = range(7), object()
    arguments = {
        handed: dataset if handed == "dataset" else [dataset],
        "worker_id": 1,
        "num_workers": 2,
        "base_seed": 0,
        "collate_fn": list,
        "drop_last": False,
        "persistent_workers": False,
        "index_queue": tasks,
    }
    probe.begin_worker(arguments)
    view = probe.STATE.view
    assert (view[probe.P_WORKER], view[probe.P_NUM_WORKERS]) == (1, 2)
    assert view[probe.P_LOADER] == probe.identity(dataset, list, 2, False, False)
    assert arguments["index_queue"] is not tasks
    probe.STATE.view = probe.IGNORED


class Jitter:
    def __init__(self, seed):
        self.rng = Random(seed)
        self.itself = self

    def __call__(self, value):
        return value + self.rng.random()


def kept(seed):
    hidden = Random(seed)
    return lambda value: hidden.random() + value


MODULES_OWN = Random(7)


class Augmented:
    def __init__(self, transform):
        self.transform, self.rows = transform, [[0.0] * 50 for _ in range(5000)]

    def __getitem__(self, index):
        return self.transform(index) + self.more()

    def more(self):
        return MODULES_OWN.random()


@pytest.mark.parametrize(
    ("transform", "path"),
    [
        ({"train": [Jitter(1)]}, "dataset.part[0].transform['train'][0].rng"),
        (partial(kept(3), 1), "dataset.part[0].transform.func.__closure__[0].cell_contents"),
        (Jitter(1).__call__, "dataset.part[0].transform.__self__.rng"),
    ],
    ids=["in a dictionary", "in a closure", "of a bound method"],
)
def test_generators_are_found_however_deep_they_lie_and_named_by_their_path(probe, transform, path):
    dataset = SimpleNamespace(part=[Augmented(transform)])
    found = probe.random_states(SimpleNamespace(dataset=dataset, collate_fn=list))
    assert found.keys() - {"numpy.random"} == {path, f"{__name__}.MODULES_OWN", "random"}


def test_the_walk_through_a_big_dataset_ends_early(probe):
    dataset = SimpleNamespace(**{f"part{i}": [[object()] * 3 for _ in range(10**4)] for i in range(100)})
    assert len(list(probe.held_by(dataset=dataset))) <= 2 * probe.MOST_WALKED


def samples_of(probe, data, num_asked=4):
    return [probe.digest(row) for row in probe.rows(data, num_asked)]


def test_a_sample_of_a_stream_is_the_same_whatever_batch_it_comes_in(probe):
    torch = pytest.importorskip("torch")
    data, names = torch.arange(32.0).reshape(8, 4), list("abcdefgh")
    first = samples_of(probe, [data[:4], {"name": names[:4]}])
    other = samples_of(probe, [data[[5, 2, 7]], {"name": [names[i] for i in (5, 2, 7)]}])
    assert first[2] == other[1]
    assert len({*first, *other}) == 6


def test_samples_of_differing_shapes_are_told_apart_one_by_one(probe):
    torch = pytest.importorskip("torch")
    data = [torch.arange(10.0), torch.arange(12.0), torch.arange(0), torch.tensor(3)]
    assert samples_of(probe, data[::-1]) == samples_of(probe, data)[::-1]


def test_a_stream_remembers_the_same_samples_in_whatever_order_they_come(probe):
    digests = [probe.digest(number) for number in range(3000)]
    one, other = probe.Stream(), probe.Stream()
    for at in range(0, 3000, 10):
        one.add(digests[at : at + 10])
        other.add(digests[::-1][at : at + 10])
    kept = sorted(one.counts)[: probe.NUM_SMALLEST]
    assert kept == sorted(other.counts)[: probe.NUM_SMALLEST]
    assert len(one.counts) <= 2 * probe.NUM_SMALLEST


@pytest.mark.parametrize(
    ("seen", "is_told"), [(20, True), (5, True), (10, False), (11, False), (9, False)], ids=str
)
def test_a_stream_of_another_length_than_announced_is_told_but_for_workers_last_batches(
    probe, monkeypatch, seen, is_told
):
    told = []
    monkeypatch.setattr(probe, "note", lambda event, **parts: told.append(event))
    sampler = SimpleNamespace(batch_size=10)
    iterator = SimpleNamespace(
        _IterableDataset_len_called=97, _num_yielded=seen, _num_workers=2, _drop_last=False,
        _auto_collation=True, _index_sampler=sampler,
    )  # fmt: skip
    for _ in range(2):
        probe.compare_length(iterator, 0)
    assert told == ["length"] * is_told


class Caching:
    """Keeps what it has made, in four ways."""

    def __init__(self):
        self.done, self.rows, self.names, self.fixed = {}, [], set(), list(range(500))

    def __getitem__(self, index):
        self.done[index] = self.made(index)
        self.rows.append(index)
        self.names.add(index)

    @lru_cache(None)  # noqa: B019 -- that is the case
    def made(self, index):
        return [index]


def test_containers_and_caches_are_found_with_their_entries(probe):
    dataset = Caching()
    for index in range(3):
        dataset[index]
    sizes = probe.sizes_of(probe.held_by(dataset=dataset))
    assert sizes["dataset.done"] == (3, "dict")
    assert sizes["dataset.made"] == (3, "lru_cache")
    assert (sizes["dataset.rows"], sizes["dataset.names"]) == ((3, "list"), (3, "set"))


@pytest.mark.parametrize(("num_more", "told"), [(15, []), (40, [("dataset.rows", "list", 5, 45)])])
def test_the_container_that_grew_most_is_written_down_once_it_grew_enough(probe, monkeypatch, num_more, told):
    dataset, noted = Caching(), []
    monkeypatch.setattr(probe, "note", lambda event, **parts: noted.append((event, *parts.values())))
    dataset.rows.extend(range(5))
    fetcher = SimpleNamespace(dataset=dataset, collate_fn=list)
    probe.random_states(fetcher)
    dataset.rows.extend(range(num_more))
    dataset.names.update(range(num_more // 2))
    probe.look_for_growth(fetcher)
    assert noted == [("grown", *one) for one in told]
    assert probe.STATE.walk_at > probe.clock()


def test_what_draws_indices_is_timed_and_leaves_no_frame_of_ours(probe, monkeypatch):
    def indices():
        yield [1, 2]
        raise KeyError("no weight")

    monkeypatch.setattr(probe, "clock", iter([10, 40, 100, 500]).__next__)
    monkeypatch.setattr(probe.STATE, "view", [0] * probe.VIEW_SLOTS)
    drawn = probe.Drawn(indices(), probe.LOADERS_AT)
    assert next(drawn) == [1, 2]
    with pytest.raises(KeyError) as caught:
        next(drawn)
    assert probe.STATE.view[probe.LOADERS_AT + probe.L_DRAW_NS] == 430
    assert [entry.name for entry in caught.traceback][1:] == ["indices"]


class OwnSampler:
    pass


@pytest.mark.parametrize(
    ("sampler", "is_own"),
    [
        (SimpleNamespace(sampler=OwnSampler()), True),
        (OwnSampler(), True),
        ([[0, 1], [2]], False),
    ],
)
def test_only_samplers_that_are_not_torchs_are_timed(probe, sampler, is_own):
    assert probe.has_own_sampler(SimpleNamespace(_index_sampler=sampler)) is is_own


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "records.bin"
    path.write_bytes(bytes(100))
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_files_that_are_read_are_followed_wherever_a_dataset_keeps_them(probe, records):
    with (
        records.open("rb") as binary,
        records.open(encoding="ascii") as text,
        records.open("ab") as log,
        records.open("rb") as closed,
    ):
        closed.close()
        kept = SimpleNamespace(binary=binary, lines={"text": text}, log=log, closed=closed, memory=BytesIO())
        things = list(probe.held_by(dataset=kept))
        probe.STATE.inherited = {file.fileno(): probe.identity_of(file.fileno()) for file in (binary, text)}
        assert [each.name for each in probe.handles_of(things)] == [
            "dataset.binary",
            "dataset.lines['text']",
        ]
        assert probe.handles_of([*things, ("lock", multiprocessing.get_context("spawn").Lock())]) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_file_is_shared_where_it_moves_between_batches_and_not_within_one(probe, records, monkeypatch):
    told = []
    monkeypatch.setattr(probe, "note", lambda event, **parts: told.append((event, parts["name"])))
    with records.open("rb", buffering=0) as file:
        handles = [probe.Handle("dataset.file", file)]
        for _ in range(3):
            probe.look_at_handles(handles, True)
            file.read(8)
            probe.look_at_handles(handles, False)
        assert told == []
        file.seek(1)  # as another process would
        probe.look_at_handles(handles, True)
    assert (told, handles) == ([("moved", "dataset.file")], [])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_file_that_a_worker_opened_itself_is_its_own_whatever_moves_it(probe, records):
    with records.open("rb") as inherited, records.open("rb") as own, TemporaryFile("w+b") as other:
        number = inherited.fileno()
        probe.STATE.inherited = {number: probe.identity_of(number)}
        assert [probe.is_inherited(file.fileno()) for file in (inherited, own)] == [True, False]
        os.dup2(other.fileno(), number)  # the number now is another file's
        assert not probe.is_inherited(number)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize(
    ("is_forked", "parent", "is_known"),
    [(True, os.getppid(), True), (False, os.getppid(), False), (True, 1 << 30, False), (True, None, False)],
    ids=["forked", "spawned", "by a forkserver", "no worker"],
)
def test_only_a_worker_forked_by_its_reader_shares_files(probe, monkeypatch, is_forked, parent, is_known):
    known = None if parent is None else SimpleNamespace(pid=parent)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: known)
    probe.STATE.is_forked = is_forked
    with TemporaryFile() as file:
        assert (file.fileno() in probe.inherited_files()) is is_known


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_file_that_moved_while_batches_were_passed_over_may_be_ones_own(probe, records, monkeypatch):
    told = []
    monkeypatch.setattr(probe, "note", lambda event, **parts: told.append(event))
    with records.open("rb", buffering=0) as file:
        handles = [probe.Handle("dataset.file", file)]
        probe.look_at_handles(handles, True)
        probe.look_at_handles(handles, False)
        file.read(8)
        probe.look_at_handles(handles, True, has_passed=True)
        assert told == []
        probe.look_at_handles(handles, False)
        file.seek(1)
        probe.look_at_handles(handles, True)
    assert told == ["moved"]


@pytest.mark.parametrize(
    ("spent", "delay", "since", "own"),
    [(100, 95, 100, 0), (100, 20, 100, 80), (100, 900, 1000, 0), (100, 100, 1000, 90), (100, -7, 50, 100)],
    ids=["others ran", "it took that long", "others always run", "of many samples", "of another thread"],
)
def test_a_sample_bears_its_share_of_the_time_that_others_had(probe, monkeypatch, spent, delay, since, own):
    view = [0] * probe.VIEW_SLOTS
    probe.STATE.delay_ns, probe.STATE.delay_at = 5000, 0
    monkeypatch.setattr(probe, "run_delay", lambda unknown: 5000 + delay)
    probe.add_slow(view, spent, 50, since)
    assert (view[probe.P_SLOW_COUNT], view[probe.P_SLOW_NS]) == ((1, own) if own else (0, 0))
    assert (probe.STATE.delay_ns, probe.STATE.delay_at) == (5000 + delay, since)


def test_where_the_delay_can_no_longer_be_read_a_slow_sample_counts_as_it_is(probe, monkeypatch):
    def refuse(*arguments):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(probe.STATE, "delay_ns", 1000)
    monkeypatch.setattr(probe.os, "open", refuse)
    view = [0] * probe.VIEW_SLOTS
    probe.add_slow(view, 100, 50, 100)
    assert view[probe.P_SLOW_NS] == 100


def test_what_others_had_before_a_long_sample_is_not_taken_off_it(probe, monkeypatch):
    ms, delays = 10**6, iter([40, 80, 80, 120])
    times = iter([0, 50, 100, 300, 350])
    view = [0] * probe.VIEW_SLOTS
    view[probe.P_SAMPLES] = 64
    probe.STATE.sample_ns, probe.STATE.delay_ns, probe.STATE.delay_at = 5 * ms, 1, 0
    monkeypatch.setattr(probe, "clock", lambda: next(times) * ms)
    monkeypatch.setattr(probe, "run_delay", lambda unknown: next(delays) * ms)
    for _ in probe.Timed([0, 1, 2, 3]).steps(view):
        pass
    assert (view[probe.P_SLOW_COUNT], view[probe.P_SLOW_NS]) == (1, 200 * ms)


class Base:
    _num_workers = 2
    _index_sampler = OwnSampler()

    def _reset(self, loader, first_iter=False):
        self._sampler_iter = iter([[1], [2], [3]])


def reset_of(probe, monkeypatch, **attributes):
    """Return an iterator whose `_reset` is watched, as torch's subclasses call it before they draw."""
    watched = type("Watched", (Base,), {**attributes, "_reset": probe.watch_reset(Base._reset)})
    monkeypatch.setattr(probe, "block_of", lambda loader: probe.LOADERS_AT)
    monkeypatch.setattr(probe, "clock", iter(range(0, 1000, 10)).__next__)
    probe.STATE.view = [0] * probe.VIEW_SLOTS
    one = watched()
    one._reset(None, first_iter=True)
    return one


def test_the_indices_that_workers_are_given_first_are_timed_too(probe, monkeypatch):
    one = reset_of(probe, monkeypatch)
    assert list(one._sampler_iter) == [[1], [2], [3]]
    assert probe.STATE.view[probe.LOADERS_AT + probe.L_DRAW_NS] == 60  # asked for twice, 3, an end


@pytest.mark.parametrize("attributes", [{"_num_workers": 0}, {"_index_sampler": [[0], [1]]}])
def test_nothing_stands_between_workers_and_torchs_own_samplers(probe, monkeypatch, attributes):
    one = reset_of(probe, monkeypatch, **attributes)
    assert type(one._sampler_iter).__name__ == "list_iterator"
    assert probe.STATE.view[probe.LOADERS_AT + probe.L_DRAW_NS] == 0


def exhausted(kind, at):
    """Return what `next()` raises at the end of a loader's iterator that announced more batches."""
    one = SimpleNamespace(
        _dataset_kind=kind,
        _dataset=range(100),
        _num_yielded=2,
        _index_sampler=SimpleNamespace(batch_size=4),
        _auto_collation=True,
        _drop_last=False,
        _checkup_at=at,
    )

    def _next_data(self):
        raise StopIteration

    try:
        _next_data(one)
    except StopIteration as error:
        return error


@pytest.mark.parametrize(
    "case", ["program's", "shown by others", "of a REPL", "not a stream's", "not watched"]
)
def test_a_short_stream_ends_the_run_only_where_its_end_left_the_program(probe, monkeypatch, case):
    told = []
    at = probe.SCRATCH_AT if case == "not watched" else probe.LOADERS_AT
    error = exhausted(0 if case == "not a stream's" else 1, at)
    monkeypatch.setattr(probe, "note", lambda event, **parts: told.append(event))
    monkeypatch.setattr(probe, "is_outermost", lambda frame: case != "shown by others")
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    if case == "of a REPL":
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    probe.note_exhausted()
    assert told == (["length"] if case == "program's" else [])


def test_a_program_begins_with_its_first_frame_and_no_later_one_of_main(probe):
    def frame(name, back):
        code = SimpleNamespace(co_filename="<console>")
        return SimpleNamespace(f_globals={"__name__": name}, f_code=code, f_back=back)

    first = frame("__main__", None)
    assert [probe.is_outermost(one) for one in (first, frame("__main__", first), frame("code", None))] == [
        True,
        False,
        False,
    ]
