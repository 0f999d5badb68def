"""What `kitsu doctor` says of the recogniser: whether speech is understood, or can be."""

from importlib.util import find_spec

from apps.cli.check import Check
from apps.cli.failures import Failed
from apps.cli.local_api import LocalApi
from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.speech_models.shelf import ModelMissing, ModelShelf

NAME = "Recogniser"
NONE = "no recogniser: typed and chat input only"
INSTALL, GET = "kitsu ears install", "kitsu ears get base"


def recogniser(settings: CliSettings) -> Check:
    """While Kitsu runs, what the ears say; otherwise what is on this machine."""
    if settings.asr_engine == "off":
        return Check(NAME, "ok", "switched off (ASR_ENGINE=off): typed and chat input only")
    if SupervisorClient(settings).state is not None:
        running = _of_running(settings)
        if running is not None:
            return running
    return _of_machine(settings)


def _of_running(settings: CliSettings) -> Check | None:
    """None where the ears say nothing, or only that there is none: then this machine tells more."""
    try:
        status = LocalApi(settings).call("orchestrator", "GET", "/status", timeout_seconds=3.0)
    except Failed:
        return None
    modules = status.get("modules")
    ears = modules.get("asr_worker") if isinstance(modules, dict) else None
    if not isinstance(ears, dict):
        return None
    state, detail = str(ears.get("state")), str(ears.get("detail"))
    if state == "ready":
        return Check(NAME, "ok", detail)
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
