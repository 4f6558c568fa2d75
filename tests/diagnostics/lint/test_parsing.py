import json

import pytest

from diagnostics.lint.parsing import parse_file
from tests.diagnostics.lint.linted import codes, lint

PERSISTENT = "from torch.utils.data import DataLoader\nDataLoader(d, persistent_workers=True)\n"


def notebook(*cells, **metadata):
    documents = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": documents, "metadata": metadata, "nbformat": 4}).encode()


@pytest.mark.parametrize(
    "data",
    [
        PERSISTENT.encode(),
        PERSISTENT.replace("\n", "\r\n").encode(),
        PERSISTENT.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + PERSISTENT.encode(),
        b"# -*- coding: latin-1 -*-\nname = '\xe9'\n" + PERSISTENT.encode(),
        b"\x0c\n" + PERSISTENT.encode(),
        b"if 1:\n\tpass\n" + PERSISTENT.encode(),
    ],
    ids=["plain", "crlf", "cr", "bom", "latin-1", "form feed", "tabs"],
)
def test_every_encoding_and_line_end_that_python_reads_is_read(data):
    assert codes(data) == ["LN107"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"x = 1\nprint 'epoch', x\n", 2),
        (b"x = 1\n\nname = '\xe9'\n", 3),
        (b"x = 1\ny = '\0'\n", 2),
        (b"# coding: no-such-encoding\n", 1),
        (b"if 1:\n\tx = 1\n        y = 2\n", 3),
        (b"(" * 1000 + b")" * 1000, 1),
        (b"-" * 100_000 + b"1", 1),
        (b"def f(:\n", 1),
    ],
    ids=["python 2", "undeclared", "null", "no encoding", "tabs", "brackets", "minus", "slip"],
)
def test_what_does_not_parse_is_one_finding_at_its_line(data, line):
    (found,) = lint(data)
    assert (found.code, found.location.line, found.status) == ("LN100", line, "fail")


def test_columns_count_characters_not_bytes():
    source = "from torch.utils.data import DataLoader\nx = 'äöü'; y = DataLoader(d, timeout=3)\n"
    assert lint(source)[0].location.column == source.splitlines()[1].index("DataLoader") + 1


def test_a_finding_in_a_notebook_names_cell_and_line():
    data = notebook("# Title\n%matplotlib inline\n!pip install x\nimport torch", PERSISTENT)
    (found,) = lint(data, "a.ipynb")
    assert (found.code, found.location.cell, found.location.line) == ("LN107", 2, 2)
    assert found.evidence[0].startswith("a.ipynb:cell 2:2: DataLoader(")
    assert found.as_dict()["location"]["cell"] == 2


@pytest.mark.parametrize(
    "magic", ["%%bash\necho (", "%%html\n<b>", "files = !ls *.txt", "loader?", "%load_ext x"]
)
def test_magics_are_no_syntax_errors(magic):
    assert codes(notebook(magic, PERSISTENT), "a.ipynb") == ["LN107"]


def test_a_cell_that_does_not_parse_leaves_the_others():
    found = lint(notebook("def f(:", PERSISTENT), "a.ipynb")
    assert [(each.code, each.location.cell) for each in found] == [("LN100", 1), ("LN107", 2)]


def test_a_notebook_of_another_language_is_not_read_as_python():
    assert codes(notebook("x <- c(1, 2", language_info={"name": "R"}), "a.ipynb") == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"cells": 3}', b"\xff\xfe", b"[" * 100_000])
def test_a_broken_notebook_is_one_finding(data):
    assert codes(data, "a.ipynb") == ["LN100"]


def test_cells_of_an_odd_shape_are_passed_over():
    document = {"cells": [None, 3, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "x = 1"]}]}
    assert codes(json.dumps(document).encode(), "a.ipynb") == []


def test_lines_are_counted():
    assert [parse_file("a.py", data).num_lines for data in (b"", b"x", b"x\n", b"x\ny")] == [0, 1, 1, 2]
