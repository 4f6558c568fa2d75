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
