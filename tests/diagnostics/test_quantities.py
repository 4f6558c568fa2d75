import pytest

from diagnostics.quantities import format_quantity


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (64 * 1024**2, "bytes", "64 MiB"),
        (1023, "bytes", "1,023 bytes"),
        (0, "bytes", "0 bytes"),
        (25274793984, "bytes", "23.5 GiB"),
        (2.445e9, "hertz", "2.44 GHz"),
        (0.0316, "seconds", "31.6 ms"),
        (0.0221, "fraction", "2.2 %"),
        (1, "cores", "1 core"),
        (1.5, "cores", "1.5 cores"),
        (20000, "count", "20,000"),
        (700.0, "watts", "700 W"),
        (10.6, "ratio", "10.6x"),
        (1.95, "", "1.95"),
        (3, "pages", "3 pages"),
        (None, "bytes", "none"),
        (True, "", "yes"),
        (["fork", "spawn"], "", "fork, spawn"),
        ([], "", "none"),
        ("EPYC", "", "EPYC"),
    ],
)
def test_quantities_are_written_for_people(value, unit, text):
    assert format_quantity(value, unit) == text
