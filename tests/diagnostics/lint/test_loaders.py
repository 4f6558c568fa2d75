"""Every way to write a loader is one, and each name stands for its own."""

import pytest

from tests.diagnostics.lint.linted import codes, lint


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nD = torch.utils.data\nD.DataLoader(x, timeout=3)",
        "from torch.utils import data\ndef f():\n    D = data.DataLoader\n    return D(x, timeout=3)",
        "from torch.utils.data import DataLoader\nDataLoader[int](x, timeout=3)",
        "from torch.utils.data import DataLoader\nclass A(DataLoader[int]):\n    pass\nA(x, timeout=3)",
        "from torch.utils.data import DataLoader\nclass A(DataLoader):\n"
        "    def __init__(self, data):\n        super().__init__(data, timeout=3)",
        "from torch.utils.data import DataLoader\nclass A(DataLoader):\n"
        "    def __init__(self, data, **options):\n        DataLoader.__init__(self, data, timeout=3)",
        "import functools\nfrom torch.utils.data import DataLoader\nclass T:\n    def __init__(self):\n"
        "        self.make = functools.partial(DataLoader, timeout=3)\n    def f(self):\n"
        "        return self.make(x)",
    ],
)
def test_a_loader_is_known_under_other_names_and_as_a_subclass(source):
    assert codes(source) == ["LN109"]


def test_a_subclass_that_passes_on_what_it_is_given_is_not_guessed_at():
    source = (
        "from torch.utils.data import DataLoader\nclass A(DataLoader):\n"
        "    def __init__(self, *args, **options):\n        super().__init__(*args, **options)\n"
        "A(x, timeout=3)"
    )
    assert codes(source) == []


def test_a_variable_of_one_function_is_not_the_variable_of_another():
    source = (
        "from torch.utils.data import DataLoader\n"
        "def pinned():\n    loader = DataLoader(x, pin_memory=True)\n    return loader\n"
        "def plain(loader):\n    for batch in loader:\n        batch.cuda()\n"
    )
    assert codes(source) == []
    assert codes(source + "plain(pinned())\n") == ["LN118"]


def test_a_loader_made_by_a_subclass_is_followed_to_where_it_is_read():
    source = (
        "from torch.utils.data import DataLoader\nclass Pinned(DataLoader):\n    def __init__(self, data):\n"
        "        super().__init__(data, pin_memory=True)\n"
        "for batch in Pinned(x):\n    pass\nloader = Pinned(x)\nfor batch in loader:\n    batch.cuda()\n"
    )
    (found,) = lint(source)
    assert (found.code, found.location.line) == ("LN118", 9)


@pytest.mark.parametrize(
    "test",
    [
        '__name__ in ("__main__",)',
        "multiprocessing.parent_process() is None",
        'multiprocessing.current_process().name == "MainProcess"',
    ],
)
def test_a_guard_may_be_written_in_other_ways(test):
    source = (
        "import multiprocessing\nfrom torch.utils.data import DataLoader\n"
        "def main():\n    for batch in DataLoader(x, num_workers=2):\n        pass\n"
    )
    assert codes(f"{source}if {test}:\n    main()\n") == []
    assert codes(f"{source}main()\n") == ["LN101"]


def test_a_guard_that_lets_spawned_workers_in_is_none():
    source = (
        "from torch.utils.data import DataLoader\ndef main():\n"
        "    for batch in DataLoader(x, num_workers=2):\n        pass\n"
        'if __name__ in {"__main__", "__mp_main__"}:\n    main()\n'
    )
    assert codes(source) == ["LN101"]


LAMBDA = "lambda x: x"


@pytest.mark.parametrize(
    "made",
    [
        f"steps = [T.ToTensor()]\nsteps.append(T.Lambda({LAMBDA}))\n"
        "data = MNIST('x', transform=T.Compose(steps))",
        f"data = MNIST('x')\ndata.transform = {LAMBDA}",
        f"steps = {{'a': T.Compose([T.Lambda({LAMBDA})])}}\nsets = {{k: MNIST(k, steps[k]) for k in 'a'}}\n"
        "data = sets['a']",
        f"def make():\n    return MNIST('x', transform={LAMBDA}), 1\ndata, n = make()",
    ],
)
def test_what_a_dataset_is_given_piece_by_piece_reaches_the_workers(made):
    head = "import torchvision.transforms as T\nfrom torch.utils.data import DataLoader\n"
    assert codes(f"{head}{made}\nDataLoader(data, num_workers=2)\n") == ["LN102"]


def test_an_argument_that_a_constructor_only_uses_is_not_handed_on():
    source = (
        "from torch.utils.data import DataLoader, Dataset\nclass Rows(Dataset):\n"
        "    def __init__(self, rows, wanted):\n        self.rows = [row for row in rows if wanted(row)]\n"
        "    def __getitem__(self, index):\n        return self.rows[index]\n"
        f"DataLoader(Rows(x, {LAMBDA}), num_workers=2)\n"
    )
    assert codes(source) == []


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        ("np.random.default_rng(3)", "LN113"),
        ("h5py.File('x')", "LN114"),
        ("open('x')", "LN103"),
    ],
)
def test_a_transform_or_collate_function_that_is_an_object_is_read_as_a_dataset_is(kept, code):
    source = (
        "import h5py\nimport numpy as np\nfrom torch.utils.data import DataLoader\nclass Step:\n"
        f"    def __init__(self):\n        self.kept = {kept}\n"
        "    def __call__(self, batch):\n        return self.kept.read(batch)\n"
    )
    (found,) = lint(f"{source}DataLoader(x, num_workers=2, collate_fn=Step())\n")
    assert found.code == code
    assert "first line of __call__" in found.remedy.commands[1]
    assert codes(f"{source}DataLoader(x, collate_fn=Step())\n") == []


@pytest.mark.parametrize(
    "reading",
    [
        "for batch in tqdm(loader):\n    batch.cuda()",
        "it = iter(loader)\nwhile True:\n    batch = next(it)\n    batch.cuda()",
        "def move(values):\n    return values.cuda()\nfor batch in loader:\n    move(batch)",
    ],
)
def test_a_batch_is_followed_from_its_loader_to_the_copy(reading):
    head = "from torch.utils.data import DataLoader\nloader = DataLoader(x, pin_memory=True)\n"
    assert codes(f"{head}{reading}\n") == ["LN118"]
    assert codes(f"{head}{reading}\n".replace("cuda()", "cuda(non_blocking=True)")) == []


@pytest.mark.parametrize(
    "reading",
    [
        "with tqdm(loader) as progress:\n    for batch in progress:\n        pass",
        "def main():\n    for batch in loader:\n        pass\nfire.Fire(main)",
    ],
)
def test_what_reads_a_loader_on_import_may_do_so_in_other_ways(reading):
    head = "from torch.utils.data import DataLoader\nloader = DataLoader(x, num_workers=2)\n"
    assert codes(f"{head}{reading}\n") == ["LN101"]


def test_a_stream_stays_one_through_its_own_methods():
    head = "from datasets import load_dataset\nfrom torch.utils.data import DataLoader\n"
    source = (
        head + "data = load_dataset('c4', {}).map(f).with_format('torch')\nDataLoader(data, shuffle=True)\n"
    )
    assert codes(source.format("streaming=True")) == ["LN111"]
    assert codes(source.format("split='train'")) == []
