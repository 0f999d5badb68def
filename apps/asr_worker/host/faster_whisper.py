"""faster-whisper in its host: chooses device, compute type and model, and understands sound.

`load` data: `models` [{name, folder, size_bytes}], smallest first; `keeps_up_seconds`, how long a
pass may take; `device` auto, cpu or cuda; `avoid`, devices that brought the process down before.
"""

import math
from collections.abc import Iterator
from typing import Any

from apps.asr_worker.host.cuda import gpu_memory_bytes
from apps.asr_worker.host.orders import (
    RATE_HZ,
    measured,
    samples_of,
    threads,
)
from libs.engine_host.child import HostError, Order

#: Below it, weights of eight bits leave room for everything else that uses the GPU.
SMALL_GPU_BYTES = 4_000_000_000
#: A larger model is tried for real where its size lets hope for so many times the time it may take.
HOPE = 2.0
#: In the measured pass: as many tokens as a sentence has, whatever the model makes of that sound.
MEASURED_TOKENS = 24
#: The voice filter is there to keep silence out, not to judge: the gate before it did that.
VOICE_FILTER = {
    "threshold": 0.35,
    "min_silence_duration_ms": 1_000,
    "speech_pad_ms": 300,
    "min_speech_duration_ms": 0,
}
#: Whisper's prompt has room for some 220 tokens; names come to about three each.
MOST_WORDS = 60


class HostedEngine:
    """One Whisper, on the best device that works."""

    def __init__(self) -> None:
        self._model: Any = None

    # Loading ----------------------------------------------------------------------------------

    def load(self, order: Order) -> dict[str, Any]:
        """Raises `HostError` when no model works on any device."""
        _package()
        tried: list[str] = []
        for device, compute in self._ways(order):
            order.tell(trying=device, compute_type=compute)
            try:
                return self._choose(order, device, compute)
            except HostError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a driver says: the next way
                tried.append(f"{device} {compute}: {_short(error)}")
                order.tell(failed=tried[-1])
        raise HostError("no_device", f"Whisper works on no device ({'; '.join(tried)})")

    def _ways(self, order: Order) -> Iterator[tuple[str, str]]:
        wanted, avoided = order.data["device"], order.data.get("avoid", ())
        if wanted != "cpu" and "cuda" not in avoided and _gpus():
            small = 0 < gpu_memory_bytes() < SMALL_GPU_BYTES
            yield ("cuda", "int8_float16" if small else "float16")
        yield ("cpu", "int8")
        yield ("cpu", "float32")

    def _choose(self, order: Order, device: str, compute: str) -> dict[str, Any]:
        """The largest model whose pass keeps up: the smallest is measured, and larger ones are
        tried from the largest down that its time lets hope for."""
        if "again" in order.data:
            known = [m for m in order.data["models"] if m["name"] == order.data["again"]["model"]]
            return self._try(order, known[0], device, compute)
        smallest, best, larger = self._first(order, device, compute)
        allowed = order.data["keeps_up_seconds"]
        for model in reversed(larger):
            times = model["size_bytes"] / max(1, smallest["size_bytes"])
            if best["seconds_per_pass"] * times > HOPE * allowed:
                continue
            order.tell(measuring=model["name"], device=device)
            kept, self._model = self._model, None
            try:
                about = self._try(order, model, device, compute)
            except Exception as error:  # noqa: BLE001 - too large for the memory, say
                order.tell(failed=f"{model['name']}: {_short(error)}")
                self._model = kept
                continue
            if about["seconds_per_pass"] <= allowed:
                return about
            self._model = kept
        return best

    def _first(
        self, order: Order, device: str, compute: str
    ) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
        """The smallest model that can be loaded, what it can, and those that are larger. Where two
        fail it is the device that is at fault."""
        models = order.data["models"]
        for index, model in enumerate(models[:2]):
            try:
                return model, self._try(order, model, device, compute), models[index + 1 :]
            except Exception as error:
                if index or len(models) == 1:
                    raise
                order.tell(failed=f"{model['name']}: {_short(error)}")
        raise HostError("model", "no model is named")

    def _try(
        self, order: Order, model: dict[str, Any], device: str, compute: str
    ) -> dict[str, Any]:
        """Loads one and runs it: what is missing in a GPU's libraries shows only then."""
        import faster_whisper

        self._model = faster_whisper.WhisperModel(
            model["folder"],
            device=device,
            compute_type=compute,
            cpu_threads=threads(),
            local_files_only=True,
        )
        silence = samples_of(bytes(2 * RATE_HZ))
        self._pass(silence, max_new_tokens=1)
        self._pass(silence, vad_filter=True, vad_parameters=VOICE_FILTER)  # its model is read too
        seconds = measured(order, lambda sound: self._pass(sound, max_new_tokens=MEASURED_TOKENS))
        many = self._model.model.is_multilingual
        return {
            "label": f"Whisper {model['name']} ({_place(device)}, {compute})",
            "model": model["name"],
            "device": f"{device} {compute}",
            "languages": [] if many else ["en"],
            "word_times": True,
            "hot_words": True,
            "seconds_per_pass": seconds,
        }

    # Understanding ----------------------------------------------------------------------------

    def transcribe(self, order: Order) -> dict[str, Any]:
        if self._model is None:
            raise HostError("not_loaded", "no model is loaded")
        final = bool(order.data["final"])
        words = " ".join(order.data.get("words", ())[:MOST_WORDS])
        segments, about = self._pass(
            samples_of(order.payload),
            language=self._language(order.data.get("language", "")),
            beam_size=2 if final else 1,
            word_timestamps=final,
            without_timestamps=not final,
            hotwords=words or None,
            vad_filter=True,
            vad_parameters=VOICE_FILTER,
        )
        heard = []
        for segment in segments:
            if not order.wanted:
                break
            heard.append(segment)
        return _told(heard, about.language)

    def _pass(self, samples: Any, **options: Any) -> Any:
        """Segments and what is known beside. In a pass of `load` all of it is worked off."""
        usual = {"beam_size": 1, "temperature": 0.0, "condition_on_previous_text": False}
        segments, about = self._model.transcribe(samples, **{**usual, **options})
        if "vad_filter" not in options:
            segments = list(segments)
        return segments, about

    def _language(self, tag: str) -> str | None:
        """A code that the model knows; None: it finds out."""
        code = tag.partition("-")[0].lower()
        return code if code in self._model.supported_languages else None


def _told(segments: list[Any], language: str) -> dict[str, Any]:
    """All segments as one answer: doubts are weighed by length, the worst repetition counts."""
    if not segments:
        return {"text": "", "words": [], "language": None, "no_speech_probability": 1.0}
    weights = [max(1, len(segment.tokens)) for segment in segments]

    def mean(values: list[float]) -> float:
        return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)

    log_probability = mean([float(segment.avg_logprob) for segment in segments])
    return {
        "text": "".join(segment.text for segment in segments).strip(),
        "words": [
            [word.word.strip(), float(word.start), float(word.end), float(word.probability)]
            for segment in segments
            for word in segment.words or ()
        ],
        "language": language,
        "confidence": math.exp(min(0.0, log_probability)),
        "no_speech_probability": mean([float(segment.no_speech_prob) for segment in segments]),
        "mean_log_probability": log_probability,
        "compression_ratio": max(float(segment.compression_ratio) for segment in segments),
    }


def _package() -> None:
    try:
        import faster_whisper  # noqa: F401
    except ImportError as error:
        raise HostError("missing", f"faster-whisper cannot be loaded ({error})") from None


def _gpus() -> bool:
    import ctranslate2

    return bool(ctranslate2.get_cuda_device_count() > 0)


def _place(device: str) -> str:
    return "GPU" if device == "cuda" else "processor"


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:160]
