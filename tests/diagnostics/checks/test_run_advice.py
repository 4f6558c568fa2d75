"""What a watched run advises fits what it saw."""

import pytest

from diagnostics.checks import (
    duplicate_worker_rng,
    hang_fork_threads,
    hang_in_worker,
    loader_bottleneck,
    memory_growth,
    too_many_workers_slower,
)


def said(check, **facts):
    verdict = check.judge({**check.FIRES, **{f"run.{name}": value for name, value in facts.items()}})
    return "\n".join((verdict.summary, verdict.remedy.text, *verdict.remedy.commands))


IN_SAMPLE = "data.py:31 in __getitem__: sample = self.make(index)"


@pytest.mark.parametrize(
    ("frames", "advised"),
    [
        (["data.py:9 in crop: return cv.resize(image, size)", IN_SAMPLE], "OMP_NUM_THREADS=1"),
        (["data.py:9 in crop: return cv2.resize(image, size)", IN_SAMPLE], "cv2.setNumThreads(0)"),
        (
            ["resize.py:120 in apply", "functional.py:9 in fn: albumentations.resize(x)"],
            "cv2.setNumThreads(0)",
        ),
        (["store.py:22 in get: with self.lock:", IN_SAMPLE], "make_lock_anew"),
        (["threading.py:327 in wait", "queue.py:171 in get", "jobs.py:4 in ask: q.get()"], "make_lock_anew"),
        (["logging/__init__.py:930 in acquire", "data.py:5 in load: log.warning('odd')"], "log_anew"),
        (
            ["tokenization_utils_fast.py:539 in _batch_encode_plus", "data.py:5 in load"],
            "TOKENIZERS_PARALLELISM",
        ),
        ([], "OMP_NUM_THREADS=1"),
    ],
)
def test_a_forked_lock_is_mended_by_whose_lock_it_is(frames, advised):
    text = said(hang_fork_threads, hang_frames=frames)
    others = {"cv2.setNumThreads", "make_lock_anew", "log_anew", "TOKENIZERS", "OMP_NUM"} - {advised}
    assert advised in text
    assert not any(other in text for other in others if other not in advised)


def test_a_lock_further_out_than_the_users_innermost_line_is_not_the_one_that_is_waited_for():
    frames = ["data.py:9 in crop: return cv2.resize(image, size)", "cache.py:3 in get: with self.lock:"]
    assert "make_lock_anew" not in said(hang_fork_threads, hang_frames=frames)


def test_a_timeout_is_advised_where_a_worker_is_waited_for_alone():
    assert "timeout=60" in said(hang_in_worker, hang_is_of_worker=True)
    assert "timeout" not in said(hang_in_worker, hang_is_of_worker=False)


@pytest.mark.parametrize(("num_workers", "more"), [(0, 2), (1, 2), (6, 12)])
def test_more_workers_are_twice_as_many_where_all_wait_for_storage(num_workers, more):
    text = said(loader_bottleneck, bound_name="wait", loader_workers_count=num_workers)
    assert f"num_workers={more})" in text


def test_workers_that_are_slow_to_start_alone_are_not_slower_than_none():
    starting = {**too_many_workers_slower.FIRES, "run.start_seconds": 58.0, "run.worker_starts_count": 20}
    assert too_many_workers_slower.judge(starting).status == "ok"
    assert too_many_workers_slower.judge({**starting, "run.worker_starts_count": 1}).status == "warn"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("random.Random", "    dataset.rng.seed(seed)"),
        ("numpy.random.mtrand.RandomState", "    dataset.rng.seed(seed)"),
        ("torch._C.Generator", "    dataset.rng.manual_seed(seed)"),
        (
            "numpy.random._generator.Generator(Philox)",
            "    dataset.rng.bit_generator.state = np.random.Philox(seed).state",
        ),
    ],
)
def test_a_generator_is_seeded_as_its_kind_wants_it(kind, line):
    text = said(duplicate_worker_rng, equal_random_names=["dataset.rng"], equal_random_kinds=[kind])
    assert line in text.splitlines()


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        ("dict", "lru_cache(maxsize="),
        ("lru_cache", "lru_cache(maxsize="),
        ("list", "deque(maxlen="),
        (None, "array("),
    ],
)
def test_memory_that_grows_is_bounded_where_a_container_grows_with_it(kind, bound):
    text = said(memory_growth, grown_name=kind and "dataset.done", grown_kind=kind)
    assert bound in text
    assert ("dataset.done" in text) == bool(kind)
    assert "num_workers" not in text


@pytest.mark.parametrize(("late", "status"), [(60_000_000, "ok"), (250_000_000, "warn"), (399_000_000, "ok")])
def test_memory_that_grows_in_one_step_alone_does_not_grow_and_grow(late, status):
    assert memory_growth.judge({**memory_growth.FIRES, "run.uss_late_bytes": late}).status == status
