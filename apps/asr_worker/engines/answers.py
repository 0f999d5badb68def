"""What a recogniser answered, made into what the worker knows. Nothing that comes from outside is
taken for granted: wrong types and numbers are left out, texts are bounded and made printable."""

import math
import re
from collections.abc import Mapping
from typing import Any

from apps.asr_worker.engines.base import Capabilities, Transcript, Word

#: Nobody says more in twenty minutes.
LONGEST_TEXT = 40_000
MOST_WORDS = 10_000
#: Line breaks and other control characters, and the invisible ones that turn a text around.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)


def capabilities_of(about: Mapping[str, Any], name: str) -> Capabilities:
    languages = about.get("languages")
    known = languages if isinstance(languages, list) else []
    seconds = number_of(about.get("seconds_per_pass"))
    return Capabilities(
        label=text_of(about.get("label"))[:100] or name,
        word_times=about.get("word_times") is True,
        hot_words=about.get("hot_words") is True,
        languages=tuple(str(tag)[:12] for tag in known),
        seconds_per_pass=seconds,
    )


def transcript_of(answer: Mapping[str, Any], name: str) -> Transcript:
    words = answer.get("words")
    found = [word_of(*entry[:4]) for entry in words or () if isinstance(entry, list) and entry[3:]]
    language = text_of(answer.get("language"))[:40]
    return Transcript(
        text_of(answer.get("text")),
        name,
        words=tuple(word for word in found[:MOST_WORDS] if word is not None),
        language=language or None,
        confidence=share_of(answer.get("confidence")),
        no_speech_probability=share_of(answer.get("no_speech_probability")),
        mean_log_probability=number_of(answer.get("mean_log_probability")),
        compression_ratio=number_of(answer.get("compression_ratio")),
    )


def word_of(text: object, start: object, end: object, confidence: object = None) -> Word | None:
    """None where it is no word, or lies nowhere."""
    said, begins, ends = text_of(text), number_of(start), number_of(end)
    if not said or begins is None or ends is None or begins < 0 or ends < begins:
        return None
    return Word(said[:100], begins, ends, share_of(confidence))


def text_of(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return " ".join(_UNSEEN.sub(" ", value[:LONGEST_TEXT]).split())


def number_of(value: object) -> float | None:
    """A finite number, as JSON knows none else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def share_of(value: object) -> float | None:
    number = number_of(value)
    return None if number is None else max(0.0, min(1.0, number))
