"""A server with OpenAI's transcription API, on loopback: whisper-1's answers, and bad ones.

It reads the multipart request as the API's reference describes it (file, model, language, prompt,
response_format, timestamp_granularities[]), looks whether the file is a WAV that can be played, and
answers a text that was chosen, in the form that was asked for.
"""

import asyncio
import email.message
import email.parser
import email.policy
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from libs.audio.wav import NotAWave, decode_wav
from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.listener import HttpStandIn

PATH = "/v1/audio/transcriptions"

#: What the next request meets: a status, or one of these.
FAULTS = (
    "reset",  # the connection ends without an answer
    "half",  # it ends in the middle of one
    "stall",  # it never answers
    "html",  # a page of somebody else, with status 200
    "garbage",  # broken JSON
    "deep",  # JSON that is a thousand lists deep
    "list",  # JSON, but no object
    "no-text",  # an object without a text
    "odd",  # wrong types wherever something may be left out
    "endless",  # an answer without end
    "redirect",  # elsewhere
)


@dataclass
class SeenSound:
    """One request for a transcript as the server saw it."""

    fields: dict[str, list[str]]
    seconds: float = 0.0
    rate_hz: int = 0


class TranscriptionsStandIn(HttpStandIn):
    """`base_url` is what goes into ASR_OPENAI_BASE_URL. `faults` are taken one by one. `forms` are
    the response formats that it knows; others are refused with 400, as servers do."""

    def __init__(
        self,
        text: str = "Hello Kitsu",
        *,
        key: str = "",
        forms: Iterable[str] = ("json", "verbose_json", ""),
        word_times: bool = True,
        faults: Iterable[str] = (),
        lists_models: bool = True,
    ) -> None:
        super().__init__()
        self.text = text
        self.key = key
        self.forms = tuple(forms)
        self.word_times = word_times
        self.faults = deque(faults)
        self.lists_models = lists_models
        self.heard: list[SeenSound] = []
        self.seen_headers: list[dict[str, str]] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    async def route(self, connection: Connection, request: Request) -> None:
        self.seen_headers.append(dict(request.headers))
        given = request.headers.get("authorization", "")
        if self.key and given != f"Bearer {self.key}":
            await _refuse(connection, 401, f"Incorrect API key provided: {given}")
        elif (request.method, request.path) == ("GET", "/v1/models") and self.lists_models:
            await _answer(connection, {"object": "list", "data": [{"id": "whisper-1"}]})
        elif (request.method, request.path) == ("POST", PATH):
            await self._transcribe(connection, request)
        else:
            await _refuse(connection, 404, "unknown path")

    async def _transcribe(self, connection: Connection, request: Request) -> None:
        try:
            seen = _read(request)
        except (NotAWave, ValueError, KeyError) as error:
            await _refuse(connection, 400, f"Invalid file format. {error}")
            return
        self.heard.append(seen)
        fault = self.faults.popleft() if self.faults else ""
        form = seen.fields.get("response_format", [""])[0]
        wants_words = "word" in seen.fields.get("timestamp_granularities[]", ())
        if fault:
            await self._fail(connection, fault)
        elif form not in self.forms or (wants_words and not self.word_times):
            await _refuse(connection, 400, f"response_format {form} is not supported")
        else:
            await _answer(connection, self._document(form, wants_words, seen))

    def _document(self, form: str, wants_words: bool, seen: SeenSound) -> dict[str, Any]:
        if form != "verbose_json":
            usage = {"type": "duration", "seconds": round(seen.seconds)}
            return {"text": self.text, "usage": usage}
        segment = {
            "id": 0, "seek": 0, "start": 0.0, "end": seen.seconds, "text": f" {self.text}",
            "tokens": [1], "temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": 1.1,
            "no_speech_prob": 0.01,
        }  # fmt: skip
        document = {"task": "transcribe", "language": "english", "duration": seen.seconds}
        document |= {"text": self.text, "segments": [segment]}
        if wants_words:
            words = self.text.split()
            step = seen.seconds / max(1, len(words))
            document["words"] = [
                {"word": word, "start": n * step, "end": (n + 1) * step}
                for n, word in enumerate(words)
            ]
        return document

    async def _fail(self, connection: Connection, fault: str) -> None:
        if fault.isdigit():
            await _refuse(connection, int(fault), f"it does not work; your key is {self.key}")
        elif fault == "reset":
            connection.reset()
        elif fault == "half":
            headers = {"Content-Length": "1000"}
            await connection.answer(200, b'{"text": "Hel', "application/json", headers)
            await connection.close()
        elif fault == "stall":
            await asyncio.sleep(3_600)
        elif fault == "endless":
            await connection.begin_stream("application/json")
            while True:
                await connection.send(b'{"text": "' + b"x" * 100_000)
        elif fault == "redirect":
            headers = {"Location": f"http://127.0.0.1:9{PATH}"}
            await connection.answer(302, b"", "text/plain", headers)
        else:
            await connection.answer(200, _BODIES[fault], "application/json")


_ODD = {
    "text": "fine\u202e\x1b[2J all the same", "language": 7, "duration": "long",
    "segments": [7, {"avg_logprob": "nan", "no_speech_prob": None, "compression_ratio": []}],
    "words": [7, {"word": "ok", "start": 0.5, "end": 0.2}, {"word": None}, {"word": "fine",
              "start": 0, "end": 1, "probability": 9}],
}  # fmt: skip
_BODIES = {
    "html": b"<html>Log in first</html>",
    "garbage": b'{"text": ',
    "deep": b'{"text": "a", "words": ' + b"[" * 100_000,
    "list": b'["Hello"]',
    "no-text": b'{"error": {"message": "no"}}',
    "odd": json.dumps(_ODD).encode(),
}


def _read(request: Request) -> SeenSound:
    """The parts of a form (RFC 7578). Raises `NotAWave`, `ValueError` or `KeyError`."""
    kind = request.headers["content-type"].encode("latin1")
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    form = parser.parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + request.raw)
    fields: dict[str, list[str]] = {}
    seen = SeenSound(fields)
    for part in form.iter_parts() if isinstance(form, email.message.EmailMessage) else ():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if name == "file":
            recording = decode_wav(content)
            seen.seconds, seen.rate_hz = recording.seconds, recording.sample_rate_hz
        else:
            fields.setdefault(name, []).append(content.decode())
    if not seen.rate_hz:
        raise ValueError("there is no file")
    return seen


async def _answer(connection: Connection, value: Any) -> None:
    await connection.answer(200, json.dumps(value).encode(), "application/json")


async def _refuse(connection: Connection, status: int, message: str) -> None:
    error = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    await connection.answer(status, json.dumps(error).encode(), "application/json")
