"""Mutated sources: whatever comes in, findings come out, in time."""

import copy
import json
import random
from pathlib import Path

import pytest

from diagnostics.findings import Status
from diagnostics.lint.ruleset import find_rules
from tests.diagnostics.lint.linted import lint

SCRIPTS = sorted((Path(__file__).parent / "scripts" / "failing").iterdir())
SEEDS = [(path.name.removesuffix(".txt"), path.read_bytes()) for path in SCRIPTS]
SEEDS += [("train.py", source.encode()) for rule in find_rules() for source in (*rule.fires, *rule.silent)]
ROUNDS = 12
ODD = [None, 0, True, "", "x = (", [], {}, [1, None], {"a": 1}, "%%bash\nls", "\ud800", "\0"]
TOKENS = b'( ) \n \t * ** self. DataLoader( \0 \xff async = : num_workers= {** yield \' % lambda: """'.split(
    b" "
)


def mutated(data, generator):
    lines = data.splitlines(keepends=True) or [b""]
    for _ in range(generator.randint(1, 4)):
        where = generator.randrange(len(lines))
        match generator.randrange(6):
            case 0:
                del lines[where]
                lines = lines or [b""]
            case 1:
                lines.insert(where, generator.choice(lines))
            case 2:
                cut = generator.randint(0, len(lines[where]))
                lines[where] = lines[where][:cut] + generator.choice(TOKENS) + lines[where][cut:]
            case 3:
                other = generator.randrange(len(lines))
                lines[where], lines[other] = lines[other], lines[where]
            case 4:
                lines[where] = b"    " + lines[where]
            case 5:
                names = lines[where].split(b" ")
                generator.shuffle(names)
                lines[where] = b" ".join(names)
    return b"".join(lines)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_mutated_source_gives_findings_and_no_crash(seed):
    generator = random.Random(seed)
    for name, data in SEEDS:
        source = mutated(data, generator)
        found = lint(source, name)
        crashed = [each.summary for each in found if each.status == Status.CRASHED]
        assert not crashed, source


def broken_notebook(generator):
    """Return a notebook in which any part may be anything."""
    cells = [
        {"cell_type": "code", "source": data.decode().splitlines(keepends=True)} for _, data in SEEDS[:6]
    ]
    document = {"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}
    for _ in range(generator.randint(1, 8)):
        part = generator.choice([document, *(cell for cell in cells if isinstance(cell, dict) and cell)])
        part[generator.choice(sorted(part))] = copy.deepcopy(generator.choice(ODD))
        cells.insert(generator.randrange(len(cells)), copy.deepcopy(generator.choice(ODD)))
    text = json.dumps(document)
    return text[: generator.choice([len(text), len(text), generator.randrange(len(text))])].encode()


@pytest.mark.parametrize("seed", range(5))
def test_a_broken_notebook_gives_findings_and_no_crash(seed):
    generator = random.Random(seed)
    for _ in range(30):
        source = broken_notebook(generator)
        assert [f.summary for f in lint(source, "a.ipynb") if f.status == Status.CRASHED] == [], source


@pytest.mark.parametrize(
    "source",
    [
        "from torch.utils.data import DataLoader\nx = " + "+".join(["DataLoader(d, timeout=1)"] * 500),
        "from torch.utils.data import DataLoader\n" + "x = {**x, **x}\n" * 200 + "DataLoader(d, **x)",
        "from torch.utils.data import DataLoader\n" + "a, b = b, a\n" * 300 + "DataLoader(a, num_workers=b)",
        "import torch\n"
        + "".join(f"def f{i}(x): return f{(i + 1) % 200}(x)\n" for i in range(200))
        + "f0(1)",
        "from torch.utils.data import DataLoader\nl = DataLoader(d, num_workers=1)\n" + "l = f(l)\n" * 300,
        "import torch\nx = torch" + ".a" * 900,
    ],
    ids=["calls", "dictionaries", "swaps", "a ring of functions", "one name", "attributes"],
)
def test_a_source_made_to_take_long_does_not(source):
    assert not [each for each in lint(source) if each.status == Status.CRASHED]


@pytest.mark.parametrize(
    "source",
    [
        "l = []\n" + "l.append([l, T(l), lambda: l])\n" * 500 + "DataLoader(l, num_workers=2)\n" * 50,
        "kw = {}\n" + "kw['a'] = kw\nkw |= kw\nkw.update(kw)\n" * 500 + "DataLoader(x, **kw)\n",
        "".join(f"def f{i}():\n    if a: return f{i + 1}()\n    return f{i + 2}()\n" for i in range(200))
        + "DataLoader(f0(), num_workers=f0(), **f0())\n",
        "class A(B): pass\nclass B(A): pass\n@dataclass\nclass C:\n    n: int = field(default_factory=C)\n"
        "def f(c: C):\n    DataLoader(A(), num_workers=c.n.n.n, **asdict(c.n), **vars(vars(c)))\n"
        "f(C(f(C())))\n",
    ],
)
def test_what_holds_or_calls_itself_is_followed_to_an_end(source):
    lint("from torch.utils.data import DataLoader\n" + source)
