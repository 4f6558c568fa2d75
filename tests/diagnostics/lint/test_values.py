import ast
import time

import pytest

from diagnostics.lint.tree import Tree
from diagnostics.lint.values import Values
from tests.diagnostics.lint.linted import codes as found_codes

UNKNOWN = "?"


def possible(source):
    """Return what the argument of the last `show(...)` may be."""
    tree = Tree(ast.parse(source))
    call = [each for each in tree.calls if getattr(each.func, "id", "") == "show"][-1]
    found = Values(tree).possible(call.args[0])
    return [each.constant if each.is_constant else UNKNOWN if each.node is None else "node" for each in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("show(4)", [4]),
        ("n = 4\nshow(n)", [4]),
        ("n = 4\nn = 0\nshow(n)", [0]),
        ("n = 4\nif debug:\n    n = 0\nshow(n)", [4, 0]),
        ("n = 4 if cuda else 0\nshow(n)", [4, 0]),
        ("import os\nn = 0 if os.name == 'nt' else 4\nshow(n)", [UNKNOWN]),
        ("n = read()\nshow(n)", ["node"]),
        ("for n in range(3):\n    show(n)", [UNKNOWN]),
        ("show(somewhere)", [UNKNOWN]),
        ("def f(n):\n    show(n)", [UNKNOWN]),
        ("def f(n=2):\n    show(n)", [2]),
        ("def f(n=2):\n    show(n)\nf(8)\nf()", [8, 2]),
        ("def f(n):\n    show(n)\nf(**anything)", [UNKNOWN]),
        ("options = {'n': 4}\nshow(options['n'])", [4]),
        ("options = dict(n=4)\nshow(options.get('n', 0))", [4]),
        ("options = {}\nshow(options.get('n', 7))", [7]),
        (
            "class A:\n    def __init__(self):\n        self.n = 3\n    def f(self):\n        show(self.n)",
            [3],
        ),
        ("class C:\n    n = 5\nshow(C.n)", [5]),
        ("n = 10 ** 6 * 2\nshow(n)", [2_000_000]),
        ("n = n\nshow(n)", [UNKNOWN]),
        ("def f(n):\n    f(n)\n    show(n)", [UNKNOWN]),
    ],
)
def test_an_expression_is_followed_to_what_it_may_be_and_never_guessed(source, expected):
    assert possible(source) == expected


def test_argparse_defaults_hold_under_the_name_that_the_option_gives_them():
    parser = "p = argparse.ArgumentParser()\n"
    options = (
        "p.add_argument('-j', '--num-workers', default=4)\np.add_argument('--fast', action='store_true')\n"
    )
    assert possible(f"{parser}{options}args = p.parse_args()\nshow(args.num_workers)") == [4]
    assert possible(f"{parser}{options}def f(opt):\n    show(opt.fast)\nf(p.parse_args())") == [False]


def test_a_knot_of_variables_ends_as_unknown_in_no_time():
    knot = "".join(f"v{i} = v{i + 1} if a else v{i + 2} if b else v{i + 3}\n" for i in range(60))
    assert UNKNOWN in possible(f"{knot}show(v0)")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ("k['timeout'] = 5", ["LN109"]),
        ("k.update(timeout=5)", ["LN109"]),
        ("k['timeout'] = 5\ndel k['timeout']", []),
        ("k['timeout'] = 5\nk.pop('timeout')", []),
        ("k['timeout'] = 5\nif 'timeout' in k:\n    del k['timeout']", []),
        ("if fast:\n    k['timeout'] = 5", ["LN109"]),
        ("if fast:\n    k['timeout'] = 5\n    k['num_workers'] = 2", []),
        ("if fast:\n    k['batch_sampler'] = make()\n    del k['batch_size']", []),
        ("if fast:\n    k['batch_sampler'] = make()", ["LN112"]),
    ],
)
def test_what_is_put_into_a_dictionary_or_taken_out_of_it_counts(changes, codes):
    head = "from torch.utils.data import DataLoader\nk = {'batch_size': 8}\n"
    assert found_codes(f"{head}{changes}\nDataLoader(d, **k)\n") == codes


def test_a_source_with_thousands_of_loaders_takes_seconds():
    started = time.perf_counter()
    lines = ("n = n + 1\nl = DataLoader(l, num_workers=n)\nfor x in l:\n    x.cuda()\n" for _ in range(500))
    found_codes("from torch.utils.data import DataLoader\n" + "".join(lines))
    assert time.perf_counter() - started < 20  # 0.3 s here; it grew with the square once


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def count():\n    return 3\nshow(count())", [3]),
        ("def count(n):\n    if n:\n        return n\nshow(count(2))", [2, None]),
        ("def count(n):\n    if n:\n        return n\n    raise ValueError\nshow(count(2))", [2]),
        ("def count():\n    yield 3\nshow(count())", ["node"]),
        ("@cached_elsewhere\ndef count():\n    return 3\nshow(count())", ["node"]),
        (
            "class A:\n    def count(self):\n        return 3\n    def f(self):\n        show(self.count())",
            [3],
        ),
        ("import os\nshow(int(os.environ.get('WORKERS', '4')))", [4]),
        ("show(int('four'))", [UNKNOWN]),
        ("options = {'n': 4} | {'n': 5}\nshow(options['n'])", [5]),
        ("options = {'n': 4}\noptions |= {'n': 6}\nshow(options['n'])", [6]),
        ("options = {'n': 4}\noptions.setdefault('n', 6)\nshow(options['n'])", [4]),
        ("options = {}\noptions.setdefault('n', 6)\nshow(options['n'])", [6]),
        (
            "def other(options):\n    options['n'] = 1\n"
            "def f():\n    options = {'n': 4}\n    show(options['n'])",
            [4],
        ),
        ("for n in (4, 6):\n    show(n)", [4, 6]),
        ("x = [show(n) for n in (4, 6)]", [4, 6]),
        ("n = 1\nfor n in (4, 6):\n    pass\nshow(n)", [4, 6]),
        ("n = 1\ndef f():\n    global n\n    n = 2\nshow(n)", [1, 2]),
    ],
)
def test_what_functions_return_and_what_dictionaries_become_is_followed(source, expected):
    assert possible(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("c = OmegaConf.create({'a': {'n': 4}})\nshow(c.a.n)", [4]),
        ("@dataclass\nclass C:\n    n: int = field(default=4)\nshow(C().n)", [4]),
        ("class C(BaseModel):\n    n: int = Field(4)\nshow(C().n)", [4]),
        (
            "@dataclass\nclass A:\n    n: int = 4\n@dataclass\nclass C:\n"
            "    a: A = field(default_factory=A)\nshow(C().a.n)",
            [4],
        ),
        ("@dataclass\nclass C:\n    n: int = 4\ndef f(c: C):\n    show(c.n)", [4]),
        ("@dataclass\nclass C:\n    n: int = 4\nd = asdict(C(n=6))\nshow(d['n'])", [6]),
        (
            "@dataclass\nclass C:\n    n: int = 4\n    def __post_init__(self):\n        self.n = 6\n"
            "show(C().n)",
            [6],
        ),
        ("class A:\n    n = 4\nclass B(A):\n    n = 6\n    def f(self):\n        show(self.n)", [6]),
        ("p.add_argument('--n', default=4)\no = vars(p.parse_args())\nshow(o['n'])", [4]),
        ("p.add_argument('--n')\np.set_defaults(n=4)\nargs = p.parse_args()\nshow(args.n)", [4]),
    ],
)
def test_the_fields_of_a_configuration_are_followed(source, expected):
    assert possible(source) == expected
