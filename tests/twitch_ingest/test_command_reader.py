"""Which lines are commands. Every text here may come from anybody."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.twitch_ingest.chat_rules import DEFAULTS, ChatRules
from apps.twitch_ingest.command_reader import CommandReader, LineKind, Reading

NAMES = ChatRules().names()
READER = CommandReader("!", NAMES)


def command(name: str, arguments: str = "") -> Reading:
    return Reading(LineKind.COMMAND, name, arguments)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("!panic", command("panic")),
        ("!panic doxxing in chat", command("panic", "doxxing in chat")),
        ("!PANIC", command("panic")),
        ("!panic!!!", command("panic")),
        ("  !stop  ", command("stop")),
        ("!scene   Just  Chatting", command("scene", "Just Chatting")),
        ("!mute @Bad_Guy", command("mute", "@Bad_Guy")),
        ("!say !panic", command("say", "!panic")),
        ("!forget me", command("forget", "me")),
        ("!forgetme", command("forget", "me")),
        ("!Forget  ME!", command("forget", "me")),
    ],
)
def test_a_line_that_begins_with_prefix_and_name_is_a_command(line: str, expected: Reading) -> None:
    assert READER.read(line) == expected


@pytest.mark.parametrize(
    "line",
    ["!panic\U000e0000", "!panic \u200b", "\u2066!panic\u2069", "\ufeff!panic", "!pa\u00adnic"],
)
def test_what_nobody_sees_does_not_count(line: str) -> None:
    """Chat clients put such characters behind a line that is sent twice."""
    assert READER.read(line) == command("panic")


@pytest.mark.parametrize(
    "line",
    [
        "！panic",
        "!pаnic",  # Cyrillic а
        "!раnіс",
        "!ⓟⓐⓝⓘⓒ",
        "!𝗽𝗮𝗻𝗶𝗰",
        "!p\u0301anic",
        "!!panic",
        "! panic",
        "?!panic",
        "‼panic",
        "!forget @bob",
        "!forget me and @bob",
        "!unpаnic",
    ],
)
def test_what_only_looks_like_a_command_is_carried_out_by_nobody(line: str) -> None:
    assert READER.read(line).kind is LineKind.DOUBTFUL


@pytest.mark.parametrize(
    "line",
    [
        "hello Kitsu",
        "please !panic",
        "@bob !panic",
        "panic!",
        "\u202ecinap!",  # shown as !panic
        "/panic",
        "",
        "!",
        "!!!",
        "!? really",
        "1",
        "!2",
        "#2",
        "!2)",
        "\U0001f600" * 500,
        "!" + "\U0001f600" * 500,
    ],
)
def test_ordinary_lines_and_votes_stay_ordinary(line: str) -> None:
    assert READER.read(line).kind is LineKind.LINE


@pytest.mark.parametrize("line", ["!so bob", "!привет", "!12345", "!p a n i c", "!" + "a" * 400])
def test_other_bots_commands_are_no_lines(line: str) -> None:
    assert READER.read(line).kind is LineKind.UNKNOWN


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_command_in_a_reply_is_none(name: str) -> None:
    arguments = " me" if name == "forget" else ""
    assert READER.read(f"!{name}{arguments}").kind is LineKind.COMMAND
    assert READER.read(f"!{name}{arguments}", is_reply=True).kind is LineKind.DOUBTFUL
    assert READER.read(f"@bob !{name}", is_reply=True).kind is LineKind.LINE


def test_another_prefix_and_aliases_count() -> None:
    reader = CommandReader("?", {**NAMES, "halt": "stop"})
    assert reader.read("?halt") == command("stop")
    assert reader.read("!stop").kind is LineKind.LINE
    assert reader.read("？stop").kind is LineKind.DOUBTFUL


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_text_breaks_the_reader_and_only_plain_names_are_commands(text: str) -> None:
    reading = READER.read(text)
    if reading.kind is LineKind.COMMAND:
        assert "!" in text
        assert reading.command in DEFAULTS


@settings(deadline=None)
@given(st.sampled_from(sorted(DEFAULTS)), st.text(max_size=600))
def test_arguments_always_fit_the_contract(name: str, arguments: str) -> None:
    assert len(READER.read(f"!{name} {arguments}").arguments) <= 500
