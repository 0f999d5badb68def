"""What every test may use."""

import os
from collections.abc import Generator

import pytest

from libs.testing.chromium import find_chromium, find_page_engine

#: In CI nothing may be skipped for want of a server or a browser.
SERVERS_REQUIRED = os.environ.get("KITSU_REQUIRE_SERVERS") == "1"


def need(found: object, what: str) -> None:
    """Skips on a machine that lacks something, and fails where everything must be there."""
    if not found and SERVERS_REQUIRED:
        pytest.fail(f"{what} is required here and was not found")
    if not found:
        pytest.skip(f"{what} is not installed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start whole shows mostly wait: spread among the others, not all at the end, so
    that what runs beside them has something to do."""
    by_file: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name in by_file if name.startswith("tests/system/")]
    working = [name for name in by_file if name not in waiting]
    step = max(1, len(working) // (len(waiting) + 1))
    order = working
    for number, name in enumerate(waiting):
        order.insert(number * (step + 1), name)
    items[:] = [item for name in order for item in by_file[name]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may be no text; a report that goes to another process must be."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A program that shows pages as Chromium does."""
    found = find_page_engine()
    need(found, "Chromium")
    return str(found)


@pytest.fixture(scope="session")
def whole_chromium_path() -> str:
    """The browser as people have it."""
    found = find_chromium()
    need(found, "Chromium")
    return str(found)
