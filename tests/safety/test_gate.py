"""What the gate stops, what it lets pass, and what it does when it is attacked itself."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.safety import GateAction, Verdict
from libs.safety import Gate, RulesError
from libs.safety.gate import MAXIMUM_CHARACTERS, Place
from libs.settings.personas import load_persona, persona_names
from tests.safety.corpus import DISGUISES, HARMLESS, INJECTIONS, UNSAYABLE

GATE = Gate.load()
PLACES: list[Place] = ["speech", "input", "chat_out", "operator"]
SWEARING = "Well, " + DISGUISES["plain"] + " it."
SLUR = DISGUISES["slur stretched"]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_listed_word_is_found_in_disguise(disguise: str) -> None:
    verdict = GATE.check(f"Oh no, {DISGUISES[disguise]}, not again.")
    assert verdict.action is GateAction.BLOCK
    assert verdict.text == ""


@pytest.mark.parametrize(("category", "text"), UNSAYABLE)
def test_what_must_not_be_said_is_blocked_under_its_category(category: str, text: str) -> None:
    verdict = GATE.check(text)
    assert (verdict.action, verdict.category) == (GateAction.BLOCK, category)
    assert verdict.rule.startswith(f"{category}.")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_lines_pass_everywhere(text: str) -> None:
    for place in PLACES:
        verdict = GATE.check(text, place)
        assert (verdict.action, verdict.rule) == (GateAction.ALLOW, "")
        assert verdict.text == text


@pytest.mark.parametrize("name", persona_names())
def test_everything_a_shipped_persona_says_by_itself_passes(name: str) -> None:
    persona = load_persona(name)
    scripted = persona.scripted.model_dump()
    lines = [line for value in persona.stock.model_dump().values() for line in value]
    lines += [line for group in scripted.pop("by_style").values() for line in group]
    lines += [line for group in scripted.values() for line in group]
    blocked = [line for line in lines if GATE.check(line).action is not GateAction.ALLOW]
    assert blocked == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_orders_hidden_in_chat_do_not_reach_a_model(text: str) -> None:
    verdict = GATE.check(text, "input")
    assert (verdict.action, verdict.category) == (GateAction.BLOCK, "injection")
    assert GATE.check(text, "operator").category != "injection"


def test_someone_who_writes_of_hurting_themselves_is_noticed() -> None:
    for text in ("i want to die", "sometimes I just want to kill myself", "quero morrer"):
        assert GATE.check(text, "input").category == "self_harm"


def test_viewers_may_swear_but_may_not_use_slurs() -> None:
    assert GATE.check(SWEARING, "input").action is GateAction.ALLOW
    assert GATE.check(SLUR, "input").action is GateAction.BLOCK


def test_family_mode_softens_mild_words_and_blocks_swearing() -> None:
    verdict = GATE.check("What the hell? Damn!")
    assert (verdict.action, verdict.text) == (GateAction.SOFTEN, "What the heck? Darn!")
    assert GATE.check(SWEARING).action is GateAction.BLOCK


def test_out_of_family_mode_swearing_passes_and_slurs_do_not() -> None:
    late = GATE.in_mode(False)
    assert late.check(SWEARING).action is GateAction.ALLOW
    assert late.check("Damn!").action is GateAction.ALLOW
    assert late.check(SLUR).action is GateAction.BLOCK
    assert GATE.family_mode


def test_an_operator_who_overrides_is_on_record() -> None:
    verdict = GATE.override(SWEARING, "ana")
    assert (verdict.action, verdict.text) == (GateAction.ALLOW, SWEARING)
    assert verdict.overridden_by == "ana"
    assert verdict.rule == "profanity.word"


def test_an_override_that_was_not_needed_is_not_recorded() -> None:
    assert GATE.override("Hello there.", "ana").overridden_by is None


def test_nobody_can_override_a_hard_rule() -> None:
    verdict = GATE.override(SLUR, "ana")
    assert (verdict.action, verdict.overridden_by) == (GateAction.BLOCK, None)


def test_a_text_that_is_too_long_is_blocked_unread() -> None:
    verdict = GATE.check("a " * 100_000)
    assert (verdict.action, verdict.rule) == (GateAction.BLOCK, "too_long")
    assert GATE.check("ha " * (MAXIMUM_CHARACTERS // 3)).action is GateAction.ALLOW


def test_a_gate_that_fails_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate.load()

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(gate, "_worst", broken)
    for verdict in (gate.check("Hello."), gate.override("Hello.", "ana")):
        assert (verdict.action, verdict.text, verdict.rule) == (
            GateAction.BLOCK,
            "",
            "gate_error",
        )


def test_a_verdict_never_repeats_the_words() -> None:
    for text in DISGUISES.values():
        verdict = GATE.check(text)
        assert DISGUISES["plain"] not in verdict.model_dump_json()


def test_the_rule_files_do_not_read_as_a_list_of_slurs() -> None:
    folder = Path(__file__).resolve().parents[2] / "configs" / "safety"
    text = " ".join(p.read_text("utf-8") for p in folder.glob("*.yaml")).lower().split()
    assert DISGUISES["plain"] not in text


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=300), place=st.sampled_from(PLACES))
def test_any_text_gets_a_verdict_and_blocked_ones_say_nothing(text: str, place: Place) -> None:
    verdict = GATE.check(text, place)
    assert isinstance(verdict, Verdict)
    assert verdict.rule != "gate_error"
    assert (verdict.action is GateAction.BLOCK) == (verdict.text == "" and bool(verdict.rule))


@settings(max_examples=200, deadline=None)
@given(
    before=st.sampled_from(["", "Well, ", "ok... ", "日本 ", "1) "]),
    after=st.sampled_from(["", "!", " then.", "?? \U0001f600", " и вот"]),
    gaps=st.lists(st.sampled_from(["", ".", "-", "\u200b", " ", "\u0336"]), min_size=3, max_size=3),
    repeats=st.lists(st.integers(1, 4), min_size=4, max_size=4),
)
def test_one_kind_of_gap_and_any_repeats_do_not_hide_a_word(
    before: str, after: str, gaps: list[str], repeats: list[int]
) -> None:
    word = DISGUISES["plain"]
    gap = gaps[0]
    stretched = [letter * count for letter, count in zip(word, repeats, strict=True)]
    inside_the_word = gap in ("", "\u200b", "\u0336")
    text = gap.join(stretched if inside_the_word else word)
    assert GATE.check(before + text + after).action is GateAction.BLOCK


def test_rules_that_are_missing_or_wrong_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="no terms"):
        Gate.load(folder=tmp_path)
    (tmp_path / "mine.yaml").write_text("terms: [{category: x, tier: nice, place: word}]")
    with pytest.raises(RulesError, match=r"mine\.yaml: terms\.0\.tier"):
        Gate.load(folder=tmp_path)
    (tmp_path / "mine.yaml").write_text("patterns: [{code: a, category: b, regex: ['(']}]")
    with pytest.raises(RulesError, match="not a regular expression"):
        Gate.load(folder=tmp_path)
    (tmp_path / "mine.yaml").write_text("a: [")
    with pytest.raises(RulesError, match="not valid YAML"):
        Gate.load(folder=tmp_path)


def test_a_streamers_own_words_go_into_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "terms: [{category: own, tier: strong, place: word, words: voldemort}]"
    )
    gate = Gate.load(folder=tmp_path)
    assert gate.check("He is V0ldemort!").rule == "own.leet"
