import re
import xml.etree.ElementTree as ET

import pytest

from reports import canvas, figures
from reports.figures import loader_throughput
from reports.load import Run


@pytest.fixture(scope="module")
def drawings(our_run: Run) -> list[str]:
    drawn = [figures.drawn(our_run, module) for module in figures.modules()]
    return [figure.svg for figure in drawn if figure]


def test_ids_are_unique_over_all_figures_and_every_reference_resolves(drawings: list[str]) -> None:
    text = "".join(drawings)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 100
    used = re.findall(r"url\(#([^)]+)\)", text) + re.findall(r'href="#([^"]+)"', text)
    assert used
    assert set(used) <= set(ids)


def test_sentinels_became_variables(drawings: list[str]) -> None:
    text = "".join(drawings)
    for sentinel in (canvas.INK, canvas.FAINT, canvas.PAPER):
        assert sentinel not in text
    for variable in ("currentColor", "var(--grid)", "var(--paper)"):
        assert variable in text


def test_nothing_of_the_file_format_or_the_day_is_left(drawings: list[str]) -> None:
    for drawing in drawings:
        assert drawing.startswith("<svg ")
        assert not re.search(r"<\?xml|<!DOCTYPE|<metadata|<style|xmlns|http|20\d\d-", drawing)


def test_text_stays_text_and_takes_the_pages_font(drawings: list[str]) -> None:
    loader = next(drawing for drawing in drawings if "num_workers" in drawing)
    texts = [element.text for element in ET.fromstring(loader).iter("text")]
    assert "workers (num_workers)" in texts
    assert "DejaVu" not in loader
    assert "font-size" in loader


def test_drawing_is_an_image_named_by_its_title(our_run: Run) -> None:
    drawn = figures.drawn(our_run, loader_throughput)
    assert drawn is not None
    root = ET.fromstring(drawn.svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", drawn.title)
    assert root.get("viewBox")
    assert root.get("width") is None


def test_two_drawings_of_one_run_are_equal(our_run: Run, drawings: list[str]) -> None:
    again = [figures.drawn(our_run, module) for module in figures.modules()]
    assert [figure.svg for figure in again if figure] == drawings
