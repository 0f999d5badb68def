"""Which recognisers stand on the ladder, by the settings and by what is on this machine."""

import importlib
from importlib.util import find_spec
from pathlib import Path

from apps.asr_worker.engines.base import Recogniser
from apps.asr_worker.engines.faster_whisper import GET, INSTALL, faster_whisper
from apps.asr_worker.engines.onnx_asr import onnx_asr
from apps.asr_worker.engines.openai_compatible import OpenAIRecogniser
from apps.asr_worker.engines.qwen_asr import qwen_asr
from apps.asr_worker.recogniser_ladder import RecogniserLadder
from apps.asr_worker.settings import AsrSettings, EngineName
from libs.speech_models.shelf import ModelShelf


def ladder_of(settings: AsrSettings) -> RecogniserLadder:
    """The ladder. `auto`: what was named in the settings on purpose, then a Whisper where package
    and model are here, then a server."""

    def find() -> list[Recogniser]:
        return [_recogniser(name, settings) for name in names_of(settings)]

    return RecogniserLadder(find, lambda: step_of(settings), settings.asr_partials)


def shelf_of(settings: AsrSettings) -> ModelShelf:
    named = settings.asr_models_dir
    return ModelShelf(Path(named).expanduser() if named else settings.kitsu_data_dir / "asr_models")


def names_of(settings: AsrSettings) -> tuple[EngineName, ...]:
    """Recognisers in the order in which they are tried."""
    if settings.asr_engine == "off":
        return ()
    if settings.asr_engine != "auto":
        return settings.asr_engine
    found: dict[EngineName, bool] = {
        "qwen_asr": bool(settings.asr_qwen_python),
        "onnx_asr": bool(settings.asr_onnx_model) and _installed("onnx_asr"),
        "faster_whisper": _installed("faster_whisper") and _has_whisper(settings),
        "openai": bool(settings.asr_openai_base_url),
    }
    return tuple(name for name, there in found.items() if there)


def step_of(settings: AsrSettings) -> str:
    """The one step that gets a first recogniser."""
    if settings.asr_engine == "off":
        return "It is switched off: set ASR_ENGINE=auto"
    if not _installed("faster_whisper"):
        return f"Get one: {INSTALL}"
    return f"Get a model: {GET}"


def _has_whisper(settings: AsrSettings) -> bool:
    """A model that is named stands on the ladder although it is broken: then that is told."""
    return settings.asr_model != "auto" or bool(shelf_of(settings).whole("whisper"))


def _installed(package: str) -> bool:
    importlib.invalidate_caches()  # it may have been installed since the start
    return find_spec(package) is not None


def _recogniser(name: EngineName, settings: AsrSettings) -> Recogniser:
    if name == "faster_whisper":
        return faster_whisper(settings, shelf_of(settings))
    if name == "onnx_asr":
        return onnx_asr(settings, shelf_of(settings))
    if name == "qwen_asr":
        return qwen_asr(settings)
    return OpenAIRecogniser(
        settings.asr_openai_base_url, settings.asr_openai_api_key, settings.asr_openai_model
    )
