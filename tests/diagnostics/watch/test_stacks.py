import pytest

from diagnostics.watch.stacks import Frame, Stack, parse_threads, shortened

LIB = "/opt/lib/python3.11"
TORCH = "/opt/venv/site-packages/torch/utils/data"
IN_STEP = (
    'Thread 0x01 (most recent call first):\n  File "/home/user/pool.py", line 7 in run\n'
    f'  File "{LIB}/threading.py", line 982 in run\n\n'
    "Thread 0x02 (most recent call first):\n"
    f'  File "{LIB}/threading.py", line 327 in wait\n  File "{LIB}/queue.py", line 171 in get\n'
    '  File "/home/user/train.py", line 12 in step\n  File "/home/user/train.py", line 30 in <module>\n'
)
FORKED_AND_IDLE = (
    "Current thread 0x02 (most recent call first):\n"
    f'  File "{LIB}/selectors.py", line 415 in select\n'
    f'  File "{LIB}/multiprocessing/queues.py", line 113 in get\n'
    f'  File "{TORCH}/_utils/worker.py", line 350 in _worker_loop\n'
    f'  File "{LIB}/multiprocessing/process.py", line 108 in run\n'
    '  File "/home/user/train.py", line 21 in <module>\n'
)
SPIED = (
    'Process 7: python train.py\nPython v3.11.7\n\nThread 7 (idle): "MainThread"\n'
    f"    wait ({LIB}/threading.py:327)\n    step (/home/user/train.py:12)\n"
    f'Thread 9 (active): "Thread-1"\n    run ({LIB}/threading.py:982)\n'
)


def stack(text):
    return Stack(100, parse_threads(text))


@pytest.mark.parametrize("text", [IN_STEP, SPIED], ids=["faulthandler", "py-spy"])
def test_the_main_thread_comes_first_and_its_users_frame_is_the_place(text):
    found = stack(text)
    assert found.place == "train.py:12 in step"
    assert len(found.threads) == 2


def test_of_a_stack_the_users_frames_and_what_they_call_are_shown():
    deep = [Frame(f"{LIB}/a.py", number, "inner") for number in range(5)]
    own = Frame("/home/user/train.py", 12, "step")
    below = [Frame(f"{LIB}/runpy.py", number, "run") for number in range(5)]
    assert shortened([*deep, own, *below]) == [deep[0], deep[-1], own]


def test_threads_without_the_users_code_are_left_out():
    assert [frames[0].place for frames in stack(IN_STEP).shown] == [
        "threading.py:327 in wait",
        "pool.py:7 in run",
    ]
    assert len(stack(SPIED).shown) == 1


def test_what_a_forked_worker_has_of_its_readers_stack_is_not_its_own():
    found = stack(FORKED_AND_IDLE)
    assert found.place == "selectors.py:415 in select"
    assert not any(frame.is_own for frames in found.shown for frame in frames)


def test_the_users_line_is_quoted_where_the_file_can_be_read(tmp_path):
    script = tmp_path / "train.py"
    script.write_text("import queue\nq.get()\n")
    assert Frame(str(script), 2, "step").sentence == "train.py:2 in step: q.get()"
    assert Frame(str(tmp_path / "gone.py"), 2, "step").sentence == "gone.py:2 in step"


def test_of_a_process_that_multiprocessing_started_only_its_own_frames_are_kept():
    started = IN_STEP + (
        f'  File "{LIB}/multiprocessing/process.py", line 314 in _bootstrap\n'
        f'  File "{LIB}/multiprocessing/spawn.py", line 122 in spawn_main\n'
        '  File "<string>", line 1 in <module>\n'
    )
    assert [frame.place for frame in stack(started).shown[0]][-1] == "train.py:30 in <module>"


@pytest.mark.parametrize("text", ["", "Process 7 is gone\n", "Thread 0x01 (most recent call first):\n"])
def test_what_holds_no_frames_gives_none(text):
    assert parse_threads(text) == ()
