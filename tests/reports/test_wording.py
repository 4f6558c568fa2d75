import pytest

from diagnostics.intervals import Interval
from reports import wording

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3909, "3,910"),
        (0.01234, "0.0123"),
        (99.96, "100.0"),
        (-7.3, "-7.30"),
        (1e12, "1.00e+12"),
        (NAN, "–"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (4.2e-6, "4.20 µs"), (3e-9, "3.00 ns"), (0, "0 s"), (NAN, "–")],
)
def test_seconds_take_a_readable_unit(value: float, text: str) -> None:
    assert wording.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 bytes"), (800, "800 bytes"), (145 * 2**20, "145 MiB"), (NAN, "–")]
)
def test_sizes_take_binary_units(value: float, text: str) -> None:
    assert wording.size(value) == text


def test_percentages_get_a_decimal_where_they_are_small() -> None:
    assert (wording.percent(0.35), wording.percent(0.035), wording.percent(0.8641, 1)) == (
        "35 %",
        "3.5 %",
        "86.4 %",
    )


def test_span_says_where_there_is_no_interval() -> None:
    assert wording.span(Interval(1.8, 1.7, 1.9, 3)) == "1.70 to 1.90"
    assert wording.span(Interval(1.8, NAN, NAN, 1)) == "no interval from one value"
    assert wording.percent_span(Interval(0.2, 0.1, 0.3, 3)) == "10 to 30 %"


def test_counts_and_lists_are_english() -> None:
    assert [wording.count(n, "pass") for n in (0, 1, 2)] == ["0 passes", "1 pass", "2 passes"]
    assert wording.count(2, "seed") == "2 seeds"
    assert [wording.listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_long_texts_are_cut_visibly() -> None:
    assert wording.shorten("x" * 20, 10) == "x" * 9 + "…"
    assert wording.shorten("short", 10) == "short"
