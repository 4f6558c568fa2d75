"""What stands still is told from where the processes stand: a worker, the main process, the step, a file."""

import pytest

from diagnostics.ladder.failures import findings_of
from diagnostics.ladder.laboratory import FailedError

LAB = "/opt/diagnostics/ladder/child/torch_checkup_lab"
DATA = "/opt/lib/python3.12/site-packages/torch/utils/data"
HEAD = "Stack (most recent call first):\n"
BOTTOM = f'  File "{LAB}/serving.py", line 181 in main\n  File "<string>", line 1 in <module>\n'
EPOCH = f'  File "{LAB}/loaders.py", line 156 in _epoch\n{BOTTOM}'
STEP = f'{HEAD}  File "/home/u/train.py", line 8 in step\n{EPOCH}'
WAITING = (
    f'{HEAD}  File "/usr/lib/python3.12/selectors.py", line 415 in select\n'
    f'  File "{DATA}/dataloader.py", line 1120 in _try_get_data\n{EPOCH}'
)
SAMPLER = (
    f'{HEAD}  File "/home/u/data.py", line 5 in __iter__\n'
    f'  File "{DATA}/dataloader.py", line 700 in _next_index\n{EPOCH}'
)
LOOP = f'  File "{DATA}/_utils/worker.py", line 334 in _worker_loop\n{BOTTOM}'
IDLE = (
    f'{HEAD}  File "/usr/lib/python3.12/selectors.py", line 415 in select\n'
    f'  File "/usr/lib/python3.12/multiprocessing/queues.py", line 113 in get\n{LOOP}'
)
BUSY = (
    f'{HEAD}  File "/home/u/data.py", line 12 in __getitem__\n'
    f'  File "{LAB}/instruments.py", line 90 in fetch\n{LOOP}'
)
STARTING = f'{HEAD}  File "/home/u/data.py", line 3 in begin\n{LOOP}'
IMPORT = (
    f'{HEAD}  File "/home/u/data.py", line 4 in <module>\n  File "{LAB}/loading.py", line 99 in a\n{BOTTOM}'
)


def found(stacks: str, doing: str) -> tuple[str, str]:
    (finding,) = findings_of(FailedError("nothing moved for 60 s", "", 60.0, stacks, doing))
    return finding.slug, finding.summary


@pytest.mark.parametrize("workers", [IDLE, BUSY, IDLE + BUSY, ""])
def test_a_step_that_does_not_end_is_no_hang_of_a_worker(workers: str) -> None:
    slug, summary = found("printed before\n" + STEP + workers, "step")
    assert slug == "not-dataloader"
    assert summary == "Your step has not ended after 60 s; it stands at train.py:8 in step."


def test_a_file_that_does_not_end_is_told_with_the_option_to_wait_longer() -> None:
    (finding,) = findings_of(FailedError("nothing moved for 60 s", "", 60.0, IMPORT, "load"))
    assert finding.slug == "not-dataloader"
    assert finding.summary == (
        "Loading your file has not ended after 60 s; it stands at data.py:4 in <module>."
    )
    assert finding.remedy is not None
    assert finding.remedy.commands == ("--hang-after 300",)


@pytest.mark.parametrize(
    ("stacks", "place"),
    [
        (WAITING + BUSY + IDLE, "data.py:12 in __getitem__"),
        (WAITING + IDLE + STARTING + IDLE, "data.py:3 in begin"),
        (SAMPLER + IDLE, "data.py:5 in __iter__"),
        (BUSY + IDLE, "data.py:12 in __getitem__"),
    ],
)
def test_what_holds_a_reader_up_is_a_worker_with_work_else_the_main_process(stacks: str, place: str) -> None:
    slug, summary = found(stacks, "step")
    assert slug == "hang-in-worker"
    assert place in summary


def test_where_no_stack_can_be_had_a_step_is_not_blamed() -> None:
    assert found("", "step")[0] == "hang-in-worker"
    assert found("", "load") == ("not-dataloader", "Loading your file has not ended after 60 s.")


def test_an_emulated_step_stands_nowhere_in_the_users_code() -> None:
    stacks = f'{HEAD}  File "{LAB}/loaders.py", line 197 in <lambda>\n{EPOCH}'
    assert found(stacks, "step") == ("not-dataloader", "Your step has not ended after 60 s.")
