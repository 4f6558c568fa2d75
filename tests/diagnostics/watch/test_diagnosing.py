import signal

from diagnostics.watch.diagnosing import diagnose
from diagnostics.watch.observing import Observed
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


def test_a_death_comes_before_the_place_in_the_training_where_it_was_noticed():
    found = slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=[died(-9), worker(1, **BUSY)])
    assert found[0] == "worker-oom-killed"


def test_an_error_of_the_model_stays_what_it_is_while_workers_are_well():
    assert slugs(exit_code=1, stderr=MODEL_ERROR.encode(), records=[main(), worker(0)]) == ["not-dataloader"]


def test_a_traceback_that_the_command_swallowed_is_explained_all_the_same():
    event = {"event": "raised", "at": 3, "error": "KeyError", "traceback": HIDDEN, "batch": 3}
    busy = worker(1, events=[{**event, "indices": [12, 13], "samples": [13], "stage": "fetching"}])
    finding = diagnose(Observed(1, records=[main(), busy])).findings[0]
    assert (finding.slug, finding.details["sample_indices"]) == ("dataset-exception", [13])


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
    equal = [{"event": "content", "digest": digest} for digest in ("a", "b")]
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


def test_a_symptom_comes_after_what_causes_it():
    slow = {"wait_ns": 50.0, "first_wait_ns": 1.0, "busy_ns": 1.0}
    loader = use({"num_workers": 2, "in_order": True}, batches=40, **slow)
    busy = [worker(n, fetch_ns=50.0, slow_ns=45.0, slow_count=3) for n in (0, 1)]
    assert slugs(exit_code=0, records=[main(loader), *busy]) == ["head-of-line-blocking", "loader-bottleneck"]


def test_the_kernels_kill_of_the_main_process_is_told_by_its_counter():
    finding = diagnose(Observed(137, records=[main()], num_oom_kills=1)).findings[0]
    assert (finding.slug, finding.confidence) == ("worker-oom-killed", "certain")
