"""The folder with recognition models: what is there, and whether it is whole."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.speech_models.catalogue import ALIASES, Kind
from libs.speech_models.ctranslate2_file import NotAModel, check_model_file
from libs.telemetry import clock

#: A model that is being fetched, or was: it has this ending until it is whole.
UNFINISHED = ".part"
MEASURED = "measured.json"
#: A model that recognises no words lies here too.
TURN_MODEL = "smart-turn"
#: Any one of them is enough.
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")


class ModelMissing(Exception):
    """No such model here, or not all of it; the message has the step that mends it."""


@dataclass(frozen=True)
class Shelved:
    """A model on this machine. `problem` says what is wrong with it; empty: it is whole."""

    name: str
    folder: Path
    kind: Kind
    size_bytes: int
    problem: str = ""


class ModelShelf:
    """Looks only at the folder: nothing is loaded, and nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def models(self) -> list[Shelved]:
        """All there is, smallest first, also what is not whole."""
        with suppress(OSError):
            folders = [path for path in self.folder.iterdir() if path.is_dir()]
            found = [shelved for path in folders if (shelved := look_at(path)) is not None]
            return sorted(found, key=lambda model: (model.size_bytes, model.name))
        return []

    def whole(self, kind: Kind) -> list[Shelved]:
        return [model for model in self.models() if model.kind == kind and not model.problem]

    def find(self, wanted: str, kind: Kind) -> Shelved:
        """A model by name, or any folder by its path. Raises `ModelMissing`."""
        name = ALIASES.get(wanted, wanted)
        folder = self.folder / name
        if _is_path(wanted):
            folder = Path(wanted).expanduser()
            if not folder.is_dir():
                raise ModelMissing(f"there is no folder {folder}: check the setting")
        shelved = look_at(folder)
        if shelved is None:
            if _is_path(wanted):
                raise ModelMissing(f"{folder} holds no model: check the setting")
            raise ModelMissing(f"the model {name} is not here: kitsu ears get {name}")
        if shelved.problem:
            raise ModelMissing(f"{folder}: {shelved.problem}: {_mend(shelved, wanted)}")
        if shelved.kind != kind:
            raise ModelMissing(f"{folder} is a model of another kind: check the setting")
        return shelved

    # What was measured ------------------------------------------------------------------------

    def measured(self) -> dict[str, dict[str, Any]]:
        """By model: `seconds_per_pass`, `device`, `measured_at`."""
        try:
            document = json.loads((self.folder / MEASURED).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(document, dict):
            return {}
        return {name: entry for name, entry in document.items() if isinstance(entry, dict)}

    def note_measured(self, name: str, seconds_per_pass: float, device: str) -> None:
        """For people to look at; nothing depends on it, so a full disk is no matter."""
        entry = {"seconds_per_pass": round(seconds_per_pass, 3), "device": device}
        document = {**self.measured(), name: {**entry, "measured_at": round(clock.now())}}
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / MEASURED).write_text(json.dumps(document, indent=1), "utf-8")


def look_at(folder: Path) -> Shelved | None:
    """None where there is no sign of a recogniser's model."""
    if folder.name == TURN_MODEL:
        return None
    if folder.name.endswith(UNFINISHED) and folder.is_dir():
        name = folder.name.removesuffix(UNFINISHED)
        kind: Kind = "onnx" if any(folder.glob("*.onnx*")) else "whisper"
        return Shelved(name, folder, kind, _size(folder), "it was not fetched to its end")
    if any(folder.glob("*.onnx")):
        return Shelved(folder.name, folder, "onnx", _size(folder), _onnx_problem(folder))
    if any((folder / name).exists() for name in ("model.bin", "tokenizer.json")):
        return Shelved(folder.name, folder, "whisper", _size(folder), whisper_problem(folder))
    return None


def whisper_problem(folder: Path) -> str:
    """What a Whisper needs and is not there; empty where all is. Without its tokenizer
    faster-whisper would go and look for one on the network."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            return f"{name} is missing"
    if not any((folder / name).is_file() for name in VOCABULARIES):
        return "vocabulary.json is missing"
    name = ""
    try:
        for name in ("config.json", "tokenizer.json", "vocabulary.json"):
            if (folder / name).exists():
                json.loads((folder / name).read_text("utf-8"))
        name = "model.bin"
        check_model_file(folder / "model.bin")
    except NotAModel as error:
        return f"model.bin is broken: {error}"
    except (ValueError, RecursionError):
        return f"{name} is broken"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return ""


def _onnx_problem(folder: Path) -> str:
    empty = [path.name for path in folder.glob("*.onnx") if not path.stat().st_size]
    if empty:
        return f"{empty[0]} is empty"
    return "" if any(folder.glob("*vocab*")) else "its vocabulary is missing"


def _size(folder: Path) -> int:
    total = 0
    with suppress(OSError):
        for path in folder.rglob("*"):
            with suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
    return total


def _is_path(wanted: str) -> bool:
    return any(mark in wanted for mark in "/\\") or wanted.startswith((".", "~"))


def _mend(shelved: Shelved, wanted: str) -> str:
    if _is_path(wanted):
        return "copy the whole folder again"
    return f"kitsu ears get {shelved.name}"
