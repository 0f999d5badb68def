"""Qwen3-ASR in a child process that runs in an environment of its own."""

from apps.asr_worker.engines.base import RecogniserMissing
from apps.asr_worker.engines.hosted import HostedRecogniser, HostPlan
from apps.asr_worker.settings import AsrSettings

NAME = "qwen_asr"
MODEL = "Qwen/Qwen3-ASR-0.6B"


def qwen_asr(settings: AsrSettings) -> HostedRecogniser:
    """The recogniser. Its model was fetched into that environment's own cache before, or lies in a
    folder."""

    def plan() -> HostPlan:
        python = settings.asr_qwen_python
        if not python:
            raise RecogniserMissing("ASR_QWEN_PYTHON names no Python: set it in .env")
        load = {"model": settings.asr_qwen_model or MODEL, "device": settings.asr_device}
        mend = f"install it there: {python} -m pip install qwen-asr"
        return HostPlan(NAME, python, load, mend)

    return HostedRecogniser(NAME, plan)
