"""What was heard of a real voice: its own word times taken away, told again from its sound."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import pytest_asyncio

from apps.stage.sentence import Sentence
from apps.tts_worker.engines.base import SoundPiece, SpeechRequest
from apps.tts_worker.engines.espeak import EspeakEngine
from apps.tts_worker.engines.espeak_prosody import Prosody

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: (language, text); none of them was used to fit the lengths of words.
SAID = [
    ("en", "Alright everyone, tonight we finally meet the dragon at the top of the mountain."),
    ("en", "I think it is somewhere over there, behind the old mill, but do not quote me on that."),
    ("en", "Oh no, not again!"),
    ("en", "She promised, she swore, and still she ate 3 of my pancakes."),
    ("en", "Thank you for the kind words; they mean more to me than you would ever guess."),
    ("en", "What would happen if we simply walked around the whole thing without touching it?"),
    ("en", "Once upon a time there was a lighthouse keeper who was afraid of the dark."),
    ("en", "Yes, absolutely. Give me one second."),
    ("pt-br", "Boa noite, pessoal, sejam muito bem-vindos à nossa pequena aventura de hoje."),
    ("pt-br", "Se eu perder mais uma vez, vou fingir que nada disso aconteceu."),
    (
        "de",
        "Ich habe keine Ahnung, warum der Drache so freundlich ist, aber ich beschwere mich nicht.",
    ),
    ("ru", "Мне кажется, что этот ключ лежит где-то под лестницей, но я могу ошибаться."),
]
VOICES = [("en-us+f5", 162), ("en-us+m3", 135), ("en-us+f2", 200)]
CUTS = 200


@dataclass
class Spoken:
    language: str
    text: str
    rate_hz: int
    pieces: list[SoundPiece]

    @property
    def samples(self) -> int:
        return self.pieces[-1].end_samples

    def sentence(self, cues: bool, samples: int | None = None) -> Sentence:
        """As the stage has it, with its word times or without; `samples`: only so much came."""
        sentence = Sentence(0, self.rate_hz)
        sentence.text = self.text
        for piece in self.pieces:
            room = self.samples if samples is None else samples - piece.offset_samples
            pcm = piece.pcm[: max(0, room) * 2]
            sentence.add(piece.offset_samples, pcm, words=piece.words if cues else ())
        if samples is None or samples >= self.samples:
            sentence.close(self.text, self.samples, failed=False)
        return sentence


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoken() -> list[Spoken]:
    """Everything that is said, by each of the voices."""
    found = []
    for voice, rate in VOICES:
        engine = EspeakEngine(voice=voice, prosody=Prosody(rate=rate, pitch=55, pitch_range=60))
        await engine.start()
        for language, text in SAID:
            request = SpeechRequest(text, language=language)
            pieces = [piece async for piece in engine.synthesize(request)]
            found.append(Spoken(language, text, pieces[0].sample_rate_hz, pieces))
        await engine.stop()
    return found


def words_in(text: str) -> int:
    return len(re.findall(r"\w[^\s]*", text))


def errors(spoken: list[Spoken], heard: Callable[[Spoken, float], str]) -> list[int]:
    """Words too many or too few, at random cuts."""
    rng = random.Random(5)
    found = []
    for _ in range(CUTS):
        said = rng.choice(spoken)
        cut = rng.uniform(0.02, said.samples / said.rate_hz)
        truth = words_in(said.sentence(cues=True).heard(cut))
        found.append(abs(words_in(heard(said, cut)) - truth))
    return found


def figures(errors: list[int]) -> str:
    return f"mean {np.mean(errors):.2f}, p95 {np.percentile(errors, 95):g}, most {max(errors)}"


def evenly(said: Spoken, cut: float) -> str:
    """Every word its share of letters, over the whole length: what is to be beaten."""
    words = said.text.split()
    ends = np.cumsum([len(word) + 1 for word in words])
    share = cut / (said.samples / said.rate_hz) * ends[-1]
    return " ".join(
        word for word, end in zip(words, ends, strict=True) if end - len(word) - 1 < share
    )


async def test_words_told_from_the_sound_are_less_than_one_off_and_better_than_spread_evenly(
    spoken: list[Spoken],
) -> None:
    aligned = errors(spoken, lambda said, cut: said.sentence(cues=False).heard(cut))
    even = errors(spoken, evenly)
    print("from the sound:", figures(aligned), "| spread evenly:", figures(even))
    assert np.mean(aligned) <= 0.4
    assert np.percentile(aligned, 95) <= 1
    assert np.mean(aligned) < 0.7 * np.mean(even)


async def test_of_a_sentence_that_is_still_being_made_what_was_heard_is_told_too(
    spoken: list[Spoken],
) -> None:
    def heard(said: Spoken, cut: float) -> str:
        known = min(said.samples, round((cut + 0.6) * said.rate_hz))
        return said.sentence(cues=False, samples=known).heard(cut)

    streamed = errors(spoken, heard)
    print("still being made:", figures(streamed))
    assert np.mean(streamed) <= 0.6
    assert np.percentile(streamed, 95) <= 2


async def test_a_voice_that_tells_its_words_is_believed_to_the_word(spoken: list[Spoken]) -> None:
    for said in spoken:
        sentence = said.sentence(cues=True)
        told = {word.start: word for piece in said.pieces for word in piece.words}
        for start, word in told.items():
            end = start + word.length
            assert len(sentence.heard(word.at_seconds + 0.001)) >= end
            assert len(sentence.heard(word.at_seconds - 0.001)) <= max(0, start)
        assert sentence.heard(said.samples / said.rate_hz) == said.text


async def test_her_pace_in_earlier_sentences_helps_with_one_that_is_still_being_made(
    spoken: list[Spoken],
) -> None:
    slow = [said for said in spoken[len(SAID) : 2 * len(SAID)] if said.language == "en"]
    pace = next(said.sentence(cues=False).pace for said in slow)
    assert pace is not None
    assert pace > 1.05

    def heard(said: Spoken, cut: float, pace: float | None) -> str:
        known = min(said.samples, round((cut + 0.6) * said.rate_hz))
        return said.sentence(cues=False, samples=known).heard(cut, pace)

    helped = errors(slow, lambda said, cut: heard(said, cut, pace))
    alone = errors(slow, lambda said, cut: heard(said, cut, None))
    print("pace known:", figures(helped), "| not known:", figures(alone))
    assert np.mean(helped) < np.mean(alone)
