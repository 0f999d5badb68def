"""Sentences that were said before, on disk: a WAV file and a JSON sheet for each."""

import asyncio
import hashlib
import json
import logging
import os
import re
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ParamSpec

from pydantic import BaseModel, ValidationError

from apps.tts_worker.engines.base import Recipe
from libs.audio.wav import NotAWave, Recording, decode_wav, encode_wav
from libs.contracts.speaking import MouthCue, WordCue

#: Raised when sounds kept by an older build must not be used any more.
FORMAT = 1
#: When the folder is full it is emptied to this share, so that it is not trimmed at every sentence.
TRIMMED_SHARE = 0.9
#: Other workers may share the folder; after so many sounds of our own we look what they kept.
LOOK_AGAIN_AFTER = 200
#: A half-written file this old was left by a process that is gone.
ABANDONED_SECONDS = 600

#: Only files named so are ours to remove.
_OURS = re.compile(r"[0-9a-f]{64}\.(wav|json)")
_OURS_UNFINISHED = re.compile(r"[0-9a-f]{64}\.(wav|json)\.[0-9]+\.new")

Arguments = ParamSpec("Arguments")

log = logging.getLogger("kitsu.tts_worker")


@dataclass(frozen=True)
class KeptSound:
    recording: Recording
    mouth: tuple[MouthCue, ...]
    words: tuple[WordCue, ...]


class Sheet(BaseModel):
    """What is known about one kept sound."""

    format: int
    text: str
    voice: str
    engine: str
    details: dict[str, str | int | float]
    sample_rate_hz: int
    samples: int
    checksum: int
    """CRC-32 of the PCM."""
    mouth: tuple[MouthCue, ...]
    words: tuple[WordCue, ...]
    made_at: float


class SoundCache:
    """Keeps at most `maximum_bytes` of sounds in a folder; the oldest goes first. 0 keeps nothing.

    Promises: a sound that comes back is the one that was kept, or none; files are whole or absent;
    the event loop never waits for the disk, and a full or broken disk only means that nothing is
    kept (`problem` says why).
    """

    def __init__(self, folder: Path, maximum_bytes: int) -> None:
        self.folder = folder
        self.problem = ""
        self._maximum_bytes = maximum_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total_bytes = 0
        self._kept_since_look = 0
        self._writing = asyncio.Lock()

    @property
    def total_bytes(self) -> int:
        return self._total_bytes

    def __len__(self) -> int:
        return len(self._sizes)

    async def open(self) -> None:
        """Makes the folder and learns what is in it."""
        if self._maximum_bytes > 0:
            await self._on_disk(self._look)

    async def get(self, recipe: Recipe) -> KeptSound | None:
        """The kept sound. A miss costs no disk access; a damaged one is removed and missed."""
        key = key_of(recipe)
        if key not in self._sizes:
            return None
        try:
            return await asyncio.to_thread(self._read, key, recipe)
        except (OSError, ValueError) as error:
            log.warning("a kept sound is damaged and removed: %s", error)
            async with self._writing:
                await self._on_disk(self._remove, key)
            return None

    async def keep(self, recipe: Recipe, sound: KeptSound) -> None:
        if self._maximum_bytes > 0:
            async with self._writing:
                await self._on_disk(self._write, key_of(recipe), recipe, sound)

    async def _on_disk(
        self, work: Callable[Arguments, None], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> None:
        try:
            await asyncio.to_thread(work, *arguments, **named)
        except OSError as error:
            if not self.problem:
                log.warning("the sound cache %s cannot be used: %s", self.folder, error)
            self.problem = f"{self.folder}: {error.strerror or error}"
        else:
            self.problem = ""

    # In a thread ------------------------------------------------------------------------------

    def _look(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        found: list[tuple[float, str]] = []
        sizes: dict[str, int] = {}
        for entry in os.scandir(self.folder):
            status = entry.stat()
            if _OURS_UNFINISHED.fullmatch(entry.name):
                if time.time() - status.st_mtime > ABANDONED_SECONDS:
                    Path(entry.path).unlink(missing_ok=True)
            elif _OURS.fullmatch(entry.name):
                key = entry.name.partition(".")[0]
                sizes[key] = sizes.get(key, 0) + status.st_size
                if entry.name.endswith(".json"):
                    found.append((status.st_mtime, key))
        self._sizes = OrderedDict((key, sizes.pop(key)) for _, key in sorted(found))
        for half in sizes:  # a sound without its sheet
            self._path(half, "wav").unlink(missing_ok=True)
        self._total_bytes = sum(self._sizes.values())
        self._kept_since_look = 0
        self._trim()

    def _read(self, key: str, recipe: Recipe) -> KeptSound:
        try:
            sheet = Sheet.model_validate_json(self._path(key, "json").read_bytes())
            recording = decode_wav(self._path(key, "wav").read_bytes())
        except (ValidationError, NotAWave) as error:
            raise ValueError(f"{key}: {type(error).__name__}") from None
        whole = sheet.checksum == zlib.crc32(recording.pcm) and sheet.text == recipe.text
        if not whole or sheet.sample_rate_hz != recording.sample_rate_hz:
            raise ValueError(f"{key}: the sound is not the one on its sheet")
        return KeptSound(recording, sheet.mouth, sheet.words)

    def _write(self, key: str, recipe: Recipe, sound: KeptSound) -> None:
        recording = sound.recording
        sheet = Sheet(
            format=FORMAT,
            text=recipe.text,
            voice=recipe.voice,
            engine=recipe.engine,
            details=dict(recipe.details),
            sample_rate_hz=recording.sample_rate_hz,
            samples=recording.samples,
            checksum=zlib.crc32(recording.pcm),
            mouth=sound.mouth,
            words=sound.words,
            made_at=time.time(),
        )
        # The sheet comes last: where it is, the sound is whole.
        written = self._replace(self._path(key, "wav"), encode_wav(recording))
        written += self._replace(self._path(key, "json"), sheet.model_dump_json().encode())
        self._total_bytes += written - self._sizes.pop(key, 0)
        self._sizes[key] = written
        self._kept_since_look += 1
        if self._kept_since_look >= LOOK_AGAIN_AFTER:
            self._look()
        self._trim()

    def _trim(self) -> None:
        if self._total_bytes <= self._maximum_bytes:
            return
        while self._sizes and self._total_bytes > self._maximum_bytes * TRIMMED_SHARE:
            self._remove(next(iter(self._sizes)))

    def _remove(self, key: str) -> None:
        self._total_bytes -= self._sizes.pop(key, 0)
        for kind in ("json", "wav"):
            self._path(key, kind).unlink(missing_ok=True)

    def _replace(self, path: Path, content: bytes) -> int:
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        fresh.write_bytes(content)
        fresh.replace(path)
        return len(content)

    def _path(self, key: str, kind: str) -> Path:
        return self.folder / f"{key}.{kind}"


def key_of(recipe: Recipe) -> str:
    """One name for everything that shapes the sound."""
    content = json.dumps([FORMAT, asdict(recipe)], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
