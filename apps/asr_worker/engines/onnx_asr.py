"""GigaAM, Parakeet and others on this machine, through onnx-asr in a child process."""

import sys

from apps.asr_worker.engines.base import RecogniserMissing
from apps.asr_worker.engines.cuda_libraries import cuda_environment
from apps.asr_worker.engines.hosted import HostedRecogniser, HostPlan
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.catalogue import model_of
from libs.speech_models.shelf import ModelMissing, ModelShelf

NAME = "onnx_asr"
INSTALL = "kitsu ears install onnx-asr"


def onnx_asr(settings: AsrSettings, shelf: ModelShelf) -> HostedRecogniser:
    """The recogniser. `ASR_ONNX_MODEL` is a name on the shelf, or a folder that is called like the
    model it holds."""

    def plan() -> HostPlan:
        wanted = settings.asr_onnx_model
        if not wanted:
            raise RecogniserMissing("ASR_ONNX_MODEL names no model: set it in .env")
        try:
            shelved = shelf.find(wanted, "onnx")
        except ModelMissing as error:
            raise RecogniserMissing(str(error)) from None
        known = model_of(shelved.name)
        load = {
            "model": shelved.name,
            "folder": str(shelved.folder),
            "device": settings.asr_device,
            "languages": list(known.languages) if known else [],
        }
        return HostPlan(NAME, sys.executable, load, INSTALL, cuda_environment())

    return HostedRecogniser(NAME, plan)
