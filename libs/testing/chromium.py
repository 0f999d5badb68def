"""A real Chromium without a screen, with a new profile, that may play sound unasked."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

#: Autoplay as OBS allows it; no background traffic; software drawing.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


@contextlib.asynccontextmanager
async def chromium(program: str, extra_flags: Sequence[str] = ()) -> AsyncIterator["Browser"]:
    """The browser, closed when left. `program` is the path of a Chromium."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, *extra_flags]
        )
        try:
            yield browser
        finally:
            await browser.close()
