"""What `kitsu doctor` says of the ears: the microphone, and whether speech is understood."""

from importlib.util import find_spec
from typing import Any

from pydantic import ValidationError

from apps.cli import checkup_sound
from apps.cli.check import Check
from apps.cli.ears_desk import Microphone
from apps.cli.failures import Failed
from apps.cli.local_api import LocalApi
from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.speech_models.shelf import ModelMissing, ModelShelf

NAME = "recogniser"
NONE = "no recogniser: typed and chat input only"
INSTALL, GET = "kitsu ears install", "kitsu ears get base"


def recogniser(settings: CliSettings) -> Check:
    """While Kitsu runs, what the ears say; otherwise what is on this machine."""
    if settings.asr_engine == "off":
        return Check(NAME, "ok", "switched off (ASR_ENGINE=off): typed and chat input only")
    running = _running(settings)
    return (_of_running(*running) if running else None) or _of_machine(settings)


def microphone(settings: CliSettings) -> Check:
    """The device; while Kitsu runs, also what is wrong with its sound, and whether it is muted."""
    check = checkup_sound.microphone(settings)
    running = _running(settings)
    if check.state != "ok" or running is None:
        return check
    _, told = running
    if told.state in ("listening", "waiting") and told.problem:
        found, _, step = told.problem.partition(": ")
        return Check(check.name, "warn", found, step or "kitsu ears status")
    if told.muted:
        return Check(check.name, "ok", f"{check.found}; muted for her, until: kitsu ears unmute")
    return check


def _running(settings: CliSettings) -> tuple[dict[str, Any], Microphone] | None:
    """The state of the ears' module and of the microphone; None where nobody tells."""
    if SupervisorClient(settings).state is None:
        return None
    try:
        status = LocalApi(settings).call("orchestrator", "GET", "/status", timeout_seconds=3.0)
        told = Microphone.model_validate(status.get("microphone", {"state": "not_there"}))
    except (Failed, ValidationError):
        return None
    modules = status.get("modules")
    ears = modules.get("asr_worker") if isinstance(modules, dict) else None
    return (ears, told) if isinstance(ears, dict) else None


def _of_running(ears: dict[str, Any], told: Microphone) -> Check | None:
    """None where the ears say nothing, or only that there is none: then this machine tells more."""
    if told.recogniser and (told.problem or told.muted):
        return Check(NAME, "ok", told.recogniser)
    state, detail = str(ears.get("state")), str(ears.get("detail"))
    if state == "ready":
        return Check(NAME, "ok", told.recogniser or detail)
    if state == "degraded":
        return Check(NAME, "warn", detail, "kitsu ears status")
    return None


def _of_machine(settings: CliSettings) -> Check:
    if settings.asr_openai_base_url or settings.asr_qwen_python:
        return Check(NAME, "ok", "set up; whether it works is seen while Kitsu runs")
    if settings.asr_onnx_model:
        return _of_onnx(settings)
    if find_spec("faster_whisper") is None:
        return Check(NAME, "warn", NONE, f"Optional: {INSTALL}, and {GET}")
    shelf = ModelShelf(settings.models_folder)
    if settings.asr_model != "auto":
        try:
            found = shelf.find(settings.asr_model, "whisper")
        except ModelMissing as problem:
            return _missing(problem)
        return Check(NAME, "ok", f"Whisper {found.name} ({found.folder})")
    whole = shelf.whole("whisper")
    if whole:
        return Check(NAME, "ok", f"Whisper: {', '.join(model.name for model in whole)}")
    broken = [f"{model.name}: {model.problem}" for model in shelf.models() if model.problem]
    return Check(NAME, "warn", "; ".join([NONE, *broken]), f"Optional: {GET}")


def _of_onnx(settings: CliSettings) -> Check:
    if find_spec("onnx_asr") is None:
        return Check(NAME, "warn", "onnx-asr is not installed", "kitsu ears install onnx-asr")
    try:
        found = ModelShelf(settings.models_folder).find(settings.asr_onnx_model, "onnx")
    except ModelMissing as problem:
        return _missing(problem)
    return Check(NAME, "ok", f"{found.name} ({found.folder})")


def _missing(problem: ModelMissing) -> Check:
    found, _, step = str(problem).rpartition(": ")
    return Check(NAME, "warn", found, step)
