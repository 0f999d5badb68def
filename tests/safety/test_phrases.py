"""Phrases: how they are written, and what one finds."""

from pathlib import Path

import pytest

from libs.safety import Gate, RulesError
from libs.safety.normalise import fold
from libs.safety.phrase_finder import PhraseFinder
from libs.safety.phrases import PhraseError, Script, WordClasses, compile_phrase
from libs.safety.readings import Reader
from libs.safety.vocabulary import Vocabulary

CLASSES = WordClasses({"threat": ("hurt", "harm", "beat_up"), "you": ("you", "u")})
READER = Reader(Vocabulary((), ()), {})


def found(phrase: str, text: str, script: Script = "latin") -> bool:
    finder = PhraseFinder([compile_phrase(0, phrase, script, CLASSES)])
    words = text if script == "joined" else READER.words(fold(text))
    return any(True for _ in finder.find(words))


@pytest.mark.parametrize(
    ("phrase", "hits", "misses"),
    [
        ("sing|hum loudly", "please hum loudly now", "sing softly"),
        ("{threat} {you}", "we will beat up u", "we will hurt them"),
        ("?just go", "go", "just stay"),
        ("send .. address", "send me your home address", "send a b c d address"),
        ("send ..5 address", "send a b c d address", "send a b c d e f address"),
        ("infect* town", "infectious town", "infant town"),
        ("*phobe here", "a xenophobe here", "a phobia here"),
        ("shut_up now", "shut up now", "shut now"),
        ("you !may go", "you go", "you may go"),
        ("^stop it", "stop it", "please stop it"),
        ("{r_phefr} you", "curse you", "phefr you"),
        ("the end $", "this is the end.", "the end is near"),
        ("don't stop", "dont stop", "do stop"),
    ],
)
def test_an_element_finds_what_it_says_and_no_more(phrase: str, hits: str, misses: str) -> None:
    assert found(phrase, hits)
    assert not found(phrase, misses)


def test_a_gap_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert found("kick .. ball", "kick the red ball")
    assert not found("kick .. ball", "I got a kick. The ball was red.")


def test_neighbours_may_have_a_full_stop_between_them() -> None:
    assert found("be|go quiet", "Go. Quiet!")


def test_unspaced_scripts_are_read_without_spaces() -> None:
    assert found("猫 .. 好き", "猫がとても好き", "joined")
    assert not found("猫 !は 好き", "猫は好き", "joined")


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("?maybe", "no word that must be there"),
        ("a ..9 b", "at most 8 words"),
        ("{nobody} here", "no class 'nobody'"),
        ("a|(b", "neither a word nor a"),
        ("", "no word that must be there"),
    ],
)
def test_a_phrase_that_cannot_be_read_says_why(phrase: str, message: str) -> None:
    with pytest.raises(PhraseError, match=message):
        compile_phrase(0, phrase, "latin", CLASSES)


@pytest.mark.parametrize(
    ("phrase", "script", "tried", "not_tried"),
    [
        ("sing loudly", "latin", "loudly I sing", "I sing"),
        ("{threat} .. {you} now", "latin", "you may harm now", "you may harm"),
        ("shut_up ?please kindly", "latin", "kindly shut", "please shut up"),
        ("infect* town", "latin", "town infection", "town"),
        ("*phobe here", "latin", "here", "a xenophobe"),
        ("猫 .. 好き", "joined", "好き猫", "猫"),
    ],
)
def test_a_phrase_is_compiled_only_where_all_its_words_are(
    phrase: str, script: Script, tried: str, not_tried: str
) -> None:
    compiled = compile_phrase(0, phrase, script, CLASSES)
    finder = PhraseFinder([compiled])
    for text, is_tried in ((not_tried, False), (tried, True)):
        words = text if script == "joined" else READER.words(fold(text))
        assert [*finder.find(words)] == []
        assert compiled.is_compiled is is_tried, text


def test_a_wrong_phrase_in_a_file_is_named_with_file_and_group(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "terms: [{category: own, tier: strong, place: word, words: voldemort}]\n"
        "phrases: [{code: song, category: own, any: 'sing {loudly}'}]",
        "utf-8",
    )
    with pytest.raises(RulesError, match=r"mine\.yaml: phrases of 'song': there is no class"):
        Gate.load(folder=tmp_path)


def test_a_streamers_own_phrase_counts_in_every_disguise(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "terms: [{category: own, tier: strong, place: word, words: voldemort}]\n"
        "often_mistyped: secret ending\n"
        "phrases: [{code: spoiler, category: own, any: 'secret|hidden ending'}]",
        "utf-8",
    )
    gate = Gate.load(folder=tmp_path)
    for text in (
        "the Secret, ending!",
        "s3cret 3nding",
        "s e c r e t  e n d i n g",
        "secretending",
        "secreet endnig",
        "ѕесrеt еnding",
        "gnidne terces"[::-1],
        "ecretsay endingay",
    ):
        assert gate.check(text).rule.startswith("own."), text
    assert gate.check("a secret and a happy end").rule == ""
