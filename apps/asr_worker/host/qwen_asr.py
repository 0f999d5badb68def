"""Qwen3-ASR in its host, over the package qwen-asr 0.0.6, in an environment of its own.

`load` data: `model` (a folder, or a repository that was fetched into that environment's cache),
`device`, `avoid`.
"""

from typing import Any

from apps.asr_worker.host.orders import RATE_HZ, measured, samples_of
from libs.engine_host.child import HostError, Order

#: The package names languages in English (its `inference/utils.py`).
LANGUAGES = {
    "zh": "Chinese", "en": "English", "yue": "Cantonese", "ar": "Arabic", "de": "German",
    "fr": "French", "es": "Spanish", "pt": "Portuguese", "id": "Indonesian", "it": "Italian",
    "ko": "Korean", "ru": "Russian", "th": "Thai", "vi": "Vietnamese", "ja": "Japanese",
    "tr": "Turkish", "hi": "Hindi", "ms": "Malay", "nl": "Dutch", "sv": "Swedish", "da": "Danish",
    "fi": "Finnish", "pl": "Polish", "cs": "Czech", "fil": "Filipino", "fa": "Persian",
    "el": "Greek", "ro": "Romanian", "hu": "Hungarian", "mk": "Macedonian",
}  # fmt: skip
#: A sentence of a talk has fewer; it bounds a model that repeats itself.
MOST_TOKENS = 256


class HostedEngine:
    """One Qwen3-ASR. It knows no word times (they need a second model) and no doubts."""

    def __init__(self) -> None:
        self._model: Any = None

    def load(self, order: Order) -> dict[str, Any]:
        try:
            from qwen_asr import Qwen3ASRModel
        except ImportError as error:
            raise HostError("missing", f"qwen-asr cannot be loaded ({error})") from None
        device, dtype = _place(order)
        order.tell(trying=device)
        try:
            self._model = Qwen3ASRModel.from_pretrained(
                order.data["model"],
                dtype=dtype,
                device_map=device,
                max_inference_batch_size=1,
                max_new_tokens=MOST_TOKENS,
            )
        except (OSError, ValueError) as error:
            raise HostError("model", f"{order.data['model']}: {str(error)[:200]}") from None
        seconds = measured(order, lambda sound: self._heard(sound, "", ""))
        return {
            "label": f"Qwen3-ASR {order.data['model'].rstrip('/').rpartition('/')[2]} ({device})",
            "model": order.data["model"],
            "device": device,
            "languages": list(LANGUAGES),
            "word_times": False,
            "hot_words": True,
            "seconds_per_pass": seconds,
        }

    def transcribe(self, order: Order) -> dict[str, Any]:
        if self._model is None:
            raise HostError("not_loaded", "no model is loaded")
        tag = order.data.get("language", "").lower()
        language = LANGUAGES.get(tag) or LANGUAGES.get(tag.partition("-")[0], "")
        context = " ".join(order.data.get("words", ()))
        heard = self._heard(samples_of(order.payload), context, language)
        return {"text": heard.text.strip(), "words": [], "language": code_of(heard.language)}

    def _heard(self, samples: Any, context: str, language: str) -> Any:
        return self._model.transcribe(
            audio=(samples, RATE_HZ), context=context, language=language or None
        )[0]


def code_of(names: "str | None") -> "str | None":
    """Of "Chinese,English": zh."""
    first = (names or "").partition(",")[0].strip()
    return next((code for code, name in LANGUAGES.items() if name == first), None)


def _place(order: Order) -> "tuple[str, Any]":
    """Device and number format, as torch calls them."""
    import torch

    avoided = order.data["device"] == "cpu" or "cuda" in order.data.get("avoid", ())
    if avoided or not torch.cuda.is_available():
        return "cpu", torch.float32
    return "cuda:0", torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
