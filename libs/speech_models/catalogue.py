"""Recognition models that can be fetched by a short name: where each lies, and how large it is.

The Whisper names and repositories are those of faster-whisper (`faster_whisper.utils`), the others
those of onnx-asr (`onnx_asr.resolver`); tests compare them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["whisper", "onnx"]

WHISPER_FILES = (
    "config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*",
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """`megabytes` is about what is fetched. `files` are patterns; `languages` empty: many."""

    name: str
    repository: str
    megabytes: int
    note: str
    kind: Kind = "whisper"
    files: tuple[str, ...] = WHISPER_FILES
    languages: tuple[str, ...] = ()


def _whisper(name: str, repository: str, megabytes: int, note: str) -> Model:
    english = ("en",) if name.endswith(".en") or name.startswith("distil") else ()
    return Model(name, repository, megabytes, note, languages=english)


def _onnx(name: str, repository: str, megabytes: int, note: str, *parts: str, of: str) -> Model:
    """The eight-bit files: a quarter of the size, and hardly worse."""
    files = ("config.json", *parts)
    return Model(name, repository, megabytes, note, "onnx", files, tuple(of.split()))


_RUSSIAN, _ENGLISH = "ru", "en"
_EUROPEAN = "bg hr cs da nl en et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk"
_PARAKEET = ("encoder-model?int8.onnx", "decoder_joint-model?int8.onnx", "vocab.txt")


def _transducer(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}_{part}?int8.onnx" for part in ("encoder", "decoder", "joint"))


#: Smallest first, within each kind.
MODELS: tuple[Model, ...] = (
    _whisper("tiny", "Systran/faster-whisper-tiny", 78, "for slow machines; makes mistakes"),
    _whisper("tiny.en", "Systran/faster-whisper-tiny.en", 78, "English only"),
    _whisper("base", "Systran/faster-whisper-base", 148, "a good start on any processor"),
    _whisper("base.en", "Systran/faster-whisper-base.en", 148, "English only"),
    _whisper("distil-small.en", "Systran/faster-distil-whisper-small.en", 336, "English only"),
    _whisper("small", "Systran/faster-whisper-small", 486, "better; wants 6 cores or more"),
    _whisper("small.en", "Systran/faster-whisper-small.en", 486, "English only"),
    _whisper("distil-medium.en", "Systran/faster-distil-whisper-medium.en", 789, "English only"),
    _whisper("distil-large-v3", "Systran/faster-distil-whisper-large-v3", 1_515, "for a GPU"),
    _whisper("medium", "Systran/faster-whisper-medium", 1_530, "for a GPU"),
    _whisper("medium.en", "Systran/faster-whisper-medium.en", 1_530, "for a GPU; English only"),
    _whisper("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1_620, "the best for a GPU"),
    _whisper("large-v2", "Systran/faster-whisper-large-v2", 3_090, "for a large GPU"),
    _whisper("large-v3", "Systran/faster-whisper-large-v3", 3_090, "for a large GPU"),
    _onnx("gigaam-v2-rnnt", "istupakov/gigaam-v2-onnx", 240, "Russian, without punctuation",
          *_transducer("v2_rnnt"), "v2_vocab.txt", of=_RUSSIAN),
    _onnx("gigaam-v3-e2e-rnnt", "istupakov/gigaam-v3-onnx", 230, "Russian, with punctuation",
          *_transducer("v3_e2e_rnnt"), "v3_e2e_rnnt_vocab.txt", of=_RUSSIAN),
    _onnx("nemo-parakeet-tdt-0.6b-v2", "istupakov/parakeet-tdt-0.6b-v2-onnx", 660, "English",
          *_PARAKEET, of=_ENGLISH),
    _onnx("nemo-parakeet-tdt-0.6b-v3", "istupakov/parakeet-tdt-0.6b-v3-onnx", 670,
          "25 languages of Europe", *_PARAKEET, of=_EUROPEAN),
)  # fmt: skip

BY_NAME: Mapping[str, Model] = {model.name: model for model in MODELS}

#: Other names of the same models.
ALIASES: Mapping[str, str] = {"large": "large-v3", "large-v3-turbo": "turbo"}


def model_of(name: str) -> Model | None:
    return BY_NAME.get(ALIASES.get(name, name))
