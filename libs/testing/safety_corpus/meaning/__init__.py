"""Lines that are bad by what they mean, most of them without a listed word, and harmless ones that
share their words. The word and phrase layer sees few of the former; what it lets pass is for a
second model."""

import base64
import binascii
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from libs.testing.safety_corpus.corpus import CorpusError

#: The label of lines that may pass.
HARMLESS = "ok"


@dataclass(frozen=True)
class MeaningLine:
    """A text and what is bad about it, or `HARMLESS`. `language`: ISO 639-1, the file's name."""

    label: str
    text: str
    language: str


@cache
def meaning_lines() -> tuple[MeaningLine, ...]:
    """All files beside this one: `label<TAB>text`, the text in base64. Raises `CorpusError`."""
    return tuple(
        _line(f"{path.name}, line {number}", row, path.stem)
        for path in sorted(Path(__file__).parent.glob("*.tsv"))
        for number, row in enumerate(path.read_text("utf-8").splitlines(), start=1)
    )


def _line(where: str, row: str, language: str) -> MeaningLine:
    label, _, encoded = row.partition("\t")
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise CorpusError(f"{where}: the text is not base64 of UTF-8") from None
    if not label or not text:
        raise CorpusError(f"{where}: needs a label and a text")
    return MeaningLine(label, text, language)
