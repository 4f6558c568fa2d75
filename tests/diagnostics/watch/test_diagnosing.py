import signal
from dataclasses import replace

from diagnostics.watch.diagnosing import diagnose
from diagnostics.watch.hangs import Hang
from diagnostics.watch.observing import Observed
from diagnostics.watch.stacks import Frame, Stack
from diagnostics.watch.telling import lines
from tests.diagnostics.watch.made import main, use, worker

MODEL_ERROR = (
    "Traceback (most recent call last):\n"
    '  File "/home/user/train.py", line 9, in <module>\n    model(batch)\n'
    '  File "/opt/lib/site-packages/torch/nn/modules/module.py", line 1751, in _call_impl\n'
    "    return forward_call(*args, **kwargs)\n"
    '  File "/opt/lib/site-packages/torch/nn/modules/linear.py", line 125, in forward\n'
    "    return F.linear(input, self.weight, self.bias)\n"
    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x3 and 4x1)\n"
)
HIDDEN = (
    "Traceback (most recent call last):\n"
    '  File "/opt/lib/site-packages/torch/utils/data/_utils/fetch.py", line 54, in fetch\n'
    "    data = [self.dataset[idx] for idx in possibly_batched_index]\n"
    "  File \"/home/user/data.py\", line 6, in __getitem__\n    raise KeyError(name)\nKeyError: '0412.png'\n"
)
BUSY = {"stage": "fetching", "indices": (12, 13, 14, 15), "position": 1, "batch": 3}


def died(code):
    return main(events=[{"event": "died", "at": 5, "codes": {"201": code}, "resources": {"open_files": 12}}])


def slugs(**parts):
    return [finding.slug for finding in diagnose(Observed(**parts)).findings]


def test_a_death_is_told_with_worker_batch_sample_and_resources():
    finding = diagnose(Observed(1, records=[died(-11), worker(1, **BUSY)])).findings[0]
    assert finding.slug == "worker-segfault"
    assert finding.details == {
        "worker": 1,
        "pid": 201,
        "signal": "SIGSEGV",
        "batch": 3,
        "sample_indices": [13],
        "batch_indices": [12, 13, 14, 15],
    }
    assert "open files of the main process: 12 of no limit" in finding.evidence


def test_what_ended_a_worker_by_its_own_exception_is_not_told_with_resources():
    left = {"event": "left", "at": 4, "error": "SystemExit", "said": "no licence", "place": "data.py:6"}
    finding = diagnose(Observed(1, records=[died(1), worker(1, events=[left], **BUSY)])).findings[0]
    assert "left by SystemExit('no licence') at data.py:6" in finding.evidence[0]
    assert not any("open files" in line for line in finding.evidence)


def test_a_death_comes_before_the_place_in_the_training_where_it_was_noticed():
    found = slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=[died(-9), worker(1, **BUSY)])
    assert found[0] == "worker-oom-killed"


def test_an_error_of_the_model_stays_what_it_is_while_workers_are_well():
    assert slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=[main(), worker(0)]) == ["not-dataloader"]


def raised(number, batch, sample, error="KeyError", traceback=HIDDEN, at=3):
    """A worker one of whose samples has raised."""
    event = {"event": "raised", "at": at, "error": error, "traceback": traceback, "batch": batch}
    return worker(number, events=[{**event, "indices": [sample], "samples": [sample], "stage": "fetching"}])


def given(task, number=1, at=4, error="KeyError"):
    """What a loop notes that is given a worker's exception."""
    event = {"event": "failed", "at": at, "error": error, "loader": 0, "batch": task, "expected": 9}
    return {**event, "task": task, "workers": [200, 200 + number], "place": "train.py:8"}


def ended(traceback="", at=9, **parts):
    """How a program ends by itself, or by the exception of a traceback."""
    error = traceback.strip().rpartition("\n")[2].partition(":")[0] or None
    return {"event": "ended", "at": at, "error": error, "traceback": traceback, **parts}


def test_a_traceback_that_the_command_swallowed_is_explained_all_the_same():
    finding = diagnose(Observed(1, records=[main(events=[given(3)]), raised(1, 3, 13)])).findings[0]
    assert (finding.slug, finding.details["sample_indices"]) == ("dataset-exception", [13])


def test_what_a_worker_raised_and_no_loop_was_given_is_not_blamed():
    records = [main(use(), events=[ended(MODEL_ERROR)]), raised(1, 9, 41)]
    assert slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=records) == ["not-dataloader"]


def test_what_ended_the_run_comes_before_what_it_had_lived_through():
    records = [main(use(), events=[given(3), ended(MODEL_ERROR)]), raised(1, 3, 13)]
    found = diagnose(Observed(1, MODEL_ERROR.encode(), records)).findings
    assert [one.slug for one in found] == ["not-dataloader", "dataset-exception"]
    assert found[1].details["sample_indices"] == [13]
    assert "went on" in found[1].summary


def test_what_was_raised_because_of_a_sample_is_the_samples():
    records = [main(use(), events=[given(3), ended(MODEL_ERROR, is_loaders=True)]), raised(1, 3, 13)]
    assert slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=records)[0] == "dataset-exception"


def test_a_thread_that_reads_may_be_why_the_main_one_fails():
    thread = {**given(3), "is_main_thread": False}
    records = [main(use(), events=[thread, ended(MODEL_ERROR)]), raised(1, 3, 13)]
    assert slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=records)[0] == "dataset-exception"


def test_of_two_workers_that_fail_the_one_whose_error_the_loop_was_given_is_told():
    other = HIDDEN.replace("KeyError: '0412.png'", "ZeroDivisionError: division by zero")
    events = [given(2, number=0, error="ZeroDivisionError"), ended(other, is_loaders=True)]
    records = [
        main(use(), events=events),
        raised(1, 3, 13, at=2),
        raised(0, 2, 8, "ZeroDivisionError", other),
    ]
    found = diagnose(Observed(1, other.encode(), records)).findings
    assert [(one.slug, one.details["worker"]) for one in found] == [("dataset-exception", 0)]


def test_an_exception_that_ended_the_program_counts_whatever_a_pipe_makes_of_its_exit_code():
    records = [main(use(), events=[given(3), ended(HIDDEN, is_loaders=True)]), raised(1, 3, 13)]
    finding = diagnose(Observed(0, records=records)).findings[0]
    assert (finding.slug, finding.details["sample_indices"]) == ("dataset-exception", [13])


def test_a_sample_that_is_lost_because_the_program_went_on_is_told():
    records = [main(use(), events=[given(3), given(3, at=6), ended()]), raised(1, 3, 13)]
    finding = diagnose(Observed(0, records=records)).findings[0]
    assert (finding.slug, finding.details["sample_indices"]) == ("dataset-exception", [13])
    assert "the loop at train.py:8 was given KeyError, after 3 of 9 batches" in finding.evidence
    assert finding.evidence[-1].startswith("2 such errors")


def test_a_remark_of_torch_is_not_said_to_be_a_samples():
    remark = b"UserWarning: resource_tracker: There appear to be 6 leaked semaphore objects\n"
    records = [main(use(), events=[given(3), ended()]), raised(1, 3, 13)]
    found = diagnose(Observed(0, remark, records)).findings
    assert [one.slug for one in found] == ["dataset-exception", "shutdown-noise"]
    assert found[1].details == {}


def test_an_exit_code_that_the_program_chose_is_no_failure():
    done = diagnose(Observed(75, b"budget reached, requeue\n", [main(use(), events=[ended()])]))
    assert (done.findings, done.has_failed) == ([], False)


def test_an_exit_after_an_error_that_was_written_down_is_that_error():
    records = [main(use(), events=[ended()])]
    assert slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=records) == ["not-dataloader"]


def test_an_exception_of_any_kind_is_placed_where_it_left_the_program():
    said = "Traceback (most recent call last):\nsubprocess.CalledProcessError: Command 'x' returned 4.\n"
    events = [ended(said, place="train.py:11")]
    finding = diagnose(Observed(1, said.encode(), [main(use(), events=events)])).findings[0]
    assert (finding.slug, "train.py:11" in finding.summary) == ("not-dataloader", True)


def test_a_main_process_that_is_killed_from_outside_is_told_so():
    finding = diagnose(Observed(137, b"", [main(use())])).findings[0]
    assert finding.slug == "not-dataloader"
    assert "SIGKILL" in finding.summary


def test_errors_that_the_command_lived_through_are_no_findings():
    assert slugs(exit_code=0, stderr=MODEL_ERROR.encode(), records=[main()]) == []


COLLECTIVE = (
    "[rank1]: Traceback (most recent call last):\n"
    '[rank1]:   File "/home/user/train.py", line 9, in train\n[rank1]:     loss.backward()\n'
    '[rank1]:   File "/opt/lib/site-packages/torch/autograd/graph.py", line 979, in _engine_run_backward\n'
    "[rank1]:     return engine.run_backward(\n"
    "[rank1]: RuntimeError: [gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:52888.\n"
)


def ranks(*batches, **counters):
    return [main(use(batches=count, **counters), pid=at, rank=at) for at, count in enumerate(batches)]


def test_ranks_that_fail_to_meet_after_unequal_numbers_of_batches_are_told():
    assert slugs(exit_code=1, stderr=COLLECTIVE.encode(), records=ranks(4, 5)) == ["ddp-loader-imbalance"]


def test_ranks_with_as_many_batches_that_fail_to_meet_have_another_failure():
    assert slugs(exit_code=1, stderr=COLLECTIVE.encode(), records=ranks(5, 5)) == ["not-dataloader"]


def test_a_rank_in_the_middle_of_its_loop_has_not_run_out_of_data():
    records = ranks(4, 5, epoch_begin=7)
    assert slugs(exit_code=1, stderr=COLLECTIVE.encode(), records=records) == ["not-dataloader"]


def test_what_harms_the_data_comes_before_a_remark_of_torch():
    remark = (
        b"UserWarning: This DataLoader will create 8 worker processes in total. Our suggested max number of "
        b"worker in current system is 2, which is smaller than what this DataLoader is going to create.\n"
    )
    equal = [{"event": "content", "digest": name, "samples": 9, "distinct": 9} for name in ("a", "b")]
    found = slugs(exit_code=0, stderr=remark, records=[main(), *(worker(n, events=equal) for n in (0, 1))])
    assert found == ["iterable-dup-workers", "too-many-workers"]


def test_an_interrupt_by_the_user_is_no_finding():
    stderr = b'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\nKeyboardInterrupt\n'
    assert slugs(exit_code=130, stderr=stderr, records=[main()], interrupted_by=signal.SIGINT) == []


def test_an_interrupt_that_run_did_not_see_is_no_hang_where_batches_kept_coming():
    stderr = (
        b'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    for batch in loader:\n'
        b'  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1291, in _try_get_data\n'
        b"    data = self._data_queue.get(timeout=timeout)\n"
        b'  File "/opt/lib/python3.11/selectors.py", line 415, in select\n'
        b"    fd_event_list = self._selector.poll(timeout)\nKeyboardInterrupt\n"
    )
    assert slugs(exit_code=130, stderr=stderr, records=[]) == ["hang-in-worker"]
    assert "hang-in-worker" not in slugs(exit_code=130, stderr=stderr, records=[main(use())])


def test_a_symptom_that_advises_nothing_else_is_evidence_of_its_cause():
    slow = {"wait_ns": 50.0, "first_wait_ns": 1.0, "busy_ns": 1.0}
    loader = use({"num_workers": 2, "in_order": True}, batches=40, **slow)
    busy = [worker(n, fetch_ns=50.0, slow_ns=45.0, slow_count=3) for n in (0, 1)]
    (found,) = diagnose(Observed(records=[main(loader), *busy])).findings
    assert found.slug == "head-of-line-blocking"
    assert found.evidence[-1].startswith("Training waits for data 98% of the time")


def test_the_kernels_kill_of_the_main_process_is_told_by_its_counter():
    finding = diagnose(Observed(137, records=[main()], num_oom_kills=1)).findings[0]
    assert (finding.slug, finding.confidence) == ("worker-oom-killed", "certain")


STEP = Stack(100, ((Frame("/home/user/train.py", 12, "step"), Frame("/home/user/train.py", 30, "<module>")),))
LOADING = Stack(201, ((Frame("/home/user/data.py", 6, "__getitem__"),),))
IDLE = Stack(200, ((Frame("/opt/lib/python3.11/selectors.py", 415, "select"),),))


def hanging(loader, *workers):
    reader = main(*filter(None, [loader]))
    hang = Hang(reader, loader, workers, 61.0, (reader,), True, (STEP, LOADING, IDLE))
    return Observed(records=[reader, *workers], hang=hang)


def page(observed):
    return "\n".join(str(line) for line in lines(observed, diagnose(observed), {}, 80))


def test_a_program_that_stands_still_is_told_while_it_runs_and_has_not_ended():
    observed = hanging(None)
    found = diagnose(observed).findings[0]
    assert found.slug == "not-dataloader"
    assert "train.py:12 in step" in found.summary
    assert "ended" not in page(observed)


def test_a_hang_shows_the_stacks_of_the_stuck_worker_first_and_names_the_idle_ones():
    observed = hanging(use({"num_workers": 2}), worker(0, stage="idle"), worker(1, **BUSY))
    said = page(observed).partition("Where it stands")[2]
    stood = ["worker 1 (pid 201):", "data.py:6 in __getitem__", "rank 0 (pid 100):", "train.py:12 in step"]
    assert [said.index(one) for one in stood] == sorted(said.index(one) for one in stood)
    assert "In no code of yours: worker 0 (pid 200)." in said
    rows = diagnose(observed).findings[0].details["stacks"]
    assert (rows[0]["worker"], rows[0]["place"]) == (1, "data.py:6 in __getitem__")


def test_workers_that_stand_alike_share_one_stack():
    observed = hanging(use({"num_workers": 2}), worker(0, **BUSY), worker(1, **BUSY))
    alike = tuple(Stack(pid, LOADING.threads) for pid in (200, 201))
    said = page(replace(observed, hang=replace(observed.hang, stacks=alike)))
    assert "worker 0 (pid 200), worker 1 (pid 201):" in said
    assert said.count("data.py:6 in __getitem__\n") + said.endswith("data.py:6 in __getitem__") == 1


def test_a_hang_beside_another_cause_is_told_with_its_stacks_too():
    observed = replace(hanging(None), stderr=HIDDEN.encode())
    found = diagnose(observed).findings[0]
    assert found.slug == "dataset-exception"
    assert found.evidence[-1] == "nothing has moved for 61 s; the main process stands at train.py:12 in step"
    assert found.details["stacks"][0]["threads"] == [["train.py:12 in step", "train.py:30 in <module>"]]


def test_what_is_said_while_a_hang_is_ended_is_not_its_cause():
    noise = (
        "/usr/lib/python3.11/multiprocessing/resource_tracker.py:254: UserWarning: resource_tracker: There "
        "appear to be 22 leaked semaphore objects to clean up at shutdown\n"
    )
    observed = replace(hanging(None), stderr=noise.encode(), exit_code=124)
    assert [one.slug for one in diagnose(observed).findings] == ["not-dataloader"]
