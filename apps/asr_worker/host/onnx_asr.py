"""onnx-asr in its host: GigaAM, Parakeet and others, from a folder.

`load` data: `model` (a name or type that onnx-asr knows), `folder`, `device`, `avoid`, `languages`.
"""

import math
from pathlib import Path
from typing import Any

from apps.asr_worker.host.orders import measured, samples_of, threads
from libs.engine_host.child import HostError, Order

GPU_PROVIDERS = ("CUDAExecutionProvider",)
CPU_PROVIDER = "CPUExecutionProvider"


class HostedEngine:
    """One model of onnx-asr."""

    def __init__(self) -> None:
        self._model: Any = None
        self._takes_language = False

    def load(self, order: Order) -> dict[str, Any]:
        providers = _providers(order)
        order.tell(trying="cuda" if providers != [CPU_PROVIDER] else "cpu")
        self._model = _loaded(order, providers).with_timestamps()
        kind = type(self._model.asr).__name__
        self._takes_language = "Whisper" in kind or kind.endswith("AED")
        seconds = measured(order, lambda sound: self._model.recognize(sound))
        place = "processor" if providers == [CPU_PROVIDER] else "GPU"
        return {
            "label": f"{order.data['model']} ({place})",
            "model": order.data["model"],
            "device": place,
            "languages": order.data.get("languages", []),
            "word_times": True,
            "hot_words": False,
            "seconds_per_pass": seconds,
        }

    def transcribe(self, order: Order) -> dict[str, Any]:
        if self._model is None:
            raise HostError("not_loaded", "no model is loaded")
        language = order.data.get("language", "").partition("-")[0].lower()
        options = {"language": language} if language and self._takes_language else {}
        samples = samples_of(order.payload)
        result = self._model.recognize(samples, **options)
        mean = _mean(result.logprobs)
        return {
            "text": result.text.strip(),
            "words": words_of(result.tokens, result.timestamps, result.logprobs, len(samples)),
            "language": language or None,
            "confidence": None if mean is None else math.exp(min(0.0, mean)),
            "mean_log_probability": mean,
        }


def words_of(
    tokens: "list[str] | None",
    starts: "list[float] | None",
    logs: "list[float] | None",
    samples: int,
) -> list[list[Any]]:
    """Words with their times, of pieces that begin a word with a blank. A word ends where the next
    one begins."""
    if not tokens or not starts:
        return []
    words: list[list[Any]] = []
    for index, (token, start) in enumerate(zip(tokens, starts, strict=False)):
        log = logs[index] if logs and index < len(logs) else None
        begins = not words or token.startswith(" ")
        if begins and (not words or words[-1][0]):
            words.append(["", float(start), 0.0, []])
        words[-1][0] += token.strip()
        if log is not None:
            words[-1][3].append(log)
    end = samples / 16_000
    for word, following in zip(words, [*words[1:], None], strict=True):
        word[2] = max(word[1], min(end, following[1] if following else end))
        mean = _mean(word[3])
        word[3] = None if mean is None else math.exp(min(0.0, mean))
    return [word for word in words if word[0]]


def _mean(logs: "list[float] | None") -> "float | None":
    return sum(logs) / len(logs) if logs else None


def _loaded(order: Order, providers: list[str]) -> Any:
    try:
        import onnx_asr
        import onnxruntime
    except ImportError as error:
        raise HostError("missing", f"onnx-asr cannot be loaded ({error})") from None
    from onnx_asr.utils import ModelLoadingError

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    folder = Path(order.data["folder"])
    try:
        return onnx_asr.load_model(
            order.data["model"],
            folder,
            quantization="int8" if any(folder.glob("*int8.onnx")) else None,
            sess_options=options,
            providers=providers,
        )
    except ModelLoadingError as error:
        raise HostError("model", f"{folder}: {str(error)[:200]}") from None


def _providers(order: Order) -> list[str]:
    try:
        import onnxruntime
    except ImportError as error:
        raise HostError("missing", f"onnxruntime cannot be loaded ({error})") from None
    there = set(onnxruntime.get_available_providers())
    if order.data["device"] == "cpu" or "cuda" in order.data.get("avoid", ()):
        return [CPU_PROVIDER]
    return [name for name in GPU_PROVIDERS if name in there] + [CPU_PROVIDER]
