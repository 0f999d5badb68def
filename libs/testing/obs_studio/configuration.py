"""The folder of a test's OBS: its settings, scenes and sounds, and who may use the folder."""

import json
import math
import re
import shutil
import struct
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.testing.obs_studio.collection import scene_collection

#: A folder that holds this file was made here, and may be written anew.
MARK = ".kitsu-obs-studio"
#: Name of the profile and of the scene collection.
NAME = "kitsu"

SAMPLE_RATE_HZ = 48_000
TONE_HZ = 440
TONE_SECONDS = 20
TONE_PEAK = 0.28

#: What settings files of any form take as it is.
_PLAIN_PASSWORD = re.compile(r"[A-Za-z0-9_.-]{6,64}")

_SAVED_BY = 29 << 24 | 2
_PRIVATE = 0o700


class StudioFailed(Exception):
    """OBS could not be started or does not answer; the message says why."""


@dataclass(frozen=True)
class StudioFolder:
    """Where everything of one OBS lies."""

    root: Path
    port: int
    password: str
    width: int = 640
    height: int = 360
    frames_per_second: int = 10

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def config(self) -> Path:
        return self.home / ".config" / "obs-studio"

    @property
    def profile(self) -> Path:
        """Size, frames a second, recording: what OBS calls its settings."""
        return self.config / "basic" / "profiles" / NAME / "basic.ini"

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def tone(self) -> Path:
        """A WAV of some seconds: her voice, or what is said into the microphone."""
        return self.root / "tone.wav"

    def claim(self) -> None:
        """Makes the folder private and ours. Raises `StudioFailed` for one that is not ours."""
        if not _PLAIN_PASSWORD.fullmatch(self.password):
            raise StudioFailed("the password must be 6 to 64 letters, digits, _ . or -")
        if not str(self.root).isprintable():
            raise StudioFailed(f"{self.root!r}: a path that settings files cannot hold")
        if self.root.exists() and not self.root.is_dir():
            raise StudioFailed(f"{self.root} is not a folder")
        if self.root.is_dir() and any(self.root.iterdir()) and not (self.root / MARK).is_file():
            raise StudioFailed(f"{self.root} is not empty and was not made for a test's OBS")
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(_PRIVATE)  # OBS writes the password into a file that all may read
        (self.root / MARK).touch()

    def write(self, keep: bool) -> None:
        """Fresh settings; with `keep` what OBS saved stays, but for port and password."""
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)
        scenes = self.config / "basic" / "scenes" / f"{NAME}.json"
        web_socket = self.config / "plugin_config" / "obs-websocket" / "config.json"
        for file in (self.profile, scenes, web_socket):
            file.parent.mkdir(parents=True, exist_ok=True)
        self.recordings.mkdir(exist_ok=True)
        for name in ("global.ini", "user.ini"):  # OBS until 30, and after
            (self.config / name).write_text(_ini(self._program_settings()), "utf-8")
        web_socket.write_text(json.dumps(self._web_socket_settings()), "utf-8")
        if not self.tone.exists():
            write_tone(self.tone)
        if not (keep and scenes.exists()):
            self.profile.write_text(_ini(self._profile_settings()), "utf-8")
            collection = scene_collection(NAME, self.width, self.height)
            scenes.write_text(json.dumps(collection), "utf-8")

    def _program_settings(self) -> dict[str, Mapping[str, object]]:
        return {
            "General": {"FirstRun": "true", "EnableAutoUpdates": "false", "LastVersion": _SAVED_BY},
            "Basic": {
                "Profile": NAME,
                "ProfileDir": NAME,
                "SceneCollection": NAME,
                "SceneCollectionFile": NAME,
            },
            "BasicWindow": {
                "PreviewEnabled": "false",
                "SysTrayEnabled": "false",
                "WarnBeforeStartingStream": "false",
                "WarnBeforeStoppingStream": "false",
                "WarnBeforeStoppingRecord": "false",
            },
            "OBSWebSocket": {
                "FirstLoad": "false",
                "ServerEnabled": "true",
                "ServerPort": self.port,
                "AlertsEnabled": "false",
                "AuthRequired": "true",
                "ServerPassword": self.password,
            },
        }

    def _web_socket_settings(self) -> dict[str, Any]:
        """The same for OBS 31 and newer."""
        return {
            "first_load": False,
            "server_enabled": True,
            "server_port": self.port,
            "alerts_enabled": False,
            "auth_required": True,
            "server_password": self.password,
        }

    def _profile_settings(self) -> dict[str, Mapping[str, object]]:
        return {
            "General": {"Name": NAME},
            "Output": {"Mode": "Simple"},
            "Audio": {"SampleRate": SAMPLE_RATE_HZ},
            "Video": {
                "BaseCX": self.width,
                "BaseCY": self.height,
                "OutputCX": self.width,
                "OutputCY": self.height,
                "FPSType": 0,
                "FPSCommon": self.frames_per_second,
            },
            "SimpleOutput": {
                "FilePath": self.recordings,
                "RecFormat": "mkv",
                "RecQuality": "Small",  # "Stream" could not be paused
                "RecEncoder": "x264_lowcpu",
                "RecRB": "true",
                "RecRBTime": 10,
                "StreamEncoder": "x264",
                "Preset": "ultrafast",
                "VBitrate": 500,
                "ABitrate": 96,
            },
        }


def write_tone(path: Path) -> None:
    """A mono sine of `TONE_SECONDS`: whole waves a second, so that it can be repeated."""
    wave_samples = [
        round(32_767 * TONE_PEAK * math.sin(2 * math.pi * TONE_HZ * i / SAMPLE_RATE_HZ))
        for i in range(SAMPLE_RATE_HZ)
    ]
    second = struct.pack(f"<{len(wave_samples)}h", *wave_samples)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        file.writeframes(second * TONE_SECONDS)


def _ini(sections: Mapping[str, Mapping[str, object]]) -> str:
    lines = []
    for section, entries in sections.items():
        lines += [f"[{section}]", *(f"{key}={value}" for key, value in entries.items()), ""]
    return "\n".join(lines)
