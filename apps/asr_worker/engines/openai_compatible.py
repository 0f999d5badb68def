"""Any server with OpenAI's transcription API: speaches, vLLM, whisper.cpp, LocalAI, OpenAI itself.

Over httpx: one request with a file in it. The form is the richest first (`verbose_json`, with word
times), and a plainer one where a server refuses that; what was taken is remembered.
"""

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apps.asr_worker.engines.answers import number_of, share_of, text_of, word_of
from apps.asr_worker.engines.base import (
    Capabilities,
    Hints,
    RecogniserError,
    RecogniserMissing,
    SoundRefused,
    Transcript,
)
from apps.asr_worker.inputs.base import RATE_HZ
from libs.audio.wav import Recording, encode_wav
from libs.settings.model_servers import is_this_machine, shown

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS, PROBE_SECONDS = 3.0, 5.0
#: A pass may take this, and so many times its sound.
PASS_SECONDS, PASS_TIMES = 15.0, 1.0
#: The transcript of a long talk with word times has some hundred kilobytes.
LONGEST_ANSWER_BYTES = 4 << 20
#: OpenAI takes 25 MB; ten minutes have 19.
LONGEST_SOUND_SECONDS = 600
#: Words of a prompt.
MOST_WORDS = 60

_REFUSED = {
    401: "does not accept the key: check ASR_OPENAI_API_KEY",
    402: "has no credit left for this key: top up the account",
    403: "does not accept the key: check ASR_OPENAI_API_KEY",
    404: "knows no such path or model: check ASR_OPENAI_BASE_URL and ASR_OPENAI_MODEL",
    405: "takes no transcriptions there: check ASR_OPENAI_BASE_URL",
    429: "is asked too much: wait, or take another one",
}

#: The forms of a request, richest first: fields beside file, model, language and prompt.
_FORMS: tuple[dict[str, str], ...] = (
    {"response_format": "verbose_json", "timestamp_granularities[]": "word", "temperature": "0"},
    {"response_format": "verbose_json"},
    {"response_format": "json"},
    {},
)


class OpenAIRecogniser:
    """One model of one server. Raises only `RecogniserError`s. The key goes nowhere but to that
    server, and no text of a server into an error."""

    name = "openai"

    def __init__(self, base_url: str, key: str, model: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._model = model
        self._form = 0
        self._client: httpx.AsyncClient | None = None
        self._passing = asyncio.Lock()
        self._host = shown(base_url) if base_url else ""
        self._capabilities = Capabilities(
            f"{self._host} ({model or 'no model named'})",
            word_times=True,
            hot_words=True,
            local=False,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def start(self) -> None:
        """Whether somebody answers there, and takes the key. Not every server lists models."""
        if not self._base_url:
            raise RecogniserMissing("no server is named: set ASR_OPENAI_BASE_URL in .env")
        status, _ = await self._sent("GET", "/models", PROBE_SECONDS)
        if status in (401, 402, 403) or status >= 500:
            raise self._error_of(status)

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(RuntimeError):
                await client.aclose()

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        if not pcm or len(pcm) % 2:
            raise SoundRefused(f"{len(pcm)} bytes are no 16-bit sound")
        seconds = len(pcm) / (2 * RATE_HZ)
        if seconds > LONGEST_SOUND_SECONDS:
            raise SoundRefused(f"longer than {LONGEST_SOUND_SECONDS // 60} minutes: cut it")
        fields = {"model": self._model, "language": hints.language.partition("-")[0]}
        fields["prompt"] = ", ".join(hints.words[:MOST_WORDS])
        asked = {name: value for name, value in fields.items() if value}
        wav = encode_wav(Recording(pcm, RATE_HZ))
        async with self._passing:
            return await self._pass(wav, asked, PASS_SECONDS + PASS_TIMES * seconds)

    async def _pass(self, wav: bytes, asked: dict[str, str], seconds: float) -> Transcript:
        path = "/audio/transcriptions"
        for form in range(self._form, len(_FORMS)):
            fields = {**asked, **_FORMS[form]}
            if not _FORMS[form]:
                fields.pop("prompt", None)
            files = {"file": ("speech.wav", wav, "audio/wav")}
            status, body = await self._sent("POST", path, seconds, data=fields, files=files)
            if status in (400, 415, 422) and form + 1 < len(_FORMS):
                continue
            if status != 200:
                raise self._error_of(status)
            transcript = self._read(body)
            self._form = form  # this one is understood
            return transcript
        raise self._error_of(400)

    async def _sent(
        self, method: str, path: str, seconds: float, **parts: Any
    ) -> tuple[int, bytes]:
        """Status and body of one request. Raises `RecogniserError`."""
        import httpx

        try:
            async with (
                asyncio.timeout(seconds),
                self._connected().stream(method, path, **parts) as answer,
            ):
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > LONGEST_ANSWER_BYTES:
                        raise self._garbled()
                return answer.status_code, body
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL):
            where = "check ASR_OPENAI_BASE_URL and the network"
            raise RecogniserMissing(f"{self._host} does not answer: {where}") from None
        except (TimeoutError, httpx.TimeoutException):
            raise RecogniserError(f"{self._host} takes too long: use a smaller model") from None
        except httpx.HTTPError as error:
            kind = type(error).__name__
            raise RecogniserError(f"the connection to {self._host} broke ({kind})") from None

    def _connected(self) -> "httpx.AsyncClient":
        if self._client is None:
            import httpx

            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._client = httpx.AsyncClient(
                base_url=self._base_url,
                headers=headers,
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=not is_this_machine(self._base_url),  # no proxy on the way to ourselves
            )
        return self._client

    def _read(self, body: bytes) -> Transcript:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise self._garbled() from None
        if not isinstance(document, dict) or not isinstance(document.get("text"), str):
            raise self._garbled()
        return read_transcript(document, self.name)

    def _garbled(self) -> RecogniserError:
        return RecogniserError(
            f"{self._host} gave no transcript: check that ASR_OPENAI_BASE_URL is such an API"
        )

    def _error_of(self, status: int) -> RecogniserError:
        if status in _REFUSED:
            return RecogniserError(f"{self._host} {_REFUSED[status]}")
        if status == 413:
            return SoundRefused(f"{self._host} takes no sound of this length")
        if status >= 500:
            return RecogniserError(f"{self._host} is out of order (status {status})")
        return RecogniserError(f"{self._host} refuses the request (status {status})")


def read_transcript(document: dict[str, Any], name: str) -> Transcript:
    """A `verbose_json` document, or a plain one with nothing but its text."""
    segments = [s for s in _list(document.get("segments")) if isinstance(s, dict)]
    words = [
        word_of(entry.get("word"), entry.get("start"), entry.get("end"), entry.get("probability"))
        for entry in _list(document.get("words"))
        if isinstance(entry, dict)
    ]
    logs = [n for s in segments if (n := number_of(s.get("avg_logprob"))) is not None]
    silence = [n for s in segments if (n := share_of(s.get("no_speech_prob"))) is not None]
    ratios = [n for s in segments if (n := number_of(s.get("compression_ratio"))) is not None]
    return Transcript(
        text_of(document["text"]),
        name,
        words=tuple(word for word in words if word is not None),
        language=_code(document.get("language")),
        no_speech_probability=sum(silence) / len(silence) if silence else None,
        mean_log_probability=sum(logs) / len(logs) if logs else None,
        compression_ratio=max(ratios) if ratios else None,
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _code(language: object) -> str | None:
    """OpenAI names languages in English (`english`), others by their code."""
    text = text_of(language).lower()
    return _CODES.get(text, text if 2 <= len(text) <= 3 else None)


_CODES = {
    "english": "en", "portuguese": "pt", "russian": "ru", "spanish": "es", "german": "de",
    "french": "fr", "italian": "it", "japanese": "ja", "korean": "ko", "chinese": "zh",
    "polish": "pl", "dutch": "nl", "turkish": "tr", "ukrainian": "uk", "arabic": "ar",
    "hindi": "hi", "swedish": "sv", "czech": "cs", "indonesian": "id", "vietnamese": "vi",
}  # fmt: skip
