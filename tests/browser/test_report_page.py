"""What the reader does on a report: sort, ask, follow a link, copy, save."""

import base64

from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_a_heading_sorts_by_click_and_by_key(opens: Opens) -> None:
    page = opens("report", fragment="#figure-loader-throughput-data")
    table = "#figure-loader-throughput-data table"
    heading = page.locator(f"{table} th").nth(3)
    heading.locator(".heading button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    rising = page.locator(f"{table} tbody tr td:nth-child(4)").evaluate_all(
        "cells => cells.map(c => Number(c.dataset.value))"
    )
    assert rising == sorted(rising)
    assert len(set(rising)) > 3
    heading.locator(".heading button").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    falling = page.locator(f"{table} tbody tr td:nth-child(4)").evaluate_all(
        "cells => cells.map(c => Number(c.dataset.value))"
    )
    assert falling == sorted(rising, reverse=True)
    assert page.locator(f"{table} th[aria-sort]").count() == 1


def test_a_question_mark_explains_its_heading(opens: Opens) -> None:
    page = opens("report", fragment="#figure-loader-throughput-data")
    asked = page.locator("#figure-loader-throughput-data .help").first
    term = page.locator(f"#{asked.get_attribute('popovertarget')}")
    expect(term).to_be_hidden()
    asked.press("Enter")
    expect(term).to_be_visible()
    assert len(term.text_content() or "") > 40
    page.keyboard.press("Escape")
    expect(term).to_be_hidden()


def test_a_link_into_a_fold_opens_it(opens: Opens) -> None:
    page = opens("report")
    fold = page.locator("#figure-loader-throughput-data")
    expect(fold).not_to_have_attribute("open", "")
    page.evaluate("location.hash = '#figure-loader-throughput-data'")
    expect(fold).to_have_attribute("open", "")
    expect(fold.locator("table")).to_be_in_viewport()


def test_a_number_of_the_first_screen_leads_to_its_figure(opens: Opens) -> None:
    page = opens("report")
    for answer in page.locator(".card a.value").all():
        answer.click()
        target = (answer.get_attribute("href") or "").removeprefix("#")
        expect(page.locator(f"#{target}")).to_be_in_viewport()


def test_a_command_is_copied(opens: Opens) -> None:
    page = opens("report", permissions=["clipboard-read", "clipboard-write"])
    command = page.locator(".command-line:visible").first
    command.get_by_role("button").click()
    expect(command.get_by_role("button")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command.locator("pre").text_content()


def test_where_copying_is_forbidden_the_command_is_selected(opens: Opens) -> None:
    page = opens("report")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
    command = page.locator(".command-line:visible").first
    command.get_by_role("button").click()
    expect(command.get_by_role("button")).to_have_text("Selected")
    assert (
        page.evaluate("String(getSelection())").strip()
        == (command.locator("pre").text_content() or "").strip()
    )


def test_the_tidy_data_can_be_saved(opens: Opens) -> None:
    page = opens("report")
    link = page.locator("a[download]").first
    with page.expect_download() as saved:
        link.click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert text == base64.b64decode((link.get_attribute("href") or "").partition("base64,")[2]).decode()
    assert "samples_per_second" in text
    assert text.count("\n") > 30


def test_the_scheme_can_be_chosen(opens: Opens) -> None:
    page = opens("report", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.locator("#scheme button")
    button.click()
    assert page.evaluate(paper) == light
    button.click()
    assert page.evaluate(paper) != light
