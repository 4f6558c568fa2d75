"""Chromium, and the pages that it opens. Without it the tests are skipped, unless REQUIRE_BROWSER is set."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARTEFACTS = Path(os.environ.get("BROWSER_ARTEFACTS", "")) if os.environ.get("BROWSER_ARTEFACTS") else None

Opens = Callable[..., "Page"]
IS_WANTED = bool(os.environ.get("REQUIRE_BROWSER"))

if find_spec("playwright") is None and not IS_WANTED:  # `tox -e browser` brings it
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A Chromium that the machine has; CHROMIUM names another one."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        if IS_WANTED:
            pytest.fail("no Chromium found: install it, or name it in CHROMIUM", pytrace=False)
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages by kind."""
    return pages.build(tmp_path_factory.mktemp("pages"))


@pytest.fixture
def opens(chromium: "Browser", built: dict[str, Path]) -> Iterator[Opens]:
    """Open a kind of page; afterwards it must have asked for nothing and said nothing in the console."""
    contexts, requests, said = [], [], []

    def open_page(kind: str, width: int = 1280, fragment: str = "", **context: object) -> "Page":
        made = chromium.new_context(viewport={"width": width, "height": 900}, **context)  # type: ignore[arg-type]
        contexts.append(made)
        page = made.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(f"dialog {dialog.message}"))
        page.goto(built[kind].as_uri() + fragment)
        return page

    yield open_page
    for made in contexts:
        made.close()
    files = {path.as_uri() for path in built.values()}
    assert not [url for url in requests if url.partition("#")[0] not in files]
    assert not said


@pytest.fixture
def keeps() -> Callable[["Page", str], None]:
    """Save a screenshot in the artefact folder, where one is wanted."""

    def keep(page: "Page", name: str) -> None:
        if ARTEFACTS is not None:
            ARTEFACTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
            page.screenshot(path=ARTEFACTS / f"{name}-first-screen.png")

    return keep
