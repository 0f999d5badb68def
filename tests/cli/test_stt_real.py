"""`kitsu stt` against the real route, gate and recogniser."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from apps.asr_worker.recognisers import ladder_of
from apps.asr_worker.settings import AsrSettings
from apps.asr_worker.transcribe_api import BODY_BYTES, CONTENT_TYPE, PATH, TranscribeApi
from apps.cli.__main__ import kitsu
from libs.audio.wav import Recording, encode_wav
from libs.testing.tiny_whisper import write_tiny_whisper
from libs.worker.access import Access
from libs.worker.http_port import HttpPort, bind
from libs.worker.problems import Problem
from libs.worker.web_gate import GateRules, WebGate, own_hosts
from tests.asr_worker.speech import spoken
from tests.packages import need_packages


async def answered(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


async def test_a_spoken_sentence_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_packages("ctranslate2", "faster_whisper")
    write_tiny_whisper(tmp_path / "asr_models" / "base", "Hello Kitsu, can you hear me?")
    ladder = ladder_of(AsrSettings(kitsu_data_dir=tmp_path))
    listener = bind("127.0.0.1", 0, "ASR_WORKER_PORT")
    port = listener.getsockname()[1]
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ASR_WORKER_PORT", str(port))
    app = Starlette(
        routes=list(TranscribeApi(ladder).routes()), exception_handlers={Problem: answered}
    )
    rules = GateRules(
        own_hosts("127.0.0.1", port),
        body_limits={PATH: BODY_BYTES},
        body_types={PATH: CONTENT_TYPE},
    )
    server = HttpPort(WebGate(app, rules, Access(tmp_path)), listener)
    await server.open()
    file = tmp_path / "hello.wav"
    file.write_bytes(encode_wav(Recording(await spoken("Hello there"), 16_000)))

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, kitsu, ["stt", str(file), *arguments])

    try:
        too_early = await run()
        assert too_early.exit_code == 1
        assert "typed and chat input only" in too_early.output
        await ladder.start()
        assert (await run()).output == "Hello Kitsu, can you hear me?\n"
        document = json.loads((await run("--json", "--language", "en")).output)
    finally:
        await ladder.stop()
        await server.close()
    assert document["text"] == "Hello Kitsu, can you hear me?"
    assert len(document["words"]) == 6
    assert document["engine"] == "faster_whisper"
