"""The corrected code is right for the very case: it parses, and it says what the case needs."""

import ast

import pytest

from tests.diagnostics.lint.linted import codes, lint

HEAD = "import h5py\nimport numpy as np\nimport torch\nfrom torch.utils.data import DataLoader, Dataset\n"


def remedy(source):
    (found,) = lint(HEAD + source)
    code = "\n".join(found.remedy.commands)
    ast.parse(code)
    return code


@pytest.mark.parametrize(
    "source",
    [
        "kw = dict(num_workers=0, prefetch_factor=4)\nDataLoader(d, **kw)",
        "kw = {'num_workers': 0, 'persistent_workers': True}\nloader = DataLoader(d, 4, **kw)",
        "kw = {'timeout': 5}\nDataLoader(d, **kw)",
        "kw = {'batch_size': 4, 'shuffle': True}\nDataLoader(d, batch_sampler=Batches(d), **kw)",
        "kw = {'shuffle': True}\nDataLoader(d, sampler=Sampler(d), **kw)",
        "from functools import partial\nLoader = partial(DataLoader, timeout=5)\nLoader(d)",
    ],
)
def test_what_comes_from_a_dictionary_or_a_partial_is_overridden_and_then_nothing_is_found(source):
    fixed = remedy(source).partition("#")[0]
    head, _, call = source.rpartition("\n")
    assert call not in fixed
    assert codes(f"{HEAD}{head}\n{fixed}") == []


def dataset(opening):
    return (
        f"class A(Dataset):\n    def __init__(self, path):\n        {opening}\n"
        "    def __getitem__(self, index):\n        return self.kept[index]\n"
    )


@pytest.mark.parametrize(
    ("opening", "last"),
    [
        ("self.kept = h5py.File(path, 'r')['x']", "self.kept = h5py.File(self.path, 'r')['x']"),
        ("f = h5py.File(path)\n        self.kept = f['x']", "self.kept = h5py.File(self.path)['x']"),
        ("self.kept = [h5py.File(p) for p in path]", "self.kept = [h5py.File(p) for p in self.path]"),
        ("self.kept = {}\n        self.kept['a'] = h5py.File('x')", "self.kept['a'] = h5py.File('x')"),
    ],
)
def test_a_handle_opened_in_the_worker_is_what_was_kept(opening, last):
    assert remedy(dataset(opening)).splitlines()[-1].strip() == last


@pytest.mark.parametrize(
    ("made", "seeded"),
    [
        ("np.random.Generator(np.random.PCG64(1))", "np.random.default_rng(torch.initial_seed() % 2**32)"),
        ("torch.Generator()", "torch.Generator().manual_seed(torch.initial_seed())"),
    ],
)
def test_a_generator_is_seeded_by_what_its_kind_takes(made, seeded):
    assert seeded in remedy(dataset(f"self.kept = {made}"))


@pytest.mark.parametrize(
    ("made", "first"),
    [
        (
            "[line.strip() for line in open(path)]",
            "self.kept = np.array([each.encode() for each in self.kept])",
        ),
        ("[{'a': line} for line in open(path)]", "self.kept = pyarrow.array(self.kept)"),
        ("list(range(1_000_000))", "self.kept = np.array(self.kept)"),
        ("{i: str(i) for i in range(1_000_000)}", "self.keys = np.array(sorted(self.kept))"),
    ],
)
def test_records_become_the_array_that_can_hold_them(made, first):
    source = dataset(f"self.kept = {made}") + "def main():\n    return DataLoader(A('x'), num_workers=2)\n"
    assert remedy(source).startswith(first)


def test_what_a_nested_function_uses_is_handed_to_it_at_module_level():
    nested = (
        "def make(d, pad):\n    def collate(batch):\n        return batch, pad\n"
        "    return DataLoader(d, num_workers=2, collate_fn=collate)\n"
    )
    assert remedy(nested).startswith("def collate(pad, batch):")
    assert remedy(nested).endswith("collate_fn=functools.partial(collate, pad)")
    kept = "T.Compose([T.Lambda(lambda x: x / scale)])"
    source = f"def make(scale):\n    return DataLoader(Set(transform={kept}), num_workers=2)\n"
    assert remedy(source).endswith("T.Lambda(functools.partial(prepare, scale))")


def test_an_exception_in_place_of_stop_iteration_names_what_there_is():
    source = "class A(Dataset):\n    def __getitem__(self, i):\n        raise StopIteration\n"
    assert remedy(source) == "raise IndexError(i)"
    collate = "def pad(batch):\n    raise StopIteration\nDataLoader(d, collate_fn=pad)\n"
    assert remedy(collate) == 'raise RuntimeError("pad has no more data")'


GENERATING = """from torch.utils.data import IterableDataset
def read(path, step=1):
    yield from open(path)
class Lines(IterableDataset):
    def __init__(self, lines):
        self.lines = {kept}
    def __iter__(self):
        return iter(self.lines)
loader = DataLoader(Lines({given}), num_workers=2)
"""


@pytest.mark.parametrize(
    ("kept", "given", "code"),
    [
        ("lines", "read('a.txt', step=2)", "functools.partial(read, 'a.txt', step=2)"),
        ("read(lines)", "'a.txt'", "functools.partial(read, lines)"),
        ("(int(line) for line in lines)", "['1']", "self.lines = list((int(line) for line in lines))"),
    ],
)
def test_a_generator_is_made_in_the_worker_and_only_one_without_a_function_is_kept_as_a_list(
    kept, given, code
):
    found = lint(HEAD + GENERATING.format(kept=kept, given=given))
    (told,) = [one.remedy for one in found if one.slug == "unpicklable-handle"]
    assert told.commands[0].startswith(code)
