"""The shipped corpus keeps its form: enough lines, all different, well encoded."""

import base64
import codecs
import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from libs.testing.safety_corpus import CorpusError, attacks, corpus, harmless, split_attacks

#: The hardest words, in rot13; none is an everyday word of another language.
_WORDS = (
    "avttn avttnf avttre avttref snttbg snttbgf ergneqf genaal xvxr xvxrf jrgonpx gbjryurnq "
    "znevpba znevpbarf ivnqb fpujhpugry xnanxra gneybhmr obhtabhyrf sebpvb"
)
SLURS = re.compile(
    rf"\b(?:{'|'.join(codecs.decode(_WORDS, 'rot13').split())})\b",
    re.IGNORECASE,
)
LANGUAGES = {"en", "pt-BR", "es", "de", "fr", "it", "ru", "ja", "pl", "tr", "zh", "ko"}
FILES = ("attacks.tsv", "split.tsv", "harmless.txt")
HEADING = "id\tlanguage\ttrick\tcategory\tplace\ttext\n"
TEXT = base64.b64encode("é".encode()).decode()


def _read(name: str) -> str:
    return (corpus.FOLDER / name).read_text(encoding="utf-8")


def _triples(text: str) -> set[str]:
    text = text.casefold()
    return {text[start : start + 3] for start in range(len(text) - 2)}


def _templates(texts: list[str]) -> Counter[tuple[str, ...]]:
    """How many texts differ in one word only, by the words that stay."""
    filled: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for text in texts:
        words = re.findall(r"\w+", text.casefold())
        for gap in range(len(words) if len(words) > 2 else 0):
            filled[*words[:gap], "_", *words[gap + 1 :]].add(text)
    return Counter({template: len(texts) for template, texts in filled.items()})


def test_the_slur_check_knows_a_slur_when_it_sees_one() -> None:
    readable = [attack.text for attack in attacks() if SLURS.search(attack.text)]
    assert len(readable) >= 15


@pytest.mark.parametrize("name", FILES)
def test_no_slur_can_be_read_in_a_file(name: str) -> None:
    found = [number for number, line in enumerate(_read(name).split("\n")) if SLURS.search(line)]
    assert found == []


@pytest.mark.parametrize("name", ["attacks.tsv", "split.tsv"])
def test_hostile_files_are_ascii_and_hide_every_text(name: str) -> None:
    content = _read(name)
    assert content.isascii()
    assert [a.id for a in attacks() if len(a.text) > 4 and a.text in content] == []


@pytest.mark.parametrize("name", FILES)
def test_files_end_lines_alike_on_every_system(name: str) -> None:
    content = (corpus.FOLDER / name).read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_there_are_enough_attacks_in_every_language() -> None:
    counts = Counter(attack.language for attack in attacks())
    assert counts.total() >= 600
    assert set(counts) == LANGUAGES
    assert 0.4 <= counts["en"] / counts.total() <= 0.6
    assert min(counts[language] for language in ("pt-BR", "es", "de", "fr")) >= 45
    assert min(counts.values()) >= 20


def test_attacks_cover_tricks_categories_and_both_places() -> None:
    assert len({attack.trick for attack in attacks()}) >= 40
    categories = Counter(attack.category for attack in attacks())
    assert len(categories) >= 15
    assert min(categories.values()) >= 10
    assert set(Counter(attack.place for attack in attacks())) == {"input", "speech"}


def test_no_attack_stands_twice() -> None:
    texts = Counter(attack.text.casefold() for attack in attacks())
    assert [attack.id for attack in attacks() if texts[attack.text.casefold()] > 1] == []


def test_attacks_are_sentences_of_their_own_and_no_filled_form() -> None:
    templates = _templates([attack.text for attack in attacks()])
    assert max(templates.values()) <= 3


def test_there_are_enough_pairs_and_each_is_one_of_a_kind() -> None:
    pairs = split_attacks()
    assert len(pairs) >= 40
    assert len({(pair.first, pair.second) for pair in pairs}) == len(pairs)
    assert {pair.place for pair in pairs} == {"input", "speech"}
    assert len({pair.language for pair in pairs}) >= 5


def test_there_are_enough_harmless_lines_in_every_language() -> None:
    counts = Counter(line.language for line in harmless())
    assert counts.total() >= 1200
    assert set(counts) == LANGUAGES
    assert min(counts.values()) >= 30


def test_harmless_lines_are_short_trimmed_and_one_line_each() -> None:
    for line in harmless():
        assert len(line.text) <= 300
        assert line.text == line.text.strip()
        assert len(line.text.splitlines()) == 1


def test_no_two_harmless_lines_are_nearly_the_same() -> None:
    by_language: defaultdict[str, list[str]] = defaultdict(list)
    for line in harmless():
        by_language[line.language].append(line.text)
    alike = [
        (first, second)
        for texts in by_language.values()
        for (first, ours), (second, theirs) in combinations([(t, _triples(t)) for t in texts], 2)
        if len(ours & theirs) > 0.6 * len(ours | theirs)
    ]
    assert alike == []
    assert len({line.text.casefold() for line in harmless()}) == len(harmless())


def test_no_line_is_both_hostile_and_harmless() -> None:
    hostile = {attack.text.casefold() for attack in attacks()}
    assert [line.text for line in harmless() if line.text.casefold() in hostile] == []


def test_the_corpus_is_read_once() -> None:
    assert attacks() is attacks()
    assert split_attacks() is split_attacks()
    assert harmless() is harmless()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "line 1: 6 columns"),
        ("a\tb\tc\td\te\tf\n", "line 1: the heading must be id language"),
        (HEADING + "x\ten\tplain\thate\tinput\n", "line 2: 6 columns parted by tabs, not 5"),
        (HEADING + "x\ten\tplain\thate\tinput\tbad words\n", "line 2: a text is base64"),
        (HEADING + "x\ten\tplain\thate\tinput\t/w==\n", "line 2: a text is base64 of UTF-8"),
        (HEADING + "x\ten\tplain\thate\tinput\t\n", "line 2: a text has 1 to 500"),
        (HEADING + f"x\ten\tplain\thate\tchat\t{TEXT}\n", "line 2: a place is input or speech"),
        (HEADING + f"x\tEnglish\tplain\thate\tinput\t{TEXT}\n", "line 2: a language is like"),
        (HEADING + f"x\ten\tTwo words\thate\tinput\t{TEXT}\n", "line 2: id, trick and category"),
        (HEADING + f"x\ten\tplain\thate\tinput\t{TEXT}\n" * 2, "line 3: the id x is taken"),
    ],
)
def test_a_broken_file_is_refused_with_its_line_and_without_its_text(
    tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "attacks.tsv"
    path.write_text(content, encoding="utf-8", newline="\n")
    with pytest.raises(CorpusError, match=f"attacks.tsv, {re.escape(says)}") as told:
        corpus.read_attacks(path)
    assert "bad words" not in str(told.value)


def test_a_broken_pair_or_harmless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("en\thello\nen hello\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"lines\.txt, line 2: 2 columns"):
        corpus.read_harmless(path)
    with pytest.raises(CorpusError, match=r"lines\.txt, line 1: 7 columns"):
        corpus.read_split_attacks(path)
    path.write_text("en\t" + "a" * 501 + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 1: a text has 1 to 500"):
        corpus.read_harmless(path)


@pytest.mark.parametrize("content", [b"en\t\xff\xfe\n", None])
def test_a_missing_or_unreadable_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "lines.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"lines\.txt: not readable as UTF-8"):
        corpus.read_harmless(path)


def test_a_well_formed_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "attacks.tsv"
    path.write_text(HEADING + f"x-1\tpt-BR\tplain\thate\tspeech\t{TEXT}\n", encoding="utf-8")
    assert corpus.read_attacks(path) == (
        corpus.Attack("x-1", "pt-BR", "plain", "hate", "speech", "é"),
    )
