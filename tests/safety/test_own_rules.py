"""Own rules of a show, what made a rule speak, and touchy topics."""

import codecs
import time
from pathlib import Path
from typing import Literal

import pytest

from libs.contracts.safety import GateAction, OwnRule
from libs.safety import Gate, RulesError, StreamGate
from libs.safety.own_rules import OwnWords, shortest_part, words_key

GATE = Gate.load()


def hidden(word: str) -> str:
    return codecs.decode(word, "rot13")


SLUR = hidden("snttbg")


def rule(action: Literal["allow", "block"], text: str) -> OwnRule:
    return OwnRule(rule_id=f"{action} {text}", action=action, text=text, by="operator", made_at=1.0)


def blocking(*texts: str) -> Gate:
    return GATE.with_own_rules(tuple(rule("block", text) for text in texts))


def allowing(*texts: str) -> Gate:
    return GATE.with_own_rules(tuple(rule("allow", text) for text in texts))


# Blocking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "beware of the final boss",
        "the FINAL   BOSS!",
        "the final-boss",
        "fin4l b0ss",
        "finaaaal bossss",
        "f i n a l b o s s",
        "f.i.n.a.l b.o.s.s",
        "the fi nal bo ss",
        "the finalboss",
        "the final\u200bboss",
        "fi\u200bnal bo\u00adss",
        "ｆｉｎａｌ ｂｏｓｓ",
        "the fínal bóss",
        "the finаl bоss",  # Cyrillic a and o
    ],
)
def test_blocked_words_are_found_in_every_disguise(text: str) -> None:
    verdict = blocking("Final Boss").check(text)
    assert (verdict.action, verdict.rule, verdict.category) == (
        GateAction.BLOCK,
        "own.block",
        "own",
    )
    assert verdict.text == ""
    assert GATE.check(text).action is GateAction.ALLOW


def test_what_was_said_before_a_rule_was_made_does_not_block_what_follows() -> None:
    gate = blocking("final boss")
    assert gate.check("tell me more", before="I like the final boss").action is GateAction.ALLOW
    assert gate.check("boss is strong", before="I like the final").rule == "own.block"


@pytest.mark.parametrize(
    "text", ["the boss is final", "finally a boss", "a final bossanova", "boss", "final", ""]
)
def test_other_words_are_not_blocked(text: str) -> None:
    assert blocking("final boss").check(text).action is GateAction.ALLOW


@pytest.mark.parametrize("place", ["speech", "input", "chat_out", "operator"])
def test_blocked_words_are_blocked_everywhere(place: Literal["speech", "input"]) -> None:
    assert blocking("spoiler").check("a spoiler", place).rule == "own.block"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("дурак", "ты дурак"),
        ("ホラー", "これはホラーだよ"),
        ("7up", "a 7UP please"),
        ("don't", "dont"),
    ],
)
def test_words_of_other_scripts_and_with_signs_are_blocked(words: str, text: str) -> None:
    assert blocking(words).check(text).rule == "own.block"


def test_blocked_words_are_found_across_two_sentences() -> None:
    gate = StreamGate(blocking("final boss"))
    [first] = gate.feed("This one is the final.")
    [second] = gate.feed("Boss is a funny word.")
    assert first.verdict.action is GateAction.ALLOW
    assert second.verdict.rule == "own.block"


def test_an_operator_may_say_what_the_show_blocks() -> None:
    verdict = blocking("spoiler").override("a spoiler", "sam")
    assert (verdict.action, verdict.overridden_by) == (GateAction.ALLOW, "sam")


# Allowing ----------------------------------------------------------------------------------------


def test_allowed_words_do_not_count_and_all_others_do() -> None:
    gate = allowing("damn", "kitsu.gg")
    assert gate.check("Damn, that was close").text == "Damn, that was close"
    assert gate.check("see KITSU.gg for more").action is GateAction.ALLOW
    assert gate.check("see evil.gg for more").rule == "links.address"
    assert gate.check("what the hell, damn").action is not GateAction.ALLOW
    assert GATE.check("see kitsu.gg for more").action is GateAction.BLOCK


def test_a_disguise_of_an_allowed_word_stays_blocked() -> None:
    word = hidden("fuvg")
    gate = allowing(word)
    assert gate.check(f"oh {word}").action is GateAction.ALLOW
    for other in (f"bull{word}", f"{word}head", " ".join(word), word.replace("i", "1")):
        assert gate.check(f"oh {other}").action is GateAction.BLOCK


def test_what_nobody_can_lift_is_not_lifted_by_an_own_rule() -> None:
    for gate in (allowing(SLUR), allowing(f"you {SLUR}"), allowing("you", SLUR)):
        verdict = gate.check(f"you {SLUR}")
        assert verdict.action is GateAction.BLOCK
        assert verdict.rule == GATE.check(f"you {SLUR}").rule


def test_what_is_allowed_and_blocked_is_blocked() -> None:
    gate = GATE.with_own_rules((rule("allow", "damn"), rule("block", "damn")))
    assert gate.check("damn it").rule == "own.block"


# Gates with rules --------------------------------------------------------------------------------


def test_a_gate_without_own_rules_is_the_gate_itself() -> None:
    assert GATE.with_own_rules(()) is GATE
    assert blocking("boss").with_own_rules(()).check("boss").action is GateAction.ALLOW


def test_own_rules_of_one_show_do_not_reach_another() -> None:
    one, other = blocking("boss"), blocking("spoiler")
    assert (one.check("boss").rule, other.check("boss").rule) == ("own.block", "")
    assert (one.check("spoiler").rule, other.check("spoiler").rule) == ("", "own.block")
    assert one.in_mode(False).check("boss").rule == "own.block"


@pytest.mark.parametrize(
    "text",
    ["(", "[a-z]+", ".*", "\\", "a|b", "$", "!!!", "...", "\u200b", "🦊", "((((a+)+)+)+)$", "%s"],
)
def test_rules_of_signs_are_no_patterns_and_break_nothing(text: str) -> None:
    gate = GATE.with_own_rules((rule("block", text), rule("allow", text)))
    assert gate.check("rainy days are nice").action is GateAction.ALLOW
    assert gate.check(f"hello {text} there").rule != "gate_error"


def test_two_hundred_rules_cost_little_also_with_hostile_text() -> None:
    rules = [rule("block", f"thing{chr(97 + n % 26)} {'x' * (n % 40 + 1)}") for n in range(200)]
    words = OwnWords(rules, frozenset())
    for text in ("a b c d " * 250, "x " * 1_000, "*x" * 1_000, "😀" * 2_000, "thinga " * 285):
        begun_at = time.process_time()
        assert not words.blocks(text[:2_000], before="well then, what else")
        assert time.process_time() - begun_at < 0.25


def test_two_texts_with_the_same_words_have_one_key() -> None:
    assert words_key("  Final-BOSS!") == words_key("final boss")
    assert words_key("ｆｉｎａｌ boss") == "final boss"
    assert words_key("?!…") == words_key("\u200b") == ""
    assert words_key("ホラー") == "ホラー"


# What made it speak ------------------------------------------------------------------------------


def test_the_words_that_made_a_rule_speak_are_named() -> None:
    assert GATE.matched("well damn, that was close") == "damn"
    assert GATE.matched("come and join discord.gg/evil right now").startswith("discord.gg")


@pytest.mark.parametrize("text", ["", "rainy days", "x" * 2_001])
def test_without_a_rule_that_spoke_nothing_is_named(text: str) -> None:
    assert GATE.matched(text) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("well damn, that was close", "damn"),
        ("come and join discord.gg/evil, right now", "discord.gg/evil"),
        ("Damn!", "Damn"),
        ("damn " * 300, "damn"),
        ("oh s h * t, it fell", "s h * t"),
    ],
)
def test_the_fewest_words_by_which_a_text_is_stopped_are_found(text: str, words: str) -> None:
    rule = GATE.check(text).rule
    assert rule
    assert shortest_part(text, lambda part: GATE.check(part).rule == rule) == words


@pytest.mark.parametrize("text", ["", " ", "rainy days", "!!!"])
def test_where_nothing_speaks_there_are_no_such_words(text: str) -> None:
    assert shortest_part(text, lambda part: False) == ""


# Touchy topics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("did the holocaust really happen?", "holocaust"),
        ("what do you think of the H0L0CAUST", "holocaust"),
        ("tell me about the school shooting", "mass_shooting"),
        ("who should I vote for?", "elections"),
        ("ホロコーストはどう思う", "holocaust"),
        ("god of war is my favourite game", ""),
        ("grapes and therapists", ""),
        ("what about rainy days?", ""),
        ("", ""),
    ],
)
def test_touchy_topics_have_a_code(text: str, code: str) -> None:
    assert GATE.touchy(text) == code


def test_words_that_the_show_allows_are_not_touchy_and_others_are() -> None:
    gate = allowing("Trump card")
    assert gate.touchy("play the TRUMP card") == ""
    assert gate.touchy("vote for trump") == "elections"


def test_a_text_that_cannot_be_read_is_touchy(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate.load()

    def breaks(text: str) -> str:
        raise RuntimeError(text)

    monkeypatch.setattr(gate._topics, "find", breaks)
    assert gate.touchy("anything") == "unknown"


def test_topics_of_a_streamer_are_read_from_a_file_of_their_own(tmp_path: Path) -> None:
    terms = "terms:\n  - {category: rude, tier: strong, place: word, words: meanie}\n"
    (tmp_path / "a.yaml").write_text(terms + "topics:\n  - {code: taxes, words: tax taxes}\n")
    assert Gate.load(folder=tmp_path).touchy("my taxes") == "taxes"
    (tmp_path / "b.yaml").write_text("topics:\n  - {code: Not A Code, words: x}\n")
    with pytest.raises(RulesError, match=r"b.yaml: topics.0.code"):
        Gate.load(folder=tmp_path)
