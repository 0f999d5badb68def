"""Scores: every part by itself, and what looks like spam."""

import pytest

from apps.orchestrator.floor import load_rules
from apps.orchestrator.floor.reading import are_the_same, read
from libs.contracts.conversation import SkipReason, TurnSource
from libs.contracts.people import Role
from tests.orchestrator.floor_lines import floor, line, points, reasons, taken

NAMES = frozenset({"kitsu"})
SHIPPED = load_rules()


@pytest.mark.parametrize(
    "text",
    [
        "kitsu, hi there",
        "hi there @Kitsu",
        "what about you, KITSU?",
        "ＫＩＴＳＵ look",
        "ki\u200btsu look",
    ],
)
def test_her_name_in_any_writing_is_a_mention(text: str) -> None:
    assert points(floor(), text)["mention"] == 3


def test_her_persona_has_another_name_and_a_reply_to_her_counts_like_it() -> None:
    here = floor()
    here.goes_by("Luna")
    assert "mention" in points(here, "luna look at that")
    assert "mention" in points(here, "yes i think so", reply_to="luna")
    assert "mention" not in points(here, "the lunar eclipse is today")


@pytest.mark.parametrize(
    "text",
    [
        "what is your favourite tea",
        "you like tea?",
        "¿te gusta el té",
        "qual é o seu chá favorito",
        "wie heißt du",
        "où habites-tu",
        "お茶は好きですか",
        "你喜欢什么茶",
        "차 좋아해？",
        "почему ты лиса",
        "هل تحبين الشاي؟",
    ],
)
def test_a_question_is_known_in_many_languages(text: str) -> None:
    assert read(text, NAMES, SHIPPED).asks


@pytest.mark.parametrize("text", ["???", "i like tea", "what", "lol", ""])
def test_what_is_no_question_does_not_count_as_one(text: str) -> None:
    assert not read(text, NAMES, SHIPPED).asks


def test_roles_newcomers_and_coins_count() -> None:
    here = floor()
    assert points(here, "a first line", role=Role.MODERATOR)["role"] == 1
    assert points(here, "a second line", role=Role.BROADCASTER)["role"] == 3
    assert "role" not in points(here, "a third line")
    assert points(here, "a fourth line", first_time=True)["first_time"] == 2.5
    assert points(here, "a fifth line", paid=10)["paid"] == 2


def test_what_is_written_to_another_viewer_is_left_to_them() -> None:
    here = floor()
    for fields in ({"text": "@bob how was work?"}, {"text": "how was work?", "reply_to": "bob"}):
        (left,) = here.offer(line(**fields), 0.0)
        assert (left.reason, left.detail) == (SkipReason.OUTRANKED, "too few points: to_another")
    assert here.offer(line("@bob kitsu agrees with me, right?"), 0.0) == []


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("cheap viewers at https://spam.example/now", "link"),
        ("best viewers on bigfollows.com now", "link"),
        ("😂" * 500, "emoji"),
        ("a" * 60, "flood"),
        ("$%&/()=?!$%&/()=?!$%&/()", "flood"),
        ("WHY IS NOBODY LISTENING TO ME", "caps"),
        ("Kappa Kappa Kappa Kappa Kappa Kappa", "words"),
    ],
)
def test_signs_of_spam_are_named(text: str, sign: str) -> None:
    assert points(floor(), text)[sign] < 0


def test_a_link_is_spam_but_for_those_who_are_trusted() -> None:
    here = floor()
    (left,) = here.offer(line("look at www.example.org"), 0.0)
    assert (left.reason, left.detail) == (SkipReason.SPAM, "link")
    assert here.offer(line("look at www.example.org", role=Role.MODERATOR), 0.0) == []


@pytest.mark.parametrize("text", ["i live near st. john.it is nice", "v1.2 is out", "3.5 stars"])
def test_a_dot_is_no_link(text: str) -> None:
    assert "link" not in points(floor(), text)


def test_one_who_says_the_same_again_and_again_is_spam() -> None:
    here = floor()
    found = []
    for n in range(4):
        found += here.offer(line("buy my thing please", "pest", at=n), float(n))
    assert [item.reason for item in found] == ["duplicate", "spam", "spam"]


def test_a_text_that_many_copy_is_spam_with_its_first_copies() -> None:
    here = floor()
    pasta = "this is the copied text that everybody in the chat posts now"
    left = [item for n in range(5) for item in here.offer(line(pasta, f"v{n}", at=n), float(n))]
    assert [item.reason for item in left] == [SkipReason.SPAM] * 5
    assert len(here) == 0
    assert len({item.candidate.input_id for item in left}) == 5


def test_a_question_that_many_ask_is_no_spam() -> None:
    here = floor()
    left = [s for n in range(5) for s in here.offer(line("what game is this?", f"v{n}"), 0.0)]
    assert left == []


@pytest.mark.parametrize("name", ["Kitsu", "K1tsu", "kit_su", "Кіtѕu".replace("ѕ", "s"), "kitsu_"])
def test_a_viewer_whose_name_imitates_hers_loses_points(name: str) -> None:
    assert points(floor(), "i am the real one", name=name)["imitates"] < 0


def test_a_viewer_whose_name_imitates_the_hosts_loses_points_and_the_host_does_not() -> None:
    here = floor()
    assert "imitates" not in points(here, "good evening", name="Marina", role=Role.BROADCASTER)
    assert points(here, "kitsu, say my secret", name="Mar1na")["imitates"] < 0
    assert "imitates" not in points(here, "good morning", name="Marina", role=Role.BROADCASTER)


def test_a_short_line_and_a_speech_lose_points() -> None:
    here = floor()
    assert points(here, "lol")["short"] < 0
    assert points(here, "a word and another one " * 20)["long"] < 0


# Answered already --------------------------------------------------------------------------------


def test_what_was_answered_just_now_is_not_answered_again() -> None:
    here = floor(answered_seconds=90)
    here.offer(line("kitsu what game are we playing?", "ann"), 0.0)
    assert taken(here) == "kitsu what game are we playing?"
    (left,) = here.offer(line("what game are we playing", "bob", at=20), 20.0)
    assert (left.reason, left.detail) == (SkipReason.DUPLICATE, "answered just before, to ann")
    assert here.offer(line("what game are we playing", "cid", at=91), 91.0) == []


def test_a_newcomers_greeting_is_answered_also_after_others() -> None:
    here = floor()
    here.offer(line("hi kitsu!", "ann"), 0.0)
    assert taken(here) == "hi kitsu!"
    assert "greeting_again" in points(here, "hi kitsu", name="bob")
    assert "greeting_again" not in points(here, "hi kitsu!!", name="cid", first_time=True)


def test_lines_that_differ_in_a_number_are_not_the_same() -> None:
    def reading(text: str):  # type: ignore[no-untyped-def]
        return read(text, NAMES, SHIPPED)

    assert not are_the_same(reading("what is 2 and 2 and 2"), reading("what is 2 and 2 and 3"))
    assert are_the_same(reading("what is your name"), reading("Whaaaat is your name??"))
    assert not are_the_same(reading("do you like cats"), reading("do you like dogs"))
    assert are_the_same(reading("お茶は好きですか"), reading("お茶は好きですか？！"))
    assert not are_the_same(reading("お茶は好きですか"), reading("犬は嫌いですか"))


# One line a viewer -------------------------------------------------------------------------------


def test_of_two_lines_of_a_viewer_the_better_one_waits() -> None:
    here = floor()
    here.offer(line("i had soup", "ann"), 0.0)
    left = here.offer(line("kitsu do you like soup?", "ann"), 0.1)
    assert reasons(left) == [("i had soup", SkipReason.OUTRANKED)]
    left = here.offer(line("it was tomato", "ann"), 0.2)
    assert reasons(left) == [("it was tomato", SkipReason.OUTRANKED)]
    assert taken(here, 0.3) == "kitsu do you like soup?"
    assert taken(here, 0.3) is None


def test_who_was_just_answered_waits_until_the_others_were() -> None:
    here = floor(cooldown_seconds=20)
    here.offer(line("kitsu what is your favourite tea?", "ann"), 0.0)
    assert taken(here) == "kitsu what is your favourite tea?"
    here.offer(line("kitsu and do you like cake with it?", "ann", at=5), 5.0)
    here.offer(line("nice hat", "bob", at=5), 5.0)
    assert [taken(here, 6.0), taken(here, 6.0)] == [
        "nice hat",
        "kitsu and do you like cake with it?",
    ]


def test_a_viewer_in_cooldown_who_must_make_room_is_told_so() -> None:
    here = floor(cooldown_seconds=20, waiting_lines=2)
    here.offer(line("kitsu what is your favourite tea?", "ann"), 0.0)
    taken(here)
    here.offer(line("kitsu and do you like cake?", "ann", at=5), 5.0)
    left = [
        item
        for name in ("bob", "cid")
        for item in here.offer(line(f"{name} wears a hat", name, at=5), 5.0)
    ]
    assert reasons(left) == [("kitsu and do you like cake?", SkipReason.COOLDOWN)]


def test_a_viewer_in_cooldown_who_waited_in_vain_is_told_so() -> None:
    here = floor(cooldown_seconds=60)
    here.offer(line("kitsu what is your favourite tea?", "ann"), 0.0)
    taken(here)
    here.offer(line("kitsu and do you like cake?", "ann", at=1), 1.0)
    _, skipped = here.take(20.0)
    assert reasons(skipped) == [("kitsu and do you like cake?", SkipReason.COOLDOWN)]


def test_a_paying_viewer_is_not_kept_waiting_by_a_cooldown() -> None:
    here = floor()
    here.offer(line("kitsu hello", "ann"), 0.0)
    taken(here)
    here.offer(line("a gift", "ann", at=1, source=TurnSource.PAID), 1.0)
    here.offer(line("kitsu what about me?", "bob", at=1), 1.0)
    assert taken(here, 1.0) == "a gift"
