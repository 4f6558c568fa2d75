"""Right code that looks like wrong code stays silent, and its wrong twin does not."""

import pytest

from tests.diagnostics.lint.linted import codes

HEAD = """
import multiprocessing
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info
"""
READER = """
def main():
    for batch in DataLoader({dataset}, num_workers={workers}):
        pass
"""
STREAM = """
class Stream(IterableDataset):
    def __init__(self, source):
        self.source = source
    def __iter__(self):
        for sample in {source}:
            yield sample
"""


def stream(source, dataset="Stream(x)", workers=2):
    return HEAD + STREAM.format(source=source) + READER.format(dataset=dataset, workers=workers)


@pytest.mark.parametrize(
    ("source", "dataset", "workers", "expected"),
    [
        ("range(9)", "Stream(x)", 2, ["LN105"]),
        ("range(9)", "Stream(x)", 1, []),
        ("shard_by_worker(range(9))", "Stream(x)", 2, []),
        ("open_shard('x')", "Stream(x)", 2, ["LN105"]),
        ("self.shards", "Stream(x)", 2, ["LN105"]),
        ("self.source", "Stream(x)", 2, []),
        ("self.source", "Stream([1, 2])", 2, ["LN105"]),
        ("self.source", "Stream([])", 2, []),
    ],
)
def test_a_stream_repeats_only_where_several_workers_read_what_is_not_shared_out(
    source, dataset, workers, expected
):
    assert codes(stream(source, dataset, workers)) == expected


def test_a_stream_made_of_another_is_judged_by_that():
    source = (
        HEAD
        + (
            "class Source(IterableDataset):\n    def __iter__(self):\n        {worker}\n"
            "        yield from range(9)\n"
            "class Doubled(IterableDataset):\n    def __init__(self, upstream):\n"
            "        self.upstream = upstream\n"
            "    def __iter__(self):\n        for x in self.upstream:\n            yield 2 * x\n"
        )
        + READER.format(dataset="Doubled(Source())", workers=2)
    )
    assert codes(source.format(worker="worker = get_worker_info()")) == []
    assert codes(source.format(worker="pass")) == ["LN105"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("order = list(self.files)\n        random.shuffle(order)\n        yield from order", ["LN105"]),
        ("yield from self.source()", ["LN105"]),
        ("yield from self.shared()", []),
        ("for i in range(9):\n            yield torch.rand(3)", []),
        (
            "for i in range(9):\n            g = torch.Generator().manual_seed(i)\n"
            "            yield torch.rand(3, generator=g)",
            ["LN105"],
        ),
        (
            "g = np.random.default_rng(torch.initial_seed())\n        for i in range(9):\n"
            "            yield g.normal()",
            [],
        ),
        ("while True:\n            random.shuffle(self.files)\n            yield from self.files", []),
    ],
)
def test_a_shuffled_stream_repeats_and_one_drawn_by_each_worker_does_not(body, expected):
    source = HEAD + (
        "import random\nimport numpy as np\nclass Stream(IterableDataset):\n    def __init__(self, n):\n"
        "        self.files = list(range(n))\n    def source(self):\n        yield from range(9)\n"
        "    def shared(self):\n        return helper(self.files)\n"
        f"    def __iter__(self):\n        {body}\n"
        "def helper(files):\n    info = get_worker_info()\n    return files[info.id :: info.num_workers]\n"
    )
    assert codes(source + READER.format(dataset="Stream(9)", workers=2)) == expected


def test_a_stream_shared_out_by_rank_alone_still_repeats_in_each_worker():
    by_rank = "(x for i, x in enumerate(y) if i % world_size == 0)"
    assert codes(stream(by_rank)) == ["LN105"]
    helper = "def rank_and_worker():\n    return get_worker_info()\n"
    assert codes(stream(by_rank) + helper) == []


def test_an_abstract_stream_is_judged_by_its_subclasses():
    base = """
class Base(IterableDataset):
    def __iter__(self):
        yield from self.numbers()
    def numbers(self):
        raise NotImplementedError
class Shared(Base):
    def numbers(self):
        info = get_worker_info()
        return range(info.id, 9, info.num_workers)
"""
    assert codes(HEAD + base) == []
    repeating = "class Whole(Base):\n    def numbers(self):\n        return range(9)\n"
    assert codes(HEAD + base + repeating) == ["LN105"]


def test_arguments_that_an_if_sorts_out_before_the_loader_gets_them_do_not_collide():
    source = HEAD + (
        "def make(data, **more):\n    options = dict(batch_size=8, batch_sampler=None)\n"
        "    options.update(more)\n    {test}:\n        options['batch_sampler'] = Batches(data)\n"
        "        {end}\n    return DataLoader(data, **options)\n"
    )
    assert (
        codes(source.format(test="if options['batch_sampler'] is not None", end="del options['batch_size']"))
        == []
    )
    sampler = HEAD + (
        "def make(data):\n    shuffle, sampler = True, Sampler(data)\n{}"
        "    return DataLoader(data, shuffle=shuffle, sampler=sampler)\n"
    )
    assert codes(sampler.format("")) == ["LN110"]
    assert codes(sampler.format("    if sampler is not None:\n        shuffle = False\n")) == []


def test_a_file_kept_only_on_request_and_opened_for_each_sample_otherwise_is_meant_so():
    source = HEAD + (
        "class Rows(Dataset):\n    def __init__(self, path, keep):\n"
        "        self.path, self.keep = path, keep\n"
        "        if keep:\n            self.file = open(path)\n    def __getitem__(self, index):\n"
        "        return (self.file if self.keep else {}).readline()\n"
    )
    assert codes(source.format("open(self.path)")) == []
    assert codes(source.format("self.other")) == ["LN103"]


@pytest.mark.parametrize(
    ("before", "sample", "expected"),
    [
        ("torch.set_default_device('cuda')", "torch.zeros(3)", ["LN104"]),
        ("torch.set_default_device('cuda')", "torch.zeros(3, device='cpu')", []),
        ("torch.set_default_device('cuda')", "torch.from_numpy(self.x)", []),
        ("torch.set_default_device('cpu')", "torch.zeros(3)", []),
        ("pass", "torch.zeros(3)", []),
    ],
)
def test_a_default_device_reaches_what_workers_make_without_a_device(before, sample, expected):
    source = (
        HEAD + f"{before}\nclass Rows(Dataset):\n    def __getitem__(self, index):\n        return {sample}\n"
    )
    assert codes(source + READER.format(dataset="Rows()", workers=2)) == expected


def test_a_device_around_a_sample_counts_and_one_around_the_model_does_not():
    source = HEAD + (
        "def main():\n    with torch.device('cuda'):\n        model = torch.nn.Linear(3, 1)\n"
        "    return model, DataLoader(Rows(), num_workers=2)\n"
        "class Rows(Dataset):\n    def __getitem__(self, index):\n        with {}:\n"
        "            return torch.zeros(3)\n"
    )
    assert codes(source.format("torch.no_grad()")) == []
    assert codes(source.format("torch.device('cuda')")) == ["LN104"]


@pytest.mark.parametrize(
    ("vocabulary", "use", "expected"),
    [
        ("vocabulary", ".get(index)", []),
        ("vocabulary: dict", "[index]", []),
        ("vocabulary: dict[str, int]", "[index]", []),
        ("vocabulary", "['a']", []),
        ("vocabulary", "[index]", ["LN115"]),
    ],
)
def test_a_dictionary_that_samples_look_things_up_in_is_no_list_of_records(vocabulary, use, expected):
    source = HEAD + (
        f"import json\nclass Rows(Dataset):\n    def __init__(self, {vocabulary}):\n"
        "        self.vocabulary = vocabulary\n    def __getitem__(self, index):\n"
        f"        return self.vocabulary{use}\n"
    )
    assert codes(source + READER.format(dataset="Rows(json.load(f))", workers=2)) == expected


def test_batches_that_go_to_the_cpu_wait_for_no_copy_and_need_no_pinning():
    source = HEAD + (
        "device = torch.device('{}')\nfor x in DataLoader(data, pin_memory=True):  # on an accelerator\n"
        "    model(x.to(device)).backward()\n"
    )
    assert codes(source.format("cpu")) == ["LN117"]
    assert codes(source.format("cuda")) == ["LN118"]


def test_a_start_method_that_a_loop_sets_anew_is_found():
    source = HEAD + (
        "def loader():\n    multiprocessing.set_start_method('spawn')\n    return DataLoader(data)\n"
        "def main():\n    {}\n"
    )
    assert codes(source.format("for run in range(3):\n        for batch in loader():\n            pass")) == [
        "LN119"
    ]
    assert codes(source.format("for batch in loader():\n        pass")) == []


def test_the_first_match_may_be_none_and_then_the_epoch_ends():
    source = HEAD + (
        "class Rows(Dataset):\n    def __getitem__(self, index):\n"
        "        return next(row for row in self.rows{})\n"
    )
    assert codes(source.format(" if row.id == index")) == ["LN106"]
    assert codes(source.format("")) == []
