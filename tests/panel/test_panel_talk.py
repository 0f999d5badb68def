import pytest
from playwright.sync_api import Dialog, expect

from tests.panel import script
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser

HOSTILE = [
    '<img src=x onerror="window.harmed=1">',
    "<script>window.harmed=2</script>",
    '{{constructor.constructor("window.harmed=3")()}}',
    '"><svg onload=window.harmed=4>',
    "javascript:window.harmed=5",
    "{@html '<b onclick=window.harmed=6>'}",
    "<iframe srcdoc='<script>parent.harmed=7</script>'></iframe>",
    "\u202egnp.exe \u200b\u2066",
    "A" + "\u0336\u0337\u0338\u0334" * 300,
    "[x](javascript:window.harmed=8)",
    "</div></main></template><style>*{display:none}</style>",
    '<button id="panel" data-testid="panic">PANIC</button>',
    "\x1b[31m\x00\r\n\u2028 \ufeff'; DROP TABLE turns; --",
]


def test_an_empty_feed_says_what_to_do(panel: OpenPanel) -> None:
    panel.open()
    expect(panel.part("feed-empty")).to_contain_text("Type a line below and she will answer")


def test_a_typed_line_is_sent_as_a_viewer_and_acknowledged(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("chat-text").fill("hello Kitsu")
    panel.part("chat-text").press("Enter")
    expect(panel.part("chat-text")).to_have_value("")
    (command,) = orchestrator.commands
    assert command == {
        "id": command["id"],
        "command": "chat",
        "text": "hello Kitsu",
        "author": "viewer1",
    }
    assert command["id"]


def test_the_viewer_name_is_remembered_in_this_tab(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("chat-name").fill("pixelpaws")
    panel.page.reload()
    expect(panel.part("chat-name")).to_have_value("pixelpaws")
    panel.part("chat-text").fill("hi")
    expect(panel.part("connection")).to_have_text("live")
    panel.part("chat-send").click()
    expect(panel.part("chat-text")).to_have_value("")
    assert orchestrator.commands[-1]["author"] == "pixelpaws"


def test_say_this_sends_the_words_of_the_operator(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().choose("mode-say")
    expect(panel.part("chat-name")).to_have_count(0)
    panel.part("chat-text").fill("Five minutes until the break.")
    panel.part("chat-send").click()
    expect(panel.part("chat-text")).to_have_value("")
    assert orchestrator.heard("say")[0]["text"] == "Five minutes until the break."


def test_a_refused_line_stays_and_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.refusal = {"title": "The queue is full", "detail": "Wait a moment."}
    panel.open().part("chat-text").fill("hello")
    panel.part("chat-send").click()
    expect(panel.part("chat-problem")).to_contain_text("The queue is full")
    expect(panel.part("chat-text")).to_have_value("hello")


def test_nothing_that_was_tried_offline_is_sent_later(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    panel.open().part("chat-text").fill("are you th")
    orchestrator.refuse_socket = True
    orchestrator.drop_sockets()
    expect(panel.part("connection")).to_have_text("reconnecting")
    panel.part("chat-send").click()
    expect(panel.part("chat-problem")).to_contain_text("not connected")
    panel.part("module-tts_worker").click()
    expect(panel.part("toast")).to_contain_text("not connected")
    orchestrator.refuse_socket = False
    expect(panel.part("connection")).to_have_text("live")
    expect(panel.part("chat-text")).to_have_value("are you th")
    panel.page.wait_for_timeout(300)
    assert orchestrator.commands == []
    panel.part("chat-send").click()
    expect(panel.part("chat-text")).to_have_value("")
    assert len(orchestrator.commands) == 1


def test_a_row_that_comes_again_is_changed_in_its_place(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.push(
        script.feed(1, "chat", "early", "first"), script.feed(2, "chat", "late", "second")
    )
    orchestrator.push(script.feed(1, "skip", "early", "first", note="too_old"))
    expect(panel.rows).to_have_count(2)
    expect(panel.rows.first).to_contain_text("not answered: too old")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("too_old", "too old"),
        ("duplicate", "said before"),
        ("outranked", "others came first"),
        ("full", "too many waiting"),
        ("a_new_code", "a new code"),
    ],
)
def test_a_line_that_is_not_answered_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, code: str, words: str
) -> None:
    panel.open()
    orchestrator.push(script.feed(1, "skip", "viewer7", "hello?", note=code))
    expect(panel.rows).to_contain_text(f"not answered: {words}")


def test_a_cut_reply_shows_what_was_not_heard(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    row = script.feed(
        1, "kitsu", "Kitsu", "That jump was", unheard="on purpose.", note="interrupted stopped"
    )
    orchestrator.push(row)
    expect(panel.rows.locator("s")).to_have_text("on purpose.")
    expect(panel.rows).to_contain_text("cut, rest not heard: stopped")


def test_a_reply_of_which_nothing_was_heard_says_so(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    row = script.feed(1, "kitsu", "Kitsu", "", unheard="Hello!", note="interrupted off")
    orchestrator.push(row)
    expect(panel.rows).to_contain_text("not heard: the module is off")
    expect(panel.rows).not_to_contain_text("rest")


def test_the_filters_show_their_kinds(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    kinds = ["chat", "mic", "kitsu", "operator", "system", "skip", "blocked"]
    panel.open()
    orchestrator.push(*(script.feed(n, kind, "someone", kind) for n, kind in enumerate(kinds)))
    expect(panel.rows).to_have_count(len(kinds))
    for name, shown in (
        ("flags", ["skip", "blocked"]),
        ("kitsu", ["kitsu", "operator"]),
        ("chat", ["chat", "mic", "skip"]),
        ("all", kinds),
    ):
        panel.choose(f"filter-{name}")
        expect(panel.rows).to_have_count(len(shown))
        assert panel.rows.evaluate_all("all => all.map(row => row.dataset.kind)") == shown


def test_the_feed_keeps_two_hundred_rows(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    for start in range(0, 1_000, 100):
        orchestrator.push(
            *(script.feed(n, "chat", f"user{n}", f"line {n}") for n in range(start, start + 100))
        )
    expect(panel.rows.last).to_contain_text("line 999")
    expect(panel.rows).to_have_count(200)
    expect(panel.rows.last).to_be_in_viewport()


def test_the_feed_does_not_move_under_a_reader(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.push(*(script.feed(n, "chat", f"user{n}", f"line {n}") for n in range(200)))
    expect(panel.rows).to_have_count(200)
    expect(panel.rows.last).to_be_in_viewport()
    read = panel.rows.filter(has_text="line 100")
    read.scroll_into_view_if_needed()
    expect(read).to_be_in_viewport()
    panel.page.wait_for_timeout(300)
    before = read.bounding_box()
    orchestrator.push(*(script.feed(n, "chat", f"user{n}", f"line {n}") for n in range(200, 290)))
    expect(panel.part("feed-unread")).to_contain_text("90 new")
    assert read.bounding_box() == before
    panel.part("feed-unread").click()
    expect(panel.rows.last).to_contain_text("line 289")
    expect(panel.rows.last).to_be_in_viewport()
    expect(panel.part("feed-unread")).to_have_count(0)


def test_hostile_texts_are_only_text(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    panel.page.on("dialog", note)
    panel.open()
    for number, text in enumerate(HOSTILE):
        orchestrator.status["persona"]["name"] = text
        orchestrator.status["show"] = text
        orchestrator.status["notices"] = [{"code": "x", "message": text}]
        orchestrator.status["modules"]["stage"]["detail"] = text
        orchestrator.push(
            orchestrator.status,
            script.feed(number, "chat", text, text),
            script.feed(100 + number, "kitsu", text, text, unheard=text, note=text),
            script.feed(200 + number, "skip", text, text, note=text, role=text),
            script.incident(number, "error", text),
            script.turn(number, 400.0, author=text, input=text, heard_text=text),
            script.speaking(text, 1.0, 2.0),
        )
    expect(panel.rows).to_have_count(3 * len(HOSTILE))
    assert panel.page.evaluate("window.harmed") is None
    assert dialogs == []
    inside = panel.rows.locator("img, script, style, iframe, a, button, template, b[data-testid]")
    assert inside.count() == 0
    assert panel.part("panic").count() == 1
    seen = panel.part("feed").evaluate("feed => feed.textContent")
    assert not any(mark in seen for mark in "\u202e\u2066\u200b\u2028\ufeff\x1b\x00")
    tallest = panel.rows.evaluate_all("all => Math.max(...all.map(row => row.offsetHeight))")
    assert tallest < 120
    assert panel.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_missing_voice_is_named_instead_of_promising_an_answer(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.status["modules"]["tts_worker"].update(state="down")
    panel.open()
    expect(panel.part("now-speaking")).to_contain_text("Voice is down, so she cannot answer.")


def test_a_voice_that_is_switched_off_leaves_the_captions(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.status["modules"]["tts_worker"].update(state="off", enabled=False)
    panel.open()
    expect(panel.part("now-speaking")).to_contain_text("Voice is off: she answers in captions")


def test_what_can_be_heard_now_is_shown(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    expect(panel.part("now-speaking")).to_contain_text("She has said nothing yet")
    orchestrator.push(script.speaking("Okay chat, that was on purpose!", 1.2, 3.0))
    expect(panel.part("now-speaking")).to_contain_text("Okay chat, that was on purpose!")
    expect(panel.part("now-speaking")).to_contain_text("1.2 / 3.0 s")
    orchestrator.push({"type": "speaking", "speaking": None})
    expect(panel.part("now-speaking")).not_to_contain_text("Okay chat")
