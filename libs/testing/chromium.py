"""A real Chromium without a screen, with a new profile, that may play sound unasked."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

#: Sound without a click, as OBS allows it.
MAY_SOUND = "--autoplay-policy=no-user-gesture-required"

#: No background traffic; software drawing.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


#: By the names they have on various systems.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HEADLESS_SHELLS = ("chromium-headless-shell", "chrome-headless-shell")


def find_chromium() -> str | None:
    """The browser as people have it."""
    return _first_found(BROWSERS)


def find_page_engine() -> str | None:
    """The same engine, if it is there without a browser's windows around it: a page then costs a
    quarter of the CPU time, because a whole Chromium draws its own toolbar and menus as well."""
    return _first_found(HEADLESS_SHELLS) or find_chromium()


def _first_found(names: Sequence[str]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


@contextlib.asynccontextmanager
async def chromium(
    program: str, extra_flags: Sequence[str] = (), may_sound: bool = True
) -> AsyncIterator["Browser"]:
    """The browser, closed when left. `program` is the path of a Chromium."""
    flags = [*FLAGS, *([MAY_SOUND] if may_sound else []), *extra_flags]
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            await browser.close()
