import json

import pytest

from diagnostics.findings import Remedy, Status
from diagnostics.judge import Check, find_checks
from diagnostics.traces.cleaning import Line, clean, decode, split_lines
from diagnostics.traces.explaining import explain_log, quote
from diagnostics.traces.frames import parse_frame
from diagnostics.traces.prefixes import strip_prefixes
from diagnostics.traces.recognition import Recognition, Role
from diagnostics.traces.remedies import more_shared_memory
from diagnostics.traces.trace import read_trace
from diagnostics.traces.windows import SMALL_LOG_LINES

CAUGHT = (
    "KeyError: Caught KeyError in DataLoader worker process 3.\nOriginal Traceback (most recent call last):\n"
    '  File "/home/user/data.py", line 17, in __getitem__\n    label = self.labels[name]\n'
)


@pytest.mark.parametrize(
    ("written", "text", "source"),
    [
        ("[rank1]: ValueError: x", "ValueError: x", "rank1"),
        ("(RayTrainWorker pid=12, ip=10.0.0.1) x", "x", "RayTrainWorker pid=12, ip=10.0.0.1"),
        ("[default0]:Traceback", "Traceback", "default0"),
        ("[1,0]<stderr>:Traceback", "Traceback", "1,0"),
        ("3: KeyError: 'a'", "KeyError: 'a'", "3"),
        ("trainer-1  | KeyError: 'a'", "KeyError: 'a'", "trainer-1"),
        ("2024-05-01T10:00:00.123Z x", "x", ""),
        ("2024-05-01 10:00:00,123 - ERROR - ValueError: x", "ValueError: x", ""),
        ("E       ValueError: x", "ValueError: x", ""),
        ("> ValueError: x", "ValueError: x", ""),
        ("#ValueError: x", "ValueError: x", ""),
        ("#num_workers: 4", "#num_workers: 4", ""),
        ("  0%|          | 0/60 [00:00<?, ?it/s]", "  0%|          | 0/60 [00:00<?, ?it/s]", ""),
    ],
)
def test_prefixes_are_split_off(written, text, source):
    assert strip_prefixes(written) == (text, source)


@pytest.mark.parametrize(
    "prefix",
    ["build 7 (gpu) :: ", "<14>trainer.7 ! ", "{n}: ", "node7.cluster/0/stderr: 12:0{n}:44 ", "7) "],
)
def test_what_a_log_puts_before_all_its_lines_is_learnt_from_its_traceback(prefix):
    log = (
        'Traceback (most recent call last):\n  File "/home/user/train.py", line 9, in main\n'
        "    for batch in loader:\n"
        '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 733, in __next__\n'
        "    data = self._next_data()\n"
        '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1480, in _try_get_data\n'
        "    data = self._data_queue.get(timeout=timeout)\n"
        '  File "/opt/lib/python3.12/multiprocessing/connection.py", line 440, in _poll\n'
        "    r = wait([self], timeout)\nKeyboardInterrupt\n"
    )
    written = "\n".join(prefix.format(n=n) + line for n, line in enumerate(log.splitlines(), 1))
    (error,) = read_trace(written).errors
    assert (error.type, [frame.line_number for frame in error.frames]) == (
        "KeyboardInterrupt",
        [9, 733, 1480, 440],
    )


@pytest.mark.parametrize(
    ("written", "path", "line_number", "function"),
    [
        ('  File "a/b.py", line 3, in f', "a/b.py", 3, "f"),
        ('  File "C:\\a\\b.py", line 3, in <module>', "C:/a/b.py", 3, "<module>"),
        ('  File "/a/b.py", line 12 in f', "/a/b.py", 12, "f"),
        ("~/lib/dataloader.py in __next__(self)", "~/lib/dataloader.py", 0, "__next__"),
        ("File /a/b.py:3, in Loader.f(self, x)", "/a/b.py", 3, "f"),
        ("Cell In[4], line 9", "<cell In[4]>", 9, "<module>"),
        ("Cell In[4], line 9, in Digits.__getitem__(self, i)", "<cell In[4]>", 9, "__getitem__"),
        ("Input In [5], in <cell line: 1>()", "<cell In [5]>", 0, "<cell"),
        ("/a/b.py:88 in main", "/a/b.py", 88, "main"),
        ("    _poll (multiprocessing/connection.py:12)", "multiprocessing/connection.py", 12, "_poll"),
    ],
)  # fmt: skip
def test_frames_are_read_in_every_form(written, path, line_number, function):
    frame = parse_frame(written, 5)
    assert (frame.path, frame.line_number, frame.function, frame.at) == (path, line_number, function, 5)


@pytest.mark.parametrize(
    "text", ["", "   ", "for x in loader:", "ValueError: a in b", "see http://x.py in it"]
)
def test_what_is_no_frame_is_none(text):
    assert parse_frame(text, 1) is None


def test_an_exception_that_was_carried_is_read_with_its_worker_even_when_its_end_is_cut_off():
    wrapper, inner = read_trace(CAUGHT).errors
    assert (wrapper.is_wrapper, inner.type, inner.where) == (True, "KeyError", "DataLoader worker process 3")
    assert inner.user_frame.place == "data.py:17, in __getitem__"
    assert inner.user_frame.code == "label = self.labels[name]"


def test_the_message_keeps_the_indented_lines_below_it():
    error = read_trace("RuntimeError:\n        An attempt\n        was made\n\nother words\n").errors[0]
    assert error.detail == "An attempt was made"


def test_a_chain_is_told_from_two_errors():
    between = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    text = f"KeyError: 1{between}ValueError: 2\n"
    assert [error.relation for error in read_trace(text).errors] == ["", "context"]
    assert [error.relation for error in read_trace("KeyError: 1\nValueError: 2\n").errors] == ["", ""]


def test_ranks_that_write_at_the_same_time_keep_their_own_frames():
    lines = (
        "[rank0]: Traceback (most recent call last):\n[rank1]: Traceback (most recent call last):\n"
        '[rank0]:   File "a.py", line 1, in f\n[rank1]:   File "b.py", line 2, in g\n'
        "[rank0]: ValueError: x\n[rank1]: KeyError: y\n"
    )
    errors = read_trace(lines).errors
    assert [(e.type, e.source, e.frames[0].path) for e in errors] == [
        ("ValueError", "rank0", "a.py"),
        ("KeyError", "rank1", "b.py"),
    ]


def test_a_dump_of_faulthandler_ends_with_the_frame_that_crashed():
    text = (
        "Fatal Python error: Aborted\n\nThread 0x1 (most recent call first):\n"
        '  File "b.py", line 2 in g\n  File "a.py", line 1 in f\n'
    )
    error = read_trace(text).errors[0]
    assert (error.type, error.message, error.frames[-1].function) == ("Fatal Python error", "Aborted", "g")


def test_frames_that_were_flattened_or_escaped_are_unfolded():
    flat = 'File "a.py", line 1, in f x() File "b.py", line 2, in g y() KeyError: 3'
    escaped = (
        "KeyError: 'Traceback (most recent call last):\\n  File \"a.py\", line 1, in f\\nKeyError: 3\\n'"
    )
    assert [frame.path for frame in read_trace(flat).errors[0].frames] == ["a.py", "b.py"]
    assert read_trace(escaped).errors[-1].frames[0].path == "a.py"


def test_pieces_of_a_progress_bar_keep_the_number_of_their_line():
    assert split_lines("a\n 1%\r 2%\nb") == [(1, "a"), (2, " 1%"), (2, " 2%"), (3, "b")]
    assert [number for number, _ in split_lines("a\rb")] == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_are_told_without_help(encoding):
    assert decode("RuntimeError: zażółć".encode(encoding)) == "RuntimeError: zażółć"


def test_escapes_controls_and_markup_are_taken_out():
    assert clean("\x1b[0;31mKey\x1b[0mError\x07: “a”\x1b]0;title\x07") == 'KeyError: "a"'
    assert (
        clean("[0;31mKeyError[0m: attribute \\_\\_main\\_\\_ &lt;lambda&gt;")
        == "KeyError: attribute __main__ <lambda>"
    )
    assert clean("C:\\data\\_utils\\x.py") == "C:\\data\\_utils\\x.py"


def test_an_error_in_the_middle_of_a_large_log_is_found_and_numbered():
    filler = "".join(f"step {step} loss 0.1\n" for step in range(SMALL_LOG_LINES * 2))
    finding = explain_log(filler + CAUGHT + "KeyError: 'a'\n" + filler)[0]
    assert finding.slug == "dataset-exception"
    assert finding.evidence[-1] == f"line {SMALL_LOG_LINES * 2 + 5}: KeyError: 'a'"


@pytest.mark.parametrize("num_lines", [3000, 9000])
def test_long_lines_are_cut_short_and_an_error_at_either_end_is_found(num_lines):
    filler = "".join(f"worker {step} {'data ' * 300}\n" for step in range(num_lines))
    for log in (CAUGHT + "KeyError: 'a'\n" + filler, filler + CAUGHT + "KeyError: 'a'\n"):
        trace = read_trace(log)
        assert len(trace.flat) < 1_000_000
        assert [error.type for error in trace.errors] == ["KeyError", "KeyError"]


@pytest.mark.parametrize(
    ("text", "os_name", "python"),
    [
        ('File "C:\\Users\\me\\Python311\\lib\\site-packages\\x.py", line 1, in f', "Windows", "3.11"),
        ('File "/Users/me/lib/python3.9/x.py", line 1, in f', "Darwin", "3.9"),
        ('File "/home/me/lib/python3.14/x.py", line 1, in f', "Linux", "3.14"),
        ("ValueError: x", "", ""),
    ],
)
def test_the_platform_is_read_from_paths(text, os_name, python):
    platform = read_trace(text).platform
    assert (platform.os_name, platform.python) == (os_name, python)


def test_a_quoted_line_says_who_spoke_and_is_cut_to_a_bearable_length():
    assert quote(Line(4, "KeyError: 1", "rank1")) == "line 4: [rank1] KeyError: 1"
    assert len(quote(Line(4, "x" * 5000))) < 250


def test_a_recogniser_that_crashes_stops_no_other():
    def explode(trace):
        raise RuntimeError("boom")

    broken = Check("DL900", "a-slug", "Bad", recognise=explode)
    findings = explain_log(CAUGHT, [broken, *find_checks()])
    assert findings[0].slug == "dataset-exception"
    assert [finding.status for finding in findings if finding.code == "DL900"] == [Status.CRASHED]


def test_a_failure_elsewhere_that_came_first_outranks_a_death_and_never_a_cause():
    def recogniser(role, at, is_death=False):
        lines = (Line(at, f"line {at}"),)
        return lambda trace: Recognition(role, 50, lines, "It broke.", Remedy("x", ("x",)), is_death=is_death)

    def first(*recognisers):
        checks = [Check(f"DL90{i}", f"slug-{i}", "Bad", recognise=r) for i, r in enumerate(recognisers)]
        return explain_log("x", checks)[0].slug

    assert first(recogniser(Role.ELSEWHERE, 1), recogniser(Role.CAUSE, 9, is_death=True)) == "slug-0"
    assert first(recogniser(Role.ELSEWHERE, 9), recogniser(Role.CAUSE, 1, is_death=True)) == "slug-1"
    assert first(recogniser(Role.ELSEWHERE, 1), recogniser(Role.CAUSE, 9)) == "slug-1"
    assert first(recogniser(Role.SYMPTOM, 1), recogniser(Role.ELSEWHERE, 9)) == "slug-1"


def test_a_windows_path_whose_folders_begin_with_n_is_no_line_end():
    path = r"G:\py\Lib\site-packages\torch\nn\modules\conv.py"
    (error,) = read_trace(
        f'  File "{path}", line 5, in _conv_forward\n    return F.conv2d(\nValueError: x\n'
    ).errors
    assert error.frames[0].path == path.replace("\\", "/")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise RuntimeError('context is already set')", ("RuntimeError", "context is already set")),
        ('raise ValueError(f"no {name}', ("ValueError", "no {name}")),
        ("raise self.exc_type(msg)", ("", "")),
        ("raise", ("", "")),
    ],
)  # fmt: skip
def test_a_traceback_without_its_last_line_is_known_by_its_raise(code, expected):
    (error,) = read_trace(f'  File "a.py", line 5, in f\n    {code}\n').errors
    assert (error.type, error.message) == expected


def test_a_traceback_after_an_interrupt_that_is_cut_off_is_the_interrupt():
    (error,) = read_trace(
        '^CTraceback (most recent call last):\n  File "a.py", line 5, in f\n    g()\n'
    ).errors
    assert error.type == "KeyboardInterrupt"


def test_a_raise_that_is_cut_off_is_kept_when_the_next_traceback_begins():
    cut = 'Traceback (most recent call last):\n  File "a.py", line 5, in f\n    raise KeyError("a key'
    whole = 'Traceback (most recent call last):\n  File "b.py", line 6, in g\n    h()\nOSError: x\n'
    assert [error.type for error in read_trace(f"{cut}\n{whole}").errors] == ["KeyError", "OSError"]


def test_a_frame_that_a_terminal_wrapped_is_joined():
    log = 'File "/a/reduction.py", line 189,\nin recv_handle\nreturn recvfds(s, 1)[0]\n'
    frame = read_trace(f"[rank1]: {log.replace(chr(10), chr(10) + '[rank1]: ')}").errors[0].frames[0]
    assert (frame.line_number, frame.function, frame.code) == (189, "recv_handle", "return recvfds(s, 1)[0]")


@pytest.mark.parametrize("width", [64, 80, 133])
def test_a_log_that_a_terminal_broke_at_its_margin_reads_as_if_it_had_not(width):
    log = (
        "Traceback (most recent call last):\n"
        '  File "/home/someone/projects/segmentation/tools/train_all_folds.py", line 1204, in run_all\n'
        "    for batch in loader:\n"
        '  File "/home/someone/.conda/envs/seg/lib/python3.10/site-packages/torch/multiprocessing/'
        'reductions.py", line 375, in reduce_storage\n'
        "    metadata = storage._share_filename_cpu_()\n"
        "RuntimeError: unable to mmap 4160 bytes from file </torch_40127_3519028347_63110>: Cannot allocate "
        "memory (12)\n"
    )
    broken = "\n".join(
        line[at : at + width] for line in log.splitlines() for at in range(0, len(line), width)
    )
    assert explain_log(broken)[0].slug == explain_log(log)[0].slug == "mmap-count-limit"
    assert read_trace(broken).errors[0].detail == read_trace(log).errors[0].detail


def test_lines_that_are_filled_up_with_blanks_are_not_taken_for_broken_ones():
    padded = "\n".join(line.ljust(140) for line in CAUGHT.splitlines())
    assert read_trace(padded).errors[1].frames[-1].code == "label = self.labels[name]"


def test_a_tab_in_a_path_is_what_was_made_of_a_backslash_and_a_t():
    frame = parse_frame('  File "C:\\user\train.py", line 3, in f', 1)
    assert frame.path == "C:/user/train.py"


@pytest.mark.parametrize("width", range(24, 89))
def test_a_frame_that_a_panel_of_rich_broke_anywhere_is_joined(width):
    frame = "/home/me/miniconda3/lib/python3.11/site-packages/torch/utils/data/dataloader.py:1371 in __next__"
    log = f"│ {frame[:width]} │\n│ {frame[width:].lstrip()} │\n│ ❱ 1371 │   data = self._next_data() │\n"
    (read,) = read_trace(log).errors[0].frames
    assert (read.path, read.line_number, read.function) == (frame.split(":", maxsplit=1)[0], 1371, "__next__")
    assert read.code == "data = self._next_data()"


def test_a_reports_title_is_no_comment_and_completes_the_traceback_that_is_cut_off():
    log = "# [Bug] KeyError: 'a'\nTraceback (most recent call last):\n  File \"/w/a.py\", line 3, in f\n"
    assert [(error.type, len(error.frames)) for error in read_trace(log).errors] == [("KeyError", 1)]


def test_a_sentence_that_begins_as_code_does_names_an_error_and_code_does_not():
    assert read_trace("self.size = 2 causes ValueError: too big\n").errors[0].message == "too big"
    assert read_trace('self.fail("ValueError: too big")\nif x: raise KeyError: y\n').errors == ()


def test_the_error_of_a_title_completes_what_a_worker_raised_and_no_childs_broken_pipe():
    inner = "RuntimeError: x\n\nRuntimeError: Caught RuntimeError in DataLoader worker process 0.\n"
    assert [(error.where[:10], error.message) for error in read_trace(inner).errors][1:] == [
        ("DataLoader", "x")
    ]
    child = 'Traceback (most recent call last):\n  File "spawn.py", line 1, in spawn_main\n'
    errors = read_trace(f"BrokenPipeError: pipe\n{child}").errors
    assert [error.type for error in errors] == ["BrokenPipeError", ""]


def test_fences_and_folded_lines_are_told_from_a_frames_code():
    log = '  File "a.py", line 5, in f\n```\n> \nh(x) File "b.py", line 6, in h\n    y()\nKeyError: 1\n'
    (error,) = read_trace(log).errors
    assert [(frame.path, frame.code) for frame in error.frames] == [("a.py", "h(x)"), ("b.py", "y()")]


def test_a_message_that_another_processs_line_tore_off_its_type_is_no_code():
    log = 'OSError  File "/w/heap.py", line 3, in f\n: [WinError 1455] too small\n'
    trace = read_trace(log)
    assert trace.find("WinError 1455")
    assert not trace.errors[0].frames[0].code


def test_records_in_json_are_opened_and_what_only_looks_like_one_is_kept():
    log = '{"log":"\\u001b[31mValueError: x\\n","stream":"stderr"}\n{"loss": 1}\n{"log":' + "[" * 1500 + "}\n"
    trace = read_trace(log)
    assert trace.errors[0].message == "x"
    assert trace.lines[1].text == '{"loss": 1}'


@pytest.mark.parametrize("indent", [None, 1])
def test_the_output_in_a_notebooks_file_is_read_on_one_line_or_on_many(indent):
    lines = CAUGHT.splitlines(keepends=True)
    output = {
        "name": "stderr",
        "output_type": "stream",
        "text": [*["epoch 1\n"] * 90, *lines, "KeyError: 'a'\n"],
    }
    notebook = json.dumps({"cells": [{"outputs": [output]}], "nbformat": 4}, indent=indent)
    inner = read_trace(notebook).errors[1]
    assert (inner.type, inner.frames[-1].place) == ("KeyError", "data.py:17, in __getitem__")


@pytest.mark.parametrize("quoted", [repr, lambda log: repr(log.encode()), json.dumps])
def test_the_quotes_of_a_log_that_was_escaped_into_one_line_are_its_own(quoted):
    log = f'{CAUGHT}KeyError: "it\'s"\n' + "TypeError: cannot pickle 'generator' object\n"
    assert "cannot pickle 'generator' object" in read_trace(quoted(log)).flat


def test_a_long_log_that_was_escaped_into_one_line_is_read_whole():
    steps = "".join(f"step {n} loss 0.{n}\\n" for n in range(500))
    raised = CAUGHT.replace("\n", "\\n") + "KeyError: 'a'\\n"
    assert read_trace(steps + raised + steps).errors[-1].message.startswith("'a'")


def test_a_web_pages_entities_and_tags_are_resolved_and_pythons_own_brackets_kept():
    assert clean("<pre>in &lt;module&gt;, can&#x27;t</pre>") == "in <module>, can't"
    assert clean("unable to write to file </torch_1_2>") == "unable to write to file </torch_1_2>"


def test_what_is_raised_in_a_finalizer_is_ignored_also_without_the_line_that_says_so():
    log = '  File "/a/torch/utils/data/dataloader.py", line 3, in __del__\n    x()\nConnectionResetError: y\n'
    assert read_trace(log).errors[0].is_ignored


def test_a_progress_bar_between_a_frame_and_its_line_is_no_code():
    log = '  File "/a/b.py", line 3, in f\n 50%|##  | 5/10 [00:01<00:01, 3.1it/s]\n    x()\nValueError: y\n'
    assert read_trace(log).errors[0].frames[0].code == "x()"


def test_an_exception_that_follows_words_of_another_script_is_read():
    assert read_trace("报错如下：KeyError: 'a'\n").errors[0].type == "KeyError"


def test_a_lookup_on_a_dataset_is_no_reading_of_a_sample():
    log = (
        '  File "/w/train.py", line 9, in <module>\n    names = loader.dataset.names\n'
        '  File "/a/torch/utils/data/dataset.py", line 83, in __getattr__\n    raise AttributeError\n'
        "AttributeError\n"
    )
    assert explain_log(log)[0].slug == "not-dataloader"


@pytest.mark.parametrize(
    ("file", "slug"), [("face_dataset.py", "unrecognised"), ("train.py", "not-dataloader")]
)
def test_a_traceback_without_its_beginning_in_a_file_of_data_is_not_said_to_lie_elsewhere(file, slug):
    log = f'  File "/w/{file}", line 9, in crop\n    return len(box[0])\nTypeError: object has no len()\n'
    assert explain_log(log)[0].slug == slug


@pytest.mark.parametrize(
    "order", [("Thread", "Current thread"), ("Current thread", "Thread"), ("Thread", "Thread")]
)
def test_a_dump_is_of_the_thread_that_crashed_wherever_it_stands(order: tuple[str, str]) -> None:
    stacks = "".join(
        f"\n{name} 0x00007f{number} (most recent call first):\n"
        f'  File "/home/me/{"crash" if name.startswith("Current") else f"other{number}"}.py", line 5 in run\n'
        for number, name in enumerate(order)
    )
    error = read_trace(f"Fatal Python error: Segmentation fault\n{stacks}").errors[0]
    expected = "crash.py" if "Current thread" in order else "other0.py"
    assert error.frames[-1].path.endswith(expected)


@pytest.mark.parametrize("job", ["kfp pipeline", "SageMaker", "gcloud ai-platform", "the worker pod"])
def test_a_managed_job_is_not_told_to_run_docker(job: str) -> None:
    log = f"in {job}: RuntimeError: DataLoader worker (pid 3) is killed by signal: Bus error.\n"
    assert not any("docker" in line for line in more_shared_memory(read_trace(log).platform))


def test_words_end_where_chinese_begins() -> None:
    assert read_trace("用lmdb读取数据").find(r"\blmdb\b") is not None


@pytest.mark.parametrize(
    "sentence",
    [
        "for some strange reason DataLoader worker (pid 7) is killed by signal: Killed.",
        "with four of them DataLoader worker (pid 7) is killed by signal: Killed.",
        "while resuming the second fold, DataLoader worker (pid 7) is killed by signal: Killed.",
        "if anybody can help: DataLoader worker (pid 7) is killed by signal: Killed.",
        "with num_workers=2 I get RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.",
        "with 2 workers: DataLoader worker (pid 7) is killed by signal: Killed.",
        "for batch_size=64 and 8 workers: DataLoader worker (pid 7) is killed by signal: Killed.",
        "from epoch 3 on, DataLoader worker (pid 7) is killed by signal: Killed.",
        "while running train.py: DataLoader worker (pid 7) is killed by signal: Killed.",
        "import torch works, but DataLoader worker (pid 7) is killed by signal: Killed.",
        "except for num_workers=0, DataLoader worker (pid 7) is killed by signal: Killed.",
        "@ptrblck the DataLoader worker (pid 7) is killed by signal: Killed.",
    ],
)
def test_a_sentence_that_begins_with_a_word_of_pythons_is_read(sentence):
    assert explain_log(sentence)[0].slug == "worker-oom-killed"


@pytest.mark.parametrize(
    "code",
    [
        "for batch in train_loader",
        "if worker is dead and gone:",
        "with torch.no_grad():",
        "while not done yet",
        "if train else val",
        "if worker is not None",
        "for k, v in rows.items(): print(k)",
        "if self.num_workers == 0: return f'no workers at all'",
        "raise RuntimeError('DataLoader worker hangs and is killed",
        "with lock: self.size = 4",
        "yield next(it)  # the loader hangs here",
        "from torch.utils.data import DataLoader as Loader",
        "except Exception as error:",
    ],
)
def test_code_that_reads_like_a_sentence_stays_code(code):
    assert read_trace(f"epoch 1\n{code}\nepoch 2").flat == "epoch 1 epoch 2"


def test_a_log_that_was_exported_as_a_table_reads_as_if_it_had_not():
    lines = [*CAUGHT.splitlines(), "KeyError: 'a'", "", '  "spawn","fork"']
    table = "\n".join('"2026-05-04","host 7","' + line.replace('"', '""') + '"' for line in lines)
    inner = read_trace(f'"Date","Host","Message"\n{table}').errors[1]
    assert (inner.type, inner.frames[-1].place) == ("KeyError", "data.py:17, in __getitem__")


LONG = "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/images/train/n01440764/10026.JPEG'"
RAISED = 'Traceback (most recent call last):\n  File "/w/{}.py", line 9, in read\n    open(path)\n' + LONG


@pytest.mark.parametrize(
    ("between", "told"),
    [
        ("During handling of the above exception, another exception occurred:", ("context", False, "")),
        (
            "The above exception was the direct cause of the following exception:",
            ("cause", False, ""),
        ),
        ("Exception ignored in: <function Iterator.__del__ at 0x7f10>", ("", True, "")),
        ("Process SpawnProcess-2:", ("", False, "Process SpawnProcess-2")),
        ("Exception in thread Thread-3 (pin):", ("", False, "Exception in thread Thread-3 (pin)")),
    ],
)
def test_what_announces_the_next_traceback_is_no_rest_of_a_long_message(between, told):
    first, second = read_trace(f"{RAISED.format('a')}\n{between}\n{RAISED.format('b')}\n").errors
    assert first.message == second.message == LONG.split(": ", 1)[1]
    assert (second.relation, second.is_ignored, second.process) == told


@pytest.mark.parametrize(
    "after",
    ["slurmstepd: error: Detected 1 oom_kill event in StepId=7.0.", "Killed", "a sentence", "\nwords, later"],
)
@pytest.mark.parametrize("other", ["train", "valid"])
def test_a_message_as_long_as_another_is_whole(after, other):
    log = f"{RAISED.format('a')}\n{after}\n{RAISED.format('b').replace('train', other)}\n{after}\n"
    messages = {error.message for error in read_trace(log).errors}
    assert messages == {LONG.split(": ", 1)[1], LONG.split(": ", 1)[1].replace("train", other)}


def test_lines_between_which_others_were_left_out_are_not_joined():
    words = "".join(f"step {step}\n" for step in range(SMALL_LOG_LINES))
    full = "w" * len(LONG)
    log = f"{full}\n{RAISED.format('a')}\n\nwords that stand apart\n{words}"
    assert read_trace(log).errors[0].message == LONG.split(": ", 1)[1]


WORKER = f"Traceback (most recent call last):\n{CAUGHT}KeyError: 'a'"


@pytest.mark.parametrize(
    "record",
    [
        {"levelname": "ERROR", "message": "training failed", "exc_info": WORKER},  # python-json-logger
        {"event": "training failed", "level": "error", "exception": WORKER},  # structlog
        {"event": "train", "num_workers": 8, "level": "error", "exception": WORKER},
        {"text": f"ERROR | failed\n{WORKER}\n", "record": {"message": "failed", "line": 7}},  # loguru
        {"message": "failed", "error": {"kind": "KeyError", "stack": WORKER}},  # Datadog
        {"log.level": "error", "message": "failed", "error": {"type": "KeyError", "stack_trace": WORKER}},
        {"insertId": "a1", "textPayload": WORKER, "severity": "ERROR"},  # Google Cloud
        {"insertId": "a1", "jsonPayload": {"message": "failed", "exc_info": WORKER}, "severity": "ERROR"},
        {"message": {"message": "KeyError: 'a'", "extraInfo": {"py_callstack": WORKER}}},  # torchelastic
        {"short_message": "failed", "full_message": f"failed\n{WORKER}", "_logger": "train"},  # Graylog
        {"level": "error", "msg": "failed", "traceback": WORKER.splitlines()},
        {"log": json.dumps({"message": "failed", "exc_info": WORKER}) + "\n", "stream": "stderr"},
    ],
)
@pytest.mark.parametrize("before", ["", "2026-05-04T10:00:00.123456789Z stderr F ", "trainer-1  | "])
def test_the_traceback_in_a_loggers_record_is_read(record, before):
    inner = read_trace(f"epoch 1\n{before}{json.dumps(record)}\n").errors[-1]
    assert (inner.type, inner.message, inner.where) == ("KeyError", "'a'", "DataLoader worker process 3")
    assert inner.frames[-1].code == "label = self.labels[name]"


def test_exceptions_that_a_logger_wrote_as_records_are_read():
    frames = [{"filename": "/w/data.py", "lineno": 17, "name": "__getitem__", "locals": {"i": "3"}}]
    first = {"exc_type": "KeyError", "exc_value": "'a'", "is_cause": True, "frames": frames}
    last = {"exc_type": "RuntimeError", "exc_value": "no label", "is_cause": False, "frames": frames}
    log = json.dumps({"event": "training failed", "level": "error", "exception": [last, first]})
    errors = read_trace(f"{log}\n").errors
    assert [(error.type, error.message, error.relation) for error in errors] == [
        ("KeyError", "'a'", ""),
        ("RuntimeError", "no label", "cause"),
    ]
    assert errors[0].frames[0].place == "data.py:17, in __getitem__"


def test_what_a_record_says_stays_beside_its_traceback():
    log = json.dumps({"exc_info": WORKER, "message": "fold 3 failed", "name": "train"})
    lines = read_trace(log).lines
    assert lines[0].text == "fold 3 failed"
    assert "train" not in {line.text for line in lines}


@pytest.mark.parametrize(
    "record",
    ['{"num_workers": 8, "data": "imagenet"}', '{"event": "start", "num_workers": 8}', '{"num_workers": 8}'],
)
def test_a_record_of_settings_is_kept_whole(record):
    assert read_trace(f"epoch 1\n{record}\n").lines[1].text == record


def test_a_lines_record_is_its_line_whatever_else_a_collector_put_into_it():
    pod = {"annotations": {"last-applied": '{"kind": "Pod"}\n'}, "labels": {"app": "train"}}
    log = "\n".join(json.dumps({"log": f"{line}\n", "kubernetes": pod}) for line in WORKER.split("\n"))
    assert read_trace(log).errors == read_trace(WORKER).errors


def test_a_path_in_quotes_is_no_json():
    assert read_trace('"C:\\new\\fold"\n').lines[0].text == '"C:\\new\\fold"'


RED, GREEN, PLAIN = "\x1b[0;31m", "\x1b[0;32m", "\x1b[0m"
OF_IPYTHON_7 = [
    f"{RED}{'-' * 75}{PLAIN}",
    f"{RED}KeyError{PLAIN}                                  Traceback (most recent call last)",
    f"{GREEN}<ipython-input-3-0aa1>{PLAIN} in {GREEN}<module>{PLAIN}()\n"
    f"{GREEN}      1{PLAIN} loader = build()\n{GREEN}----> 2{PLAIN} for batch in loader:{PLAIN}\n{PLAIN}",
    f"{GREEN}/usr/lib/python3.7/dist-packages/torch/utils/data/dataloader.py{PLAIN} in "
    f"{GREEN}__next__{PLAIN}(self)\n{GREEN}--> 345{PLAIN} {' '.join([RED + 'data' + PLAIN] * 200)}\n{PLAIN}",
    f"{RED}KeyError{PLAIN}: {CAUGHT.split(': ', 1)[1]}KeyError: 'a'\n",
]
OF_IPYTHON_8 = [
    *OF_IPYTHON_7[:2],
    f"Cell {GREEN}In[3], line 2{PLAIN}\n{GREEN}      1{PLAIN} loader = build()\n"
    f"{GREEN}----> 2{PLAIN} for batch in loader:\n",
    f"File {GREEN}/usr/lib/python3.12/site-packages/torch/utils/data/dataloader.py:701{PLAIN}, in "
    f"{GREEN}Iter.__next__{PLAIN}(self)\n{GREEN}--> 701{PLAIN} data = self._next_data()\n",
    OF_IPYTHON_7[-1],
]


@pytest.mark.parametrize("indent", [None, 0, 1, 2, "\t"])
@pytest.mark.parametrize("traceback", [OF_IPYTHON_7, OF_IPYTHON_8])
def test_an_error_saved_in_a_notebook_reads_as_in_a_terminal(traceback, indent):
    error = {"output_type": "error", "ename": "KeyError", "evalue": "Caught", "traceback": traceback}
    cell = {"cell_type": "code", "source": ["for batch in loader:\n", "    pass"], "outputs": [error]}
    saved = read_trace(json.dumps({"cells": [cell], "nbformat": 4}, indent=indent)).errors
    shown = read_trace("\n".join(traceback)).errors
    assert [one.frames[-1].function for one in saved] == ["__next__", "__getitem__"]
    for one, other in zip(saved, shown, strict=True):
        assert (one.type, one.message, one.where) == (other.type, other.message, other.where)
        assert [frame.place for frame in one.frames] == [frame.place for frame in other.frames]
