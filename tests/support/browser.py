"""Headless Chromium that really draws (WebGL by SwiftShader), and pictures of what it shows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.hub_process import PASSWORD, ROOT

CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


def person(browser: Browser, url: str, *, width: int = 1600, height: int = 1000) -> BrowserContext:
    """A context for one person: cookies of their own, a Japanese browser."""
    return browser.new_context(
        base_url=url, locale="ja-JP", timezone_id="Asia/Tokyo", viewport={"width": width, "height": height}
    )


def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Sign in on the log-in page and wait until it is left."""
    page.goto("/")
    page.get_by_test_id("login-name").fill(login)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("login-submit").wait_for(state="detached")


def picture(page: Page, name: str) -> None:
    """Keep a screenshot among the build's artefacts."""
    folder = Path(os.environ.get("DOKUEI_TEST_ARTEFACTS", ROOT / "artefacts"))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")
