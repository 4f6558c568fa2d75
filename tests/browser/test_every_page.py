"""What holds for every page: whole, silent and usable, at any width, in any scheme, without JavaScript."""

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opens

KINDS = ("measured", "report", "generic", "hostile", "comparison")
every_kind = pytest.mark.parametrize("kind", KINDS)
OPEN_ALL = "for (const fold of document.querySelectorAll('details')) fold.open = true"
IS_TOO_WIDE = "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"


@every_kind
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640, 1280])  # 640 is 1280 at 200 % zoom
def test_nothing_scrolls_sideways(
    opens: Opens, keeps: Callable[[Page, str], None], kind: str, width: int, scheme: str
) -> None:
    page = opens(kind, width, color_scheme=scheme)
    keeps(page, f"{kind}-{width}-{scheme}")
    page.evaluate(OPEN_ALL)
    assert not page.evaluate(IS_TOO_WIDE)


@every_kind
@pytest.mark.parametrize("media", ["light", "dark", "print"])
def test_axe_finds_no_violation(opens: Opens, kind: str, media: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opens(kind, color_scheme="dark" if media == "dark" else "light")
    if media == "print":
        page.emulate_media(media="print")
    page.evaluate(OPEN_ALL)
    found = axe.run(page)
    assert not found.response["violations"], found.generate_report()


@every_kind
def test_whole_without_javascript(opens: Opens, kind: str) -> None:
    page = opens(kind, 320, java_script_enabled=False)
    assert page.get_by_role("heading", level=1).is_visible()
    figures = page.locator("figure")
    assert figures.count() > 0
    fold = page.locator("main details:not(details details)").first
    inner = fold.locator(":scope > :not(summary)").first
    assert not inner.is_visible()
    fold.locator("summary").first.click()
    assert inner.is_visible()
    assert not page.locator("button:visible:not([popovertarget])").count()


@every_kind
def test_print_holds_what_is_folded(opens: Opens, kind: str) -> None:
    pypdf = pytest.importorskip("pypdf")
    page = opens(kind)
    folded = page.locator("main details:not([open]) table td").last
    text = folded.text_content() or ""
    printed = "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(page.pdf())).pages)
    assert text.split()[0][:20] in "".join(printed.split()) or text.split()[0][:20] in printed
    assert page.locator("main details[open]").count() == 0, "printing leaves the folds as they were"


@every_kind
def test_keyboard_reaches_every_control_and_shows_where_it_is(opens: Opens, kind: str) -> None:
    page = opens(kind)
    controls = page.evaluate(
        "[...document.querySelectorAll('a[href], button, summary, select, input, [tabindex=\"0\"]')]"
        ".filter(e => e.checkVisibility()).length"
    )
    reached, hidden = set(), []
    for _ in range(controls + 5):
        page.keyboard.press("Tab")
        number, is_shown = page.evaluate(
            "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " e.dataset.reached ||= String(document.querySelectorAll('[data-reached]').length + 1);"
            " return [e === document.body ? 0 : Number(e.dataset.reached), s.outlineStyle !== 'none' ||"
            " e === document.body] })()"
        )
        if number:
            reached.add(number)
            if not is_shown:
                hidden.append(number)
    assert len(reached) >= controls
    assert not hidden


def test_hostile_words_do_nothing(opens: Opens) -> None:
    page = opens("hostile")
    page.evaluate(OPEN_ALL)
    page.mouse.move(600, 400)
    assert page.evaluate("window.broken") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, form").count() == 0
    assert not page.locator('a[href^="javascript:" i]').count()
