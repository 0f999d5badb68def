"""Which state shows what, by its name; and what the program says, as its documentation shows it."""

from collections.abc import Sequence

import pytest

from apps.avatar_controller.engines.veadotube.states import States
from apps.avatar_controller.engines.veadotube.wire import (
    State,
    Told,
    address_with_name,
    ask,
    ask_nodes,
    read,
)
from libs.contracts.avatar import Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile, load_avatar_file


def the_states(*names: str, file: AvatarFile | None = None) -> States:
    states = [State(str(number), name) for number, name in enumerate(names)]
    return States(states, {}, {}, file or load_avatar_file())


def shown(states: States, mood: Mood, bearing: Bearing = Bearing.IDLE) -> str:
    state = states.to_show(mood, bearing)
    return state.name if state else ""


@pytest.mark.parametrize(
    ("names", "mood", "expected"),
    [
        (["idle", "Happy"], Mood.HAPPY, "Happy"),
        (["idle", "face_happy2"], Mood.HAPPY, "face_happy2"),
        (["idle", "very happy", "happy"], Mood.HAPPY, "happy"),
        (["idle", "FELIZ"], Mood.HAPPY, "FELIZ"),
        (["idle", "笑顔"], Mood.HAPPY, "笑顔"),
        (["idle", "madoka"], Mood.ANGRY, "idle"),
        (["idle", "mad"], Mood.ANGRY, "mad"),
        (["idle", "unhappy"], Mood.HAPPY, "idle"),
        (["idle", "happy talking"], Mood.HAPPY, "idle"),
        (["wave", "happy", "normal"], Mood.NEUTRAL, "normal"),
        (["happy", "wave", "sad"], Mood.NEUTRAL, "wave"),
        (["happy", "sad"], Mood.NEUTRAL, "happy"),
        ([], Mood.HAPPY, ""),
    ],
)
def test_a_mood_is_found_by_the_words_of_a_name(
    names: Sequence[str], mood: Mood, expected: str
) -> None:
    assert shown(the_states(*names), mood) == expected


@pytest.mark.parametrize(
    ("names", "mood", "expected"),
    [
        (["idle", "talking"], Mood.NEUTRAL, "talking"),
        (["idle", "idle_talk", "talk"], Mood.NEUTRAL, "idle_talk"),
        (["idle", "happy", "TalkingHappy"], Mood.HAPPY, "TalkingHappy"),
        (["idle", "happy", "Happy (mouth open)"], Mood.HAPPY, "Happy (mouth open)"),
        (["idle", "happy", "talking"], Mood.HAPPY, "happy"),
        (["idle", "😀", "talking"], Mood.NEUTRAL, "talking"),
        (["idle", "stalker"], Mood.NEUTRAL, "idle"),
    ],
)
def test_while_she_speaks_the_same_one_talks(
    names: Sequence[str], mood: Mood, expected: str
) -> None:
    assert shown(the_states(*names), mood, Bearing.SPEAKING) == expected


def test_bearings_have_states_of_their_own_beside_moods() -> None:
    states = the_states("idle", "listening", "hmm", "asleep", "tired", "sad")
    assert shown(states, Mood.NEUTRAL, Bearing.LISTENING) == "listening"
    assert shown(states, Mood.NEUTRAL, Bearing.THINKING) == "hmm"
    assert shown(states, Mood.SAD, Bearing.LISTENING) == "sad"
    assert shown(states, Mood.SAD, Bearing.ASLEEP) == "asleep"
    assert shown(states, Mood.SLEEPY) == "tired"
    assert shown(the_states("idle", "tired"), Mood.SAD, Bearing.ASLEEP) == "tired"


def test_what_was_seen_last_and_means_nothing_is_where_she_rests() -> None:
    states = the_states("a", "happy", "talking", "b")
    for seen, rest in (("3", "b"), ("1", "b"), ("2", "b"), ("9", "b"), ("0", "a")):
        states.seen(seen)
        assert shown(states, Mood.NEUTRAL) == rest
    anew = the_states("b", "happy", "a")
    anew.keep_rest_of(states)  # "0" is another one now
    assert shown(anew, Mood.NEUTRAL) == "b"


def test_an_emoji_is_no_name_that_all_emoji_share() -> None:
    states = the_states("😀", "😢")
    assert states.named("😢") == State("1", "😢")
    assert states.named("🦊") is None
    assert states.named("") is None


# What is said -------------------------------------------------------------------------------------

LIST = """nodes: {
  "event": "list",
  "entries": [
    { "type": "boolean", "id": "mini", "name": "push-to-talk" },
    { "type": "stateEvents", "id": "mini", "name": "avatar state" }
  ]
}"""


def test_the_documented_messages_are_understood() -> None:
    assert read(LIST) == Told(node="mini")
    assert read(LIST.encode() + b"\0\0") == Told(node="mini")
    assert read('nodes:{"event":"list","entries":[]}') == Told(node="")
    head = 'nodes:{"event":"payload","type":"stateEvents","id":"mini","name":"avatar state",'
    states = '"payload":{"event":"list","states":[{"id":"1F","name":"a"},{"id":"#2"}]}}'
    assert read(head + states) == Told(states=(State("1F", "a"), State("#2", "#2")))
    assert read(head + '"payload":{"event":"peek","state":"#4"}}') == Told(showing="#4")
    assert read('instance:{"event":"info","name":"my window"}') == Told(instance="my window")
    other = 'nodes:{"event":"payload","type":"boolean","id":"mini","name":"x","payload":true}'
    assert read(other) == Told()


def test_of_states_with_one_id_the_first_counts() -> None:
    entries = '[{"id":"a","name":"1"},{"id":"a","name":"2"},{"id":"","name":"3"}]'
    told = read(f'nodes:{{"type":"stateEvents","payload":{{"event":"list","states":{entries}}}}}')
    assert told == Told(states=(State("a", "1"),))


def test_a_question_names_its_node_whatever_that_is_called() -> None:
    assert ask_nodes() == 'nodes:{"event": "list"}'
    asked = ask('a"b', "set", state='x"}')
    assert asked.startswith('nodes:{"event": "payload", "type": "stateEvents", "id": "a\\"b"')
    assert asked.endswith('"payload": {"event": "set", "state": "x\\"}"}}')


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:2424", "ws://127.0.0.1:2424?n=Kitsu"),
        ("ws://127.0.0.1:2424/", "ws://127.0.0.1:2424/?n=Kitsu"),
        ("ws://[::1]:2424/?a=b", "ws://[::1]:2424/?a=b&n=Kitsu"),
    ],
)
def test_an_address_gets_the_name_that_the_server_asks_for(url: str, expected: str) -> None:
    assert address_with_name(url) == expected
