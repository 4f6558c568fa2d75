"""What was handled: an epoch's end that a loop answers with a new iterator is not what ended the run."""

import pytest

from diagnostics.traces.explaining import explain_log
from diagnostics.traces.trace import read_trace

LOADER = "/opt/lib/python3.11/site-packages/torch/utils/data/"
BEGUN = "Traceback (most recent call last):\n"
BETWEEN = "\nDuring handling of the above exception, another exception occurred:\n\n"
BECAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"


def frame(path: str, function: str, code: str) -> str:
    return f'  File "{path}", line 9, in {function}\n    {code}\n'


NEXT = frame(f"{LOADER}dataloader.py", "__next__", "data = self._next_data()")
END = f"{NEXT}{frame(f'{LOADER}dataloader.py', '_next_data', 'raise StopIteration')}StopIteration\n"
END_WITHOUT_WORKERS = (
    NEXT
    + frame(f"{LOADER}dataloader.py", "_next_index", "return next(self._sampler_iter)  # may raise")
    + "StopIteration\n"
)
ASKS = {
    "by hand": frame("/home/user/train.py", "main", "batch = next(batches)"),
    "in mmcv's IterLoader": frame("/home/user/train.py", "main", "runner.run(loaders)")
    + frame("/opt/lib/site-packages/mmcv/runner/iter.py", "__next__", "data = next(self.iter_loader)"),
    "in Lightning's cycle": frame("/home/user/fit.py", "<module>", "trainer.fit(model)")
    + frame("/opt/lib/site-packages/lightning/combined.py", "__next__", "out[i] = next(self.iterators[i])"),
}
LATER = {
    "a sample of the dataset's": (
        NEXT
        + frame(f"{LOADER}_utils/fetch.py", "fetch", "data = [self.dataset[i] for i in indices]")
        + frame("/home/user/data.py", "__getitem__", "label = self.labels[name]")
        + "KeyError: 'a.png'\n",
        "dataset-exception",
    ),
    "a worker's": (
        NEXT
        + frame(f"{LOADER}dataloader.py", "_process_data", "data.reraise()")
        + f"ValueError: Caught ValueError in DataLoader worker process 0.\nOriginal {BEGUN}"
        + frame(f"{LOADER}_utils/fetch.py", "fetch", "data = [self.dataset[i] for i in indices]")
        + frame("/home/user/data.py", "__getitem__", "return int(row)")
        + "ValueError: invalid literal\n",
        "dataset-exception",
    ),
    "a worker's death": (
        f"{NEXT}RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.\n",
        "worker-oom-killed",
    ),
    "the model's": (
        frame("/opt/lib/site-packages/torch/nn/modules/linear.py", "forward", "return F.linear(x, w)")
        + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n",
        "not-dataloader",
    ),
    "one that is cut off in the dataset": (
        NEXT
        + frame(f"{LOADER}_utils/fetch.py", "fetch", "data = [self.dataset[i] for i in indices]")
        + frame("/home/user/data.py", "__getitem__", "label = self.labels[name]"),
        "dataset-exception",
    ),
    "another end at once, so that there is no batch": (END, "empty-dataset"),
    "another end without workers": (END_WITHOUT_WORKERS, "empty-dataset"),
}


@pytest.mark.parametrize("asks", ASKS)
@pytest.mark.parametrize("later", LATER)
def test_an_end_of_batches_that_was_handled_leaves_the_cause_to_what_came_after_it(later, asks):
    raised, slug = LATER[later]
    for end in (END, END_WITHOUT_WORKERS):
        log = f"{BEGUN}{ASKS[asks]}{end}{BETWEEN}{BEGUN}{ASKS[asks]}{raised}"
        assert explain_log(log)[0].slug == slug
        as_rank = "".join(f"[rank1]: {line}\n" for line in log.splitlines())
        assert explain_log(as_rank)[0].slug == slug


def test_an_end_of_batches_that_nothing_handles_or_that_the_loop_reports_itself_is_the_cause():
    asked = f"{BEGUN}{ASKS['by hand']}{END}"
    own = frame("/home/user/train.py", "main", 'raise RuntimeError("no more batches")')
    another = frame("/home/user/train.py", "main", "other = next(targets)")
    for log in (
        asked,
        f"{asked}{BETWEEN}{BEGUN}{own}RuntimeError: no more batches\n",
        f"{asked}{BECAUSE}{BEGUN}{own}RuntimeError: no more batches\n",
        f"{asked}{BETWEEN}{BEGUN}{another}{END}",
    ):
        assert explain_log(log)[0].slug == "loader-api-misuse"


def test_a_generator_whose_fresh_iterator_is_empty_has_no_batch():
    asks = frame("/home/user/train.py", "cycle", "yield next(batches)")
    ended = frame("/home/user/train.py", "main", "batch = next(endless)")
    log = f"{BEGUN}{asks}{END}{BETWEEN}{BEGUN}{asks}{END}{BECAUSE}{BEGUN}{ended}"
    assert explain_log(f"{log}RuntimeError: generator raised StopIteration\n")[0].slug == "empty-dataset"


def test_each_rank_handles_its_own_error():
    log = f"[rank0]: KeyError: 1\n[rank1]: KeyError: 2\n[rank0]: {BETWEEN.strip()}\n[rank0]: ValueError: 3\n"
    handled = [(error.source, error.is_handled) for error in read_trace(log).errors]
    assert handled == [("rank0", True), ("rank1", False), ("rank0", False)]
