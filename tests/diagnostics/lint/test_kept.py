"""What a dataset keeps in other places than its own constructor: fields, objects of its own, the module."""

import ast

import pytest

from tests.diagnostics.lint.linted import codes, lint

HEAD = """
import random
import threading
import zipfile
from dataclasses import dataclass, field
import h5py
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, random_split
"""
READ = """
def main(path):
    for batch in DataLoader({dataset}, num_workers=2):
        pass
"""


def remedy(source):
    (found,) = lint(source)
    return "\n".join(found.remedy.commands)


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        ("lambda: random.Random(7)", ["LN113"]),
        ("make", ["LN113"]),
        ("list", []),
    ],
)
def test_a_generator_in_a_field_is_found_through_its_factory_and_emptied_in_the_class(factory, expected):
    source = HEAD + (
        "def make():\n    return np.random.RandomState(1)\n"
        "@dataclass\nclass Noise(Dataset):\n    n: int\n"
        f"    dice: random.Random = field(default_factory={factory})\n"
        "    def __getitem__(self, index):\n        return self.dice.random()\n"
    )
    source += READ.format(dataset="Noise(3)")
    assert codes(source) == expected
    if expected:
        assert remedy(source).startswith("dice: random.Random | None = None")


READER = """
class Reader:
    def __init__(self, path):
        {opening}
    def size(self):
        return len(self.zip.namelist())
    def bytes_of(self, name):
        return self.zip.read(name){more}
class Images(Dataset):
    def __init__(self, reader{annotation}):
        self.reader = {kept}
    def __getitem__(self, index):
        return {read}
"""


def images(opening="self.zip = zipfile.ZipFile(path)", **changes):
    parts = {"more": "", "annotation": "", "kept": "reader", "read": "self.reader.bytes_of(index)", **changes}
    return HEAD + READER.format(opening=opening, **parts) + READ.format(dataset="Images(Reader(path))")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["LN114"]),
        ({"kept": "Reader('x.zip')"}, ["LN114"]),
        ({"annotation": ": Reader"}, ["LN114"]),
        ({"opening": "self.zip = None"}, []),
        ({"kept": "None"}, []),
        ({"read": "self.other[index]"}, []),
        ({"more": "\n    def __getstate__(self):\n        return {}"}, []),
    ],
)
def test_a_handle_inside_of_an_object_that_the_dataset_keeps_is_found(changes, expected):
    assert codes(images(**changes)) == expected


def test_an_object_that_opens_a_file_is_right_where_each_sample_makes_its_own():
    assert codes(images(kept="reader.path", read="Reader(self.reader).bytes_of(index)")) == []


def test_a_handle_inside_of_an_object_is_opened_where_that_reads_and_by_itself_in_the_main_process():
    lines = remedy(images()).splitlines()
    assert "if self.zip is None:  # first line of bytes_of" in lines
    assert "with zipfile.ZipFile(self.path) as file: ...  # in size, which runs in the main process" in lines


def test_two_datasets_with_one_reader_are_told_once():
    more = "class Others(Images):\n    pass\n" + READ.format(dataset="Others(Reader(path))")
    assert codes(images() + more) == ["LN114"]


MODULE = HEAD + (
    "DICE = {opening}\nclass Noise(Dataset):\n    def __getitem__(self, index):\n        return DICE{use}\n"
)


@pytest.mark.parametrize(
    ("opening", "use", "code"),
    [
        ("np.random.default_rng(3)", ".normal()", "LN113"),
        ("random.Random(3)", ".random()", "LN113"),
        ("h5py.File('x.h5')", "['x'][index]", "LN114"),
        ("open('x')", ".readline()", "LN103"),
    ],
)
def test_a_variable_of_the_module_is_set_by_the_worker_and_then_nothing_is_found(opening, use, code):
    source = MODULE.format(opening=opening, use=use)
    (found,) = lint(source + READ.format(dataset="Noise()"))
    assert found.code == code
    *start, loader = found.remedy.commands
    assert any(line.startswith("    DICE = ") for line in start)
    ast.parse("\n".join(start))
    assert codes("\n".join([source, *start, "def main():", f"    return {loader}"])) == []


def test_a_lock_of_the_module_is_pickled_by_nobody():
    assert codes(MODULE.format(opening="threading.Lock()", use="") + READ.format(dataset="Noise()")) == []


def test_a_handle_that_is_passed_is_told_once_and_the_path_takes_its_place():
    source = HEAD + (
        "class Rows(Dataset):\n    def __init__(self, file):\n        self.file = file\n"
        "    def __getitem__(self, index):\n        return self.file['x'][index]\n"
    )
    source += READ.format(dataset="Rows(h5py.File(path, 'r'))")
    assert codes(source) == ["LN114"]
    assert "self.file = h5py.File(self.path, 'r')" in remedy(source)


def test_a_loop_over_the_parts_of_a_dataset_hands_each_to_the_loader():
    source = HEAD + (
        "class Rows(Dataset):\n    def __init__(self, path):\n        self.lock = threading.Lock()\n"
        "    def __getitem__(self, index):\n        with self.lock:\n            return index\n"
        "def main(path):\n    {loop}\n"
    )
    split = "random_split(Rows(path), [0.8, 0.2])"
    for loop in (
        f"for part in {split}:\n        DataLoader(part, num_workers=2)",
        f"for name, part in zip(('train', 'test'), {split}):\n        DataLoader(part, num_workers=2)",
        f"return [DataLoader(part, num_workers=2) for part in {split}]",
        "parts = {'a': Rows(path)}\n    return [DataLoader(p, num_workers=2) for _, p in parts.items()]",
    ):
        assert codes(source.format(loop=loop)) == ["LN103"]
    assert codes(source.format(loop=f"for part in {split}:\n        DataLoader(part)")) == []


def test_what_an_object_is_given_beside_the_dataset_in_one_assignment_goes_to_no_worker():
    source = HEAD + (
        "class Run:\n    def __init__(self, data):\n        self.data, self.log = {}\n"
        "    def go(self):\n        return DataLoader(self.data, num_workers=2)\n"
    )
    assert codes(source.format("data, open('log.txt', 'w')")) == []
    assert codes(source.format("open('log.txt', 'w'), data")) == ["LN103"]


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("self.path, self.kept = path, h5py.File(path)", ["LN114"]),
        ("self.lock, self.kept = threading.Lock(), [1]", ["LN103"]),
        ("self.kept, self.size = torch.zeros(9).cuda(), 9", ["LN104"]),
        ("self.kept: list[str] = [str(i) for i in range(1_000_000)]", ["LN115"]),
        ("self.path, self.kept = path, None", []),
    ],
)
def test_what_is_kept_by_an_assignment_of_any_form_is_found(stored, expected):
    source = HEAD + (
        f"class Rows(Dataset):\n    def __init__(self, path):\n        {stored}\n"
        "    def __getitem__(self, index):\n        return self.kept[index]\n"
    )
    assert codes(source + READ.format(dataset="Rows('x')")) == expected
