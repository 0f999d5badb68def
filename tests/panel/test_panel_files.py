"""What is committed: the built files and the lock."""

import gzip
import json
import re
from pathlib import Path

import httpx

from apps.orchestrator.api import pages
from scripts import check_panel

SOURCES = check_panel.PANEL / "src"
#: The panel notes ask for a page under 80 kB, compressed; the inside of closed cards comes later,
#: and so do the microphone and the avatar.
PAGE_LIMIT_BYTES = 80_000
LATER_LIMIT_BYTES = 29_000


def test_the_page_holds_no_inline_script_and_no_foreign_address() -> None:
    page = (check_panel.STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "http" not in page
    assert "/panel/panel.js" in page


def test_no_file_name_carries_a_hash() -> None:
    names = {path.name for path in check_panel.STATIC.iterdir()}
    assert names == {
        "capture.js",
        "fox.svg",
        "index.html",
        "later.js",
        "licenses.md",
        "panel.css",
        "panel.js",
    }


def test_the_page_is_small() -> None:
    size = sum(
        len(gzip.compress((check_panel.STATIC / name).read_bytes()))
        for name in ("index.html", "panel.js", "panel.css", "fox.svg")
    )
    assert size < PAGE_LIMIT_BYTES
    later = len(gzip.compress((check_panel.STATIC / "later.js").read_bytes()))
    assert later < LATER_LIMIT_BYTES


async def test_a_browser_asks_for_each_file_whether_it_is_still_the_newest() -> None:
    transport = httpx.ASGITransport(pages.panel_files())
    async with httpx.AsyncClient(transport=transport, base_url="http://panel") as client:
        first = await client.get("/later.js")
        assert first.headers["cache-control"] == "no-cache"
        again = await client.get("/later.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_text_is_never_made_into_markup() -> None:
    for path in SOURCES.rglob("*"):
        if path.suffix in (".svelte", ".ts"):
            source = path.read_text(encoding="utf-8")
            for forbidden in ("{@html", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval("):
                assert forbidden not in source, f"{path.name} uses {forbidden}"


def test_the_lock_holds_no_registry_address() -> None:
    lock = (check_panel.PANEL / "package-lock.json").read_text(encoding="utf-8")
    assert not check_panel.addresses_in_lock(lock)
    for scheme in ("http", "https"):
        entry = {"resolved": f"{scheme}://registry.example/x.tgz"}
        assert check_panel.addresses_in_lock(json.dumps(entry))


def test_a_difference_to_a_fresh_build_is_named(tmp_path: Path) -> None:
    committed, fresh = tmp_path / "committed", tmp_path / "fresh"
    for folder in (committed, fresh):
        folder.mkdir()
        (folder / "same.js").write_bytes(b"same")
    (committed / "panel.js").write_bytes(b"old")
    (fresh / "panel.js").write_bytes(b"new")
    (committed / "gone.css").write_bytes(b"")
    (fresh / "more.css").write_bytes(b"")
    assert check_panel.differences(committed, fresh) == [
        "gone.css: committed, but a build does not make it",
        "more.css: a build makes it, but it is not committed",
        "panel.js: differs from a fresh build",
    ]
