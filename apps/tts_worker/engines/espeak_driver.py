"""The espeak-ng library, driven with ctypes. Runs in a child process only (`espeak_process`).

Function and structure names are those of espeak-ng's speak_lib.h (version 1.52). The library is
not thread-safe and has one state per process.
"""

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

from apps.tts_worker.engines.espeak_wire import EngineEvent, symbol_text

#: espeak_AUDIO_OUTPUT: sound goes to the callback and `espeak_Synth` returns when all is done.
SYNCHRONOUS = 2
#: Length of a callback's sound. The first one is ready well under a millisecond after the call.
BUFFER_MS = 60
PHONE_EVENTS, PHONES_AS_IPA, DO_NOT_EXIT = 0x0001, 0x0002, 0x8000
CHARACTERS, TEXT_IS_UTF8, PAUSE_AT_END = 1, 1, 0x1000
RATE, PITCH, PITCH_RANGE = 1, 3, 4
LIST_TERMINATED = 0

#: Gets PCM and events; returns False to end the synthesis.
Sink = Callable[[bytes, tuple[EngineEvent, ...]], bool]


class DriverError(Exception):
    """The library cannot be used; the message says why."""


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("symbol", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class EspeakDriver:
    """One loaded library. Raises `DriverError` when it cannot be loaded or finds no data.

    Promises: whatever a sink does, an error in it ends that synthesis and is raised by `speak`;
    the next one starts clean.
    """

    def __init__(self, library_path: Path, data_path: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(library_path))
        except OSError as error:
            raise DriverError(f"the library cannot be loaded: {error}") from None
        options = PHONE_EVENTS | PHONES_AS_IPA | DO_NOT_EXIT
        encoded = str(data_path).encode("utf-8", "surrogateescape")
        self.sample_rate_hz: int = self._library.espeak_Initialize(
            SYNCHRONOUS, BUFFER_MS, encoded, options
        )
        if self.sample_rate_hz <= 0:
            raise DriverError("the library found no usable voice data")
        self._sink: Sink | None = None
        self._sink_error: Exception | None = None
        # The library keeps only the address: the object must live as long as it does.
        self._callback = _Callback(self._on_sound)
        self._library.espeak_SetSynthCallback(self._callback)

    @property
    def version(self) -> str:
        self._library.espeak_Info.restype = ctypes.c_char_p
        return str(self._library.espeak_Info(None).decode("utf-8", "replace"))

    def voices(self) -> Iterator[tuple[str, str, str]]:
        """Name (as `set_voice` takes it), language tag and title of each voice."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = self._library.espeak_ListVoices(None)
        number = 0
        while listed[number]:
            voice = listed[number].contents
            # One byte of priority stands before the tag.
            language = voice.languages[1:].decode("utf-8", "replace").lower()
            name = voice.identifier.decode("utf-8", "replace").rsplit("/", 1)[-1].lower()
            yield name, language, voice.name.decode("utf-8", "replace").strip()
            number += 1

    def set_voice(self, voice: str) -> None:
        """`language+variant`. An unknown variant is not noticed by the library."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise DriverError(f"no voice {voice!r}")

    def set_prosody(self, rate: int, pitch: int, pitch_range: int) -> None:
        for parameter, value in ((RATE, rate), (PITCH, pitch), (PITCH_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def speak(self, text: str, sink: Sink) -> None:
        """Synthesises until the end of the text, or until the sink returns False."""
        raw = text.encode("utf-8", "replace") + b"\0"
        self._sink, self._sink_error = sink, None
        try:
            status = self._library.espeak_Synth(
                raw, len(raw), 0, CHARACTERS, 0, TEXT_IS_UTF8 | PAUSE_AT_END, None, None
            )
        finally:
            self._sink = None
        if self._sink_error is not None:
            raise self._sink_error
        if status != 0:
            raise DriverError(f"espeak_Synth answered {status}")

    def _on_sound(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, events: object) -> int:
        """The library's callback: 0 goes on, 1 stops. ctypes would swallow an exception here."""
        try:
            pcm = ctypes.string_at(wave, count * 2) if wave and count > 0 else b""
            found = tuple(_read_events(events))
            going_on = self._sink is not None and self._sink(pcm, found)
        except Exception as error:  # noqa: BLE001 - carried over the library's frames to `speak`
            self._sink_error = error
            return 1
        return 0 if going_on else 1


def _read_events(events: object) -> Iterator[EngineEvent]:
    number = 0
    while (event := events[number]).type != LIST_TERMINATED:  # type: ignore[index]
        at = ctypes.addressof(event) + _Event.id.offset
        yield EngineEvent(
            kind=event.type & 0xFF,
            sample=max(0, event.sample),
            text_position=max(0, event.text_position),
            length=max(0, event.length),
            symbol=symbol_text(ctypes.string_at(at, 8)) if event.type == 7 else "",
        )
        number += 1
