"""The interface of qwen-asr 0.0.6 (`qwen_asr/inference/qwen3_asr.py`), with a script behind it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

SUPPORTED_LANGUAGES = [
    "Chinese", "English", "Cantonese", "Arabic", "German", "French", "Spanish", "Portuguese",
    "Indonesian", "Italian", "Korean", "Russian", "Thai", "Vietnamese", "Japanese", "Turkish",
    "Hindi", "Malay", "Dutch", "Swedish", "Danish", "Finnish", "Polish", "Czech", "Filipino",
    "Persian", "Greek", "Romanian", "Hungarian", "Macedonian",
]  # fmt: skip


@dataclass
class ASRTranscription:
    language: str
    text: str
    time_stamps: Any = None


class Qwen3ASRModel:
    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str,
        forced_aligner: str | None = None,
        forced_aligner_kwargs: dict[str, Any] | None = None,
        max_inference_batch_size: int = 32,
        max_new_tokens: int | None = 512,
        **kwargs: Any,
    ) -> "Qwen3ASRModel":
        if pretrained_model_name_or_path == "away":
            raise OSError("away is not a local folder and is not a valid model identifier")
        assert set(kwargs) == {"dtype", "device_map"}, kwargs
        return cls()

    def transcribe(
        self,
        audio: Any,
        context: str | list[str] = "",
        language: str | list[str | None] | None = None,
        return_time_stamps: bool = False,
    ) -> list[ASRTranscription]:
        if return_time_stamps:
            raise ValueError("return_time_stamps=True requires `forced_aligner`")
        if language is not None and language not in SUPPORTED_LANGUAGES:
            raise ValueError(f"Unsupported language: {language}")
        samples, rate = audio
        assert isinstance(samples, np.ndarray)
        assert samples.dtype == np.float32
        if not np.abs(samples).max() > 0.001:
            return [ASRTranscription("", "")]
        text = f"{len(samples) / rate:.1f} s with {context or 'nothing'}"
        return [ASRTranscription(language or "Portuguese,English", text)]
