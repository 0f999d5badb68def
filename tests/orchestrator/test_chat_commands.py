"""How a command is written, and who may ever give one: pure rules."""

import pytest

from apps.orchestrator.chat_commands import (
    COMMANDS,
    asks_to_be_forgotten,
    found_in,
    nearest,
    ordered,
)
from apps.twitch_ingest.chat_rules import DEFAULTS, RANK
from libs.contracts.people import Role

SCENES = ["Live", "Just Chatting", "BRB", "End", "Game 2", "Intro", "Pause"]


def test_a_command_is_found_at_the_beginning_of_a_line_only() -> None:
    assert ordered("!stop") == ("stop", "")
    assert ordered("  !SCENE   Just  Chatting ") == ("scene", "Just  Chatting")
    assert ordered("!say\tHello !stop") == ("say", "Hello !stop")
    for text in ("", " ", "!", "stop", "please !stop", "! stop", "!!stop", "!stopp", "!stop!",
                 "!st\u200bop", "\u202e!stop", "！stop", "!ѕtop"):  # fmt: skip
        assert ordered(text) is None, text


def test_moderators_rights_are_nobody_elses() -> None:
    for name in ("panic", "unpanic", "stop", "skip", "scene", "say", "module", "persona", "quiet",
                 "mute", "unmute"):  # fmt: skip
        assert COMMANDS[name].roles == {Role.OPERATOR, Role.BROADCASTER, Role.MODERATOR}
    for name in ("forget", "status", "help"):
        assert COMMANDS[name].roles == set(Role)
    assert COMMANDS["mood"].roles == set(Role) - {Role.SUBSCRIBER, Role.VIEWER}


def test_a_command_that_is_taken_in_chat_is_carried_out_and_the_other_way_round() -> None:
    assert set(DEFAULTS) == set(COMMANDS)
    for name, rule in DEFAULTS.items():
        assert {role for role in RANK if rule.allows(role)} <= COMMANDS[name].roles, name


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("live", "Live"),
        ("JUST_CHATTING", "Just Chatting"),
        (" game  2 ", "Game 2"),
        ("", None),
        (" ", None),
        ("Liv", None),
        ("Live; DROP", None),
        ("x" * 10_000, None),
    ],
)
def test_a_name_is_found_however_it_is_written(wanted: str, found: str | None) -> None:
    assert found_in(wanted, SCENES) == found


def test_the_names_that_are_most_like_it_are_told_and_no_more_than_five() -> None:
    assert nearest("chatting", SCENES)[0] == "Just Chatting"
    assert len(nearest("x" * 10_000, SCENES)) == 5
    assert nearest("live", []) == []


def test_only_the_whole_line_is_a_wish_to_be_forgotten() -> None:
    assert asks_to_be_forgotten(" !Forget  me ")
    assert asks_to_be_forgotten("!forgetme")
    assert not asks_to_be_forgotten("!forget me bob")
    assert not asks_to_be_forgotten("!forget")
