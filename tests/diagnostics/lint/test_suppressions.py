import pytest

from tests.diagnostics.lint.linted import codes

IMPORT = "from torch.utils.data import DataLoader\n"


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# checkup: ignore[LN107]", ["LN109"]),
        ("# checkup: ignore[LN107, LN109]", []),
        ("# checkup: ignore", []),
        ("#checkup:ignore[ln107,ln109]", []),
        ("# noqa  # checkup: ignore[LN109]", ["LN107"]),
        ("# checkup: ignore[LN101]", ["LN107", "LN109"]),
        ("# checkup: ignore[LN777]", ["LN107", "LN109", "LN199"]),
    ],
)
def test_a_comment_silences_the_codes_it_names_on_its_line(comment, expected):
    source = f"{IMPORT}loader = DataLoader(d, persistent_workers=True, timeout=5)  {comment}\n"
    assert sorted(codes(source)) == expected


def test_a_comment_on_the_first_line_of_a_statement_holds_for_all_of_it():
    source = (
        f"{IMPORT}loaders = [  # checkup: ignore[LN107]\n    DataLoader(d, persistent_workers=True),\n]\n"
    )
    assert codes(source) == []


def test_a_comment_holds_for_no_other_line():
    loader = "loader = DataLoader(d, timeout=5)"
    assert codes(f"{IMPORT}{loader}  # checkup: ignore\n{loader}\n") == ["LN109"]


def test_a_string_that_looks_like_the_comment_silences_nothing():
    assert codes(f"{IMPORT}DataLoader(d, timeout=5), '# checkup: ignore'\n") == ["LN109"]


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_comment_on_any_line_of_a_call_holds_for_it(line):
    call = ["loader = DataLoader(", "    d, timeout=5,", ")", "x = 1"]
    assert codes(IMPORT + "\n".join(call)) == ["LN109"]
    call[line - 1] += "  # checkup: ignore[LN109]"
    assert codes(IMPORT + "\n".join(call)) == []


def test_a_comment_inside_of_a_block_holds_for_no_loader_at_its_head():
    loop = "for batch in DataLoader(d, timeout=5):\n    print(batch)"
    assert codes(f"{IMPORT}{loop}  # checkup: ignore\n") == ["LN109"]
    assert codes(f"{IMPORT}{loop.replace(':', ':  # checkup: ignore', 1)}\n") == []
