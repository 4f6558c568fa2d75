"""What the reader does on a comparison: choose, and send the choice to somebody."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens

ROWS = "#verdicts tbody tr:visible"


def words(page: Page, column: str) -> set[str]:
    index = page.locator("#verdicts th").evaluate_all(
        "(headings, name) => headings.findIndex(h => h.dataset.filter === name) + 1", column
    )
    return set(page.locator(f"{ROWS} td:nth-child({index})").all_text_contents())


def choose(page: Page, column: str, word: str) -> None:
    page.locator(".filters label").filter(has_text=re.compile(f"^{column} ")).locator("select").select_option(
        word
    )


def test_a_choice_narrows_the_table_and_is_counted(opens: Opens) -> None:
    page = opens("comparison", fragment="#verdicts")
    total = page.locator(ROWS).count()
    choose(page, "side", "B")
    choose(page, "verdict", "slower")
    shown = page.locator(ROWS).count()
    assert 0 < shown < total
    assert words(page, "side") == {"B"}
    assert all("slower" in word for word in words(page, "verdict"))
    expect(page.locator(".filters output")).to_have_text(f"{shown} of {total} shown")


def test_the_link_keeps_the_choice(opens: Opens) -> None:
    page = opens("comparison")
    choose(page, "group", "dropout")
    choose(page, "side", "C")
    link = page.url.partition("#")[2]
    other = opens("comparison", fragment=f"#{link}")
    assert words(other, "group") == {"dropout"}
    assert words(other, "side") == {"C"}
    expect(other.locator("#verdicts")).to_be_in_viewport()


def test_a_link_that_chooses_what_is_not_there_shows_everything(opens: Opens) -> None:
    page = opens("comparison", fragment="#verdicts?side=nobody&verdict=%3Cb%3E&x=1")
    total = page.locator("#verdicts tbody tr").count()
    assert page.locator(ROWS).count() == total


def test_all_sides_stand_in_one_order_with_a_verdict_each(opens: Opens) -> None:
    page = opens("comparison")
    order = page.locator("#ranking table").first.locator("tbody tr")
    assert [row.split("\n") for row in order.all_inner_texts()]
    places = order.locator("td:first-child").all_text_contents()
    assert places == ["=1", "=1", "3"]
