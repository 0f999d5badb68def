"""Whisper on this machine, through faster-whisper in a child process."""

import sys
from typing import Any

from apps.asr_worker.engines.base import RecogniserMissing
from apps.asr_worker.engines.cuda_libraries import cuda_environment
from apps.asr_worker.engines.hosted import HostedRecogniser, HostPlan
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.catalogue import model_of
from libs.speech_models.shelf import ModelMissing, ModelShelf, Shelved

NAME = "faster_whisper"
INSTALL = "kitsu ears install"
GET = "kitsu ears get base"

#: A pass over three seconds of sound that takes longer keeps a talk waiting.
KEEPS_UP_SECONDS = 1.0


def faster_whisper(settings: AsrSettings, shelf: ModelShelf) -> HostedRecogniser:
    """The recogniser. `ASR_MODEL=auto`: of all whole models on the shelf, the largest that keeps up
    with a talk. A model that is not whole is refused, and nothing is fetched."""

    def plan() -> HostPlan:
        models = [_entry(model) for model in _models(settings, shelf)]
        load: dict[str, Any] = {"models": models, "device": settings.asr_device}
        load["keeps_up_seconds"] = KEEPS_UP_SECONDS
        return HostPlan(NAME, sys.executable, load, INSTALL, cuda_environment())

    def started(about: dict[str, Any]) -> None:
        shelf.note_measured(about["model"], about["seconds_per_pass"], about["device"])

    return HostedRecogniser(NAME, plan, started)


def _models(settings: AsrSettings, shelf: ModelShelf) -> list[Shelved]:
    if settings.asr_model != "auto":
        try:
            return [shelf.find(settings.asr_model, "whisper")]
        except ModelMissing as error:
            raise RecogniserMissing(str(error)) from None
    found = shelf.whole("whisper")
    if not found:
        broken = [f"{model.name}: {model.problem}" for model in shelf.models() if model.problem]
        told = f" ({'; '.join(broken)})" if broken else ""
        raise RecogniserMissing(f"no model is here{told}: {GET}")
    return found if settings.asr_language.startswith("en") else _of_many_languages(found)


def _of_many_languages(found: list[Shelved]) -> list[Shelved]:
    """A larger model that knows English only is no better for somebody who speaks another language;
    it is taken where there is no other."""
    english = [model for model in found if (known := model_of(model.name)) and known.languages]
    return [model for model in found if model not in english] or found


def _entry(model: Shelved) -> dict[str, Any]:
    return {"name": model.name, "folder": str(model.folder), "size_bytes": model.size_bytes}
