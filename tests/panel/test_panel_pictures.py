"""A picture that goes with a line: chosen, pasted or dropped, drawn small, sent or kept."""

import base64
import struct
import zlib

import pytest
from playwright.sync_api import expect

from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser

TEXT = b"GPS 52.5200 N"


def png(width: int, height: int) -> bytes:
    """A picture of noise with a line of text in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(
        b"\0" + bytes((x * 7 + y * 13 + x * y) % 256 for x in range(width)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tEXt", b"Comment\0" + TEXT)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def choose(panel: OpenPanel, data: bytes, kind: str = "image/png") -> None:
    panel.part("picture-file").set_input_files(
        {"name": "some <b>picture</b>.png", "mimeType": kind, "buffer": data}
    )


def hand_over(panel: OpenPanel, event: str, data: bytes, kind: str = "image/png") -> None:
    """Pastes or drops a file on the chat box, as a browser does."""
    panel.part("chat-box").evaluate(
        """(box, [event, base64, kind]) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "x", { type: kind }));
            const how = { bubbles: true, cancelable: true };
            box.dispatchEvent(event === "paste"
                ? new ClipboardEvent("paste", { clipboardData: data, ...how })
                : new DragEvent("drop", { dataTransfer: data, ...how }));
        }""",
        [event, base64.b64encode(data).decode(), kind],
    )


def sent_bytes(orchestrator: ScriptedOrchestrator) -> bytes:
    [line] = orchestrator.mind.lines
    prefix, _, text = line["picture"].partition(",")
    assert prefix == "data:image/jpeg;base64"
    return base64.b64decode(text)


def test_a_chosen_picture_is_shown_and_sent_with_the_line(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    choose(panel.open(), png(60, 40))
    expect(panel.part("picture")).to_be_visible()
    panel.part("chat-name").fill("ann")
    panel.part("chat-text").fill("what is this?")
    panel.part("chat-send").click()
    expect(panel.part("picture")).to_have_count(0)
    expect(panel.part("chat-text")).to_have_value("")
    [line] = orchestrator.mind.lines
    assert (line["text"], line["author"]) == ("what is this?", "ann")
    assert sent_bytes(orchestrator).startswith(b"\xff\xd8\xff")
    assert orchestrator.commands == []


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_picture_can_be_pasted_and_dropped(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, event: str
) -> None:
    hand_over(panel.open(), event, png(60, 40))
    expect(panel.part("picture")).to_be_visible()
    panel.part("picture-remove").click()
    expect(panel.part("picture")).to_have_count(0)
    panel.part("chat-text").fill("only words")
    panel.part("chat-send").click()
    expect(panel.part("chat-text")).to_have_value("")
    assert orchestrator.heard("chat")[0]["text"] == "only words"
    assert orchestrator.mind.lines == []


def test_a_large_picture_is_made_small_and_what_its_file_hides_is_gone(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    data = png(2_400, 1_200)
    assert TEXT in data
    choose(panel.open(), data)
    panel.part("chat-text").fill("look")
    expect(panel.part("picture")).to_be_visible()
    size = panel.page.evaluate(
        """async () => {
            const image = document.querySelector('[data-testid="picture"] img');
            await image.decode();
            return [image.naturalWidth, image.naturalHeight];
        }"""
    )
    assert max(size) <= 1_280
    assert size[0] == 2 * size[1]
    panel.part("chat-send").click()
    expect(panel.part("picture")).to_have_count(0)
    assert len(sent_bytes(orchestrator)) < 1_000_000
    assert TEXT not in sent_bytes(orchestrator)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"not a picture", "image/png"),
        (png(60, 40)[:60], "image/png"),
        (b"", "image/jpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.harmed=1'/>", "image/svg+xml"),
        (b"hello", "text/plain"),
        (b"<script>window.harmed=1</script>", "text/html"),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(panel: OpenPanel, data: bytes, kind: str) -> None:
    hand_over(panel.open(), "drop", data, kind)
    expect(panel.part("picture-problem")).to_contain_text("no picture that this browser can read")
    expect(panel.part("picture")).to_have_count(0)
    assert panel.page.evaluate("window.harmed") is None
    hand_over(panel, "drop", png(60, 40))
    expect(panel.part("picture")).to_be_visible()
    expect(panel.part("picture-problem")).to_have_count(0)


def test_a_picture_without_words_waits_for_some(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    choose(panel.open(), png(60, 40))
    expect(panel.part("picture")).to_be_visible()
    panel.part("chat-send").click()
    expect(panel.part("chat-problem")).to_contain_text("a few words that go with the picture")
    expect(panel.part("picture")).to_be_visible()
    assert orchestrator.mind.lines == []


def test_a_refused_picture_and_its_line_are_kept(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    choose(panel.open(), png(60, 40))
    orchestrator.mind.problem = (422, {"title": "Not a picture", "detail": "must be a JPEG"})
    panel.part("chat-text").fill("look")
    expect(panel.part("picture")).to_be_visible()
    panel.part("chat-send").click()
    expect(panel.part("chat-problem")).to_contain_text("Not a picture. Your text is kept.")
    expect(panel.part("picture")).to_be_visible()
    expect(panel.part("chat-text")).to_have_value("look")


def test_a_picture_that_is_added_while_the_last_one_is_sent_stays(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    choose(panel.open(), png(60, 40))
    expect(panel.part("picture")).to_be_visible()
    orchestrator.mind.slow_seconds = 1.0
    panel.part("chat-text").fill("look")
    panel.part("chat-send").click()
    before = panel.part("picture").locator("img").get_attribute("src")
    hand_over(panel, "paste", png(30, 30))
    expect(panel.part("picture").locator("img")).not_to_have_attribute("src", before or "")
    expect(panel.part("chat-text")).to_have_value("")
    expect(panel.part("picture")).to_be_visible()


def test_what_is_said_word_for_word_takes_no_picture_along(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    choose(panel.open(), png(60, 40))
    expect(panel.part("picture")).to_be_visible()
    panel.choose("mode-say")
    expect(panel.part("picture")).to_have_count(0)
    expect(panel.part("picture-add")).to_have_count(0)
    panel.part("chat-text").fill("Five minutes.")
    panel.part("chat-send").click()
    expect(panel.part("chat-text")).to_have_value("")
    assert orchestrator.heard("say")[0]["text"] == "Five minutes."
    assert orchestrator.mind.lines == []
    panel.choose("mode-chat")
    expect(panel.part("picture")).to_be_visible()


def test_a_pasted_text_is_still_pasted_as_text(panel: OpenPanel) -> None:
    panel.open().part("chat-text").focus()
    panel.part("chat-text").evaluate(
        """(field) => {
            const data = new DataTransfer();
            data.setData("text/plain", "hello");
            window.went = field.dispatchEvent(new ClipboardEvent(
                "paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    assert panel.page.evaluate("window.went") is True
    expect(panel.part("picture-problem")).to_have_count(0)


def test_a_picture_fits_into_a_dock(dock: OpenPanel) -> None:
    dock.open().part("tab-feed").click()
    choose(dock, png(600, 20))
    expect(dock.part("picture")).to_be_visible()
    expect(dock.part("picture-remove")).to_be_visible()
    assert dock.page.evaluate("document.documentElement.scrollWidth") <= 360
