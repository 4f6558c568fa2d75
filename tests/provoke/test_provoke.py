"""Every script is broken in the way that its name says; `run` names the cause, the worker and the sample."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from diagnostics.traces.explaining import explain_log
from tests.provoke.running import SCRIPTS, run_watched, with_small_shm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, limits and fork as Linux has them")
BATCH = [12, 13, 14, 15]
LATE = [30_000, 30_001, 30_002, 30_003]
AT_ONCE = 3
KILL = ("--hang-after", "3", "--kill-on-hang")
PATIENT = ("--hang-after", "60")


@dataclass(frozen=True)
class Expected:
    """What a script must come to: by `run`, and by `explain` on the log alone (None: it says nothing).

    The log of a death says "ConnectionResetError" alone where a batch of that worker was just being received.
    """

    slug: str
    by_log: str | None = ""
    code: int = 1
    worker: int | None = None
    samples: list | None = None
    exit_code: int | None = None
    signal: str | None = None
    options: tuple = KILL

    @property
    def explained(self):
        """The slugs of which the log must name one; None where there is no such log."""
        if self.by_log is None:
            return None
        is_death = self.signal or self.exit_code is not None
        return {self.by_log or self.slug, "worker-exited-unknown"} if is_death else {self.by_log or self.slug}


def one(slug, **parts):
    return Expected(slug, worker=1, samples=[13], **parts)


def whole(slug, **parts):
    return Expected(slug, worker=1, samples=BATCH, **parts)


EXPECTED = {
    "abort": one("worker-aborted", signal="SIGABRT"),
    "batch_sampler_and_size": Expected("batching-args-exclusive"),
    "caught_and_gone_on": one("dataset-exception", by_log=None, code=0),
    "class_under_guard": Expected("class-not-importable-in-worker", exit_code=1),
    "closes_files": one("dataset-exception"),
    "dataset_raises": one("dataset-exception"),
    "dataset_raises_without_workers": Expected("dataset-exception", samples=[13]),
    "empty_dataset": Expected("empty-dataset"),
    "exception_not_rebuilt": one("dataset-exception"),
    "exit_seven": one("worker-exited-unknown", exit_code=7),
    "exit_zero": one("worker-exited-unknown", exit_code=0, options=PATIENT),
    "helper_command_fails": Expected("not-dataloader", by_log=None),
    "import_error": Expected("not-dataloader"),
    "killed": one("worker-oom-killed", signal="SIGKILL"),
    "killed_by_forkserver": Expected("worker-oom-killed", worker=0, samples=[13], signal="SIGKILL"),
    "killed_main": Expected("worker-oom-killed", by_log=None, code=137, samples=[13], signal="SIGKILL"),
    "killed_main_own_iterator": Expected(
        "worker-oom-killed", by_log=None, code=137, samples=[13], signal="SIGKILL"
    ),
    "late_killed": Expected("worker-oom-killed", worker=0, samples=LATE, signal="SIGKILL"),
    "late_killed_main": Expected("worker-oom-killed", by_log=None, code=137, signal="SIGKILL"),
    "late_raises_without_workers": Expected("dataset-exception", samples=[30_001]),
    "late_sleeps_without_workers": Expected("hang-in-worker", by_log=None, code=124),
    "loader_in_pool": Expected("daemonic-children"),
    "lock_copied_by_fork": Expected("hang-fork-threads", by_log=None, code=124, worker=0, samples=[0]),
    "lock_in_step": Expected("not-dataloader", by_log=None, code=124),
    "long_socket_path": Expected("socket-path-too-long"),
    "missing_main_guard": Expected("missing-main-guard", exit_code=1),
    "model_error": Expected("not-dataloader"),
    "no_exception_raised": one("worker-exited-unknown", by_log=None, exit_code=1),
    "none_in_batch": whole("collate-unsupported-type"),
    "open_files": Expected("fd-exhausted"),
    "out_of_memory": one("dataset-exception"),
    "persistent_without_workers": Expected("persistent-workers-zero"),
    "prefetch_without_workers": Expected("prefetch-factor-zero-workers"),
    "prefetched_raises": Expected("not-dataloader"),
    "process_limit": Expected("thread-or-process-limit"),
    "queue_full": Expected("hang-in-worker", by_log=None, code=124, worker=1, samples=[13]),
    "ragged_lists": whole("collate-ragged-lists"),
    "ragged_shapes": whole("collate-shape-mismatch"),
    "requires_grad": Expected("requires-grad-tensor", worker=0, samples=[0, 1, 2, 3]),
    "same_random_numbers": Expected("duplicate-worker-rng", by_log=None, code=0),
    "sampler_and_shuffle": Expected("sampler-shuffle-exclusive"),
    "segfault": one("worker-segfault", signal="SIGSEGV"),
    "shared_memory": Expected("shm-exhausted"),
    "shared_records": Expected("fork-shared-handle", by_log=None, code=0),
    "shared_zip": Expected("fork-shared-handle"),
    "sleeps_for_ever": one("hang-in-worker", by_log=None, code=124),
    "sleeps_without_workers": Expected("hang-in-worker", by_log=None, code=124, samples=[13]),
    "split_raises": one("dataset-exception"),
    "start_method_twice": Expected("start-method-already-set"),
    "stop_iteration": one("silent-truncation", by_log=None, code=0),
    "stop_iteration_without_workers": Expected("silent-truncation", by_log=None, code=0, samples=[13]),
    "stream_ends_early": Expected("iterable-length-mismatch", by_log="loader-api-misuse"),
    "stream_repeated": Expected("iterable-dup-workers", by_log=None, code=0),
    "stream_too_long": Expected("iterable-length-mismatch", code=0),
    "stream_with_shuffle": Expected("iterable-with-shuffle"),
    "sys_exit": one("worker-exited-unknown", by_log=None, exit_code=3),
    "timeout": one("worker-timeout"),
    "timeout_without_workers": Expected("timeout-with-zero-workers"),
    "two_workers_raise": one("dataset-exception"),
    "unequal_ranks": Expected("ddp-loader-imbalance", by_log="not-dataloader"),
    "unpicklable_handle": Expected("unpicklable-handle"),
    "unpicklable_lambda": Expected("unpicklable-local"),
    "unpicklable_local_class": Expected("unpicklable-local"),
    "unsendable_sample": whole("unpicklable-local", code=124, options=("--kill-on-hang",)),
    "waits_beside_cuda": Expected("loader-bottleneck", by_log=None, code=0, options=PATIENT),
    "worker_init_raises": Expected("dataset-exception", worker=1),
}
HEALTHY = {
    "healthy": 0,
    "healthy_threads": 0,
    "seeded_for_each_sample": 0,
    "chosen_exit_code": 75,
}  # with their exit codes
# Where chance decides which worker comes first to what all of them come to.
SAMPLE_BY_CHANCE = {"shared_memory", "shared_zip", "open_files", "lock_copied_by_fork"}


def _run(name, folder):
    wrap = with_small_shm if name == "shared_memory" else lambda command: command
    if wrap(["true"]) is None:
        return None
    return run_watched(
        [sys.executable, str(SCRIPTS / f"{name}.py")], folder, *EXPECTED[name].options, wrap=wrap
    )


@pytest.fixture(scope="session")
def runs(request, tmp_path_factory):
    """Start all scripts whose tests were selected, some at once, and hand out what came of each."""
    wanted = {item.callspec.params["name"] for item in request.session.items if _is_of(item)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(_run, name, tmp_path_factory.mktemp(name)) for name in sorted(wanted)}


def _is_of(item):
    return item.module.__name__ == __name__ and "name" in getattr(item, "callspec", item).__dict__.get(
        "params", {}
    )


@pytest.fixture
def ran(runs, name):
    done = runs[name].result()
    if done is None:
        pytest.skip("a mount namespace of its own is not permitted here")
    return done


every_script = pytest.mark.parametrize("name", EXPECTED)


def test_every_script_but_the_healthy_ones_is_expected_to_be_something():
    assert {path.stem for path in SCRIPTS.glob("*.py")} - set(HEALTHY) == set(EXPECTED)


@pytest.mark.parametrize("script", sorted(HEALTHY))
def test_nothing_that_harms_is_found_in_a_healthy_run(script, tmp_path):
    ran = run_watched([sys.executable, str(SCRIPTS / f"{script}.py")], tmp_path)
    assert ran.code == HEALTHY[script]
    assert [finding for finding in ran.document["findings"] if finding["status"] == "fail"] == []
    assert ran.stderr.count("torch-checkup: training waited") == 1


@every_script
def test_run_names_the_cause_first_and_ends_as_the_command_does(ran, name):
    expected = EXPECTED[name]
    assert (ran.slugs[0], ran.code) == (expected.slug, expected.code)
    assert ran.document["exit_code"] == expected.code


ODD = {
    "none_in_batch": "sample 13: None; most of its batch: Tensor []",
    "ragged_shapes": "sample 13: Tensor [4]; most of its batch: Tensor [3]",
}


@pytest.mark.parametrize("name", ODD)
def test_the_sample_that_does_not_fit_its_batch_is_named(ran, name):
    assert ODD[name] in ran.first["evidence"]
    assert ran.first["odd_sample_indices"] == [13]


@pytest.mark.parametrize("name", ["two_workers_raise"])
def test_the_loop_and_its_loader_are_named(ran, name):
    told = "the loop at two_workers_raise.py:18 was given KeyError, from the DataLoader of Numbers"
    assert f"{told}, after 3 of 8 batches" in ran.first["evidence"]


@pytest.mark.parametrize("name", ["no_exception_raised"])
def test_what_torch_does_not_pass_on_is_told_with_its_words_and_its_place(ran, name):
    assert "TooSlow at no_exception_raised.py:14: more than a moment" in ran.first["summary"]
    assert "TooSlow(Exception)" in str(ran.first["remedy"])


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if expected.code == 124])
def test_a_hang_shows_where_its_processes_stand_the_users_code_among_it(ran, name):
    stacks = ran.first["stacks"]
    assert any(f"{name}.py:" in line for one in stacks for thread in one["threads"] for line in thread)
    assert f"(pid {stacks[0]['pid']})" in ran.stderr.partition("Where it stands, innermost first")[2]


@pytest.mark.parametrize("name", ["unsendable_sample"])
def test_the_part_of_a_batch_that_cannot_be_sent_is_named(ran, name):
    assert "; batch[1] is of class builtins.function" in ran.first["evidence"][0]
    assert "A batch cannot be sent" in ran.first["summary"]


@pytest.mark.parametrize("name", ["waits_beside_cuda"])
def test_a_loop_that_waits_while_a_gpu_may_compute_is_promised_no_gain(ran, name):
    assert "may have been computing" in ran.first["summary"]
    assert ran.first["confidence"] == "possible"


@every_script
def test_run_names_the_worker_and_the_sample(ran, name):
    expected, first = EXPECTED[name], ran.first
    if name not in SAMPLE_BY_CHANCE:
        assert first.get("sample_indices") == expected.samples
        assert first.get("worker") == expected.worker
    assert first.get("signal") == expected.signal
    assert first.get("exit_code") == expected.exit_code
    if expected.worker is not None:
        assert f"worker {first['worker']} (pid {first['pid']})" in " ".join(first["evidence"])


@every_script
def test_explain_finds_the_same_cause_in_the_log_alone(ran, name):
    expected = EXPECTED[name].explained
    if expected is None:
        pytest.skip("no log tells it")
    assert explain_log(ran.log)[0].slug in expected
