"""Where espeak-ng's library and voice data are, at a path the library can use.

The library cuts a data path at 160 bytes without a word, and on Windows opens no path with
characters outside the system's code page. Such a folder is reached by a short way instead.
"""

import ctypes
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from apps.tts_worker.engines.base import EngineMissing

#: The library's own buffer has 160 bytes, in which it also builds the names of files.
MAXIMUM_PATH_BYTES = 120

REINSTALL = "run `kitsu doctor`, or reinstall with: pip install --force-reinstall espeakng-loader"


def installed_parts() -> tuple[Path, Path]:
    """Library and data folder of the installed package. Raises `EngineMissing`."""
    try:
        import espeakng_loader

        library = Path(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineMissing(f"the embedded voice is not installed ({error}): {REINSTALL}") from None
    for part in (library, data):
        if not part.exists():
            raise EngineMissing(f"the embedded voice lacks {part.name}: {REINSTALL}")
    return library, data


def variants_in(data: Path) -> tuple[str, ...]:
    """Names of the voice variants (`f5` in `en-us+f5`): the files of the data folder."""
    folder = data / "voices" / "!v"
    return tuple(sorted(f.name for f in folder.iterdir())) if folder.is_dir() else ()


def is_usable(path: Path) -> bool:
    encoded = os.fsencode(path)
    return len(encoded) <= MAXIMUM_PATH_BYTES and (sys.platform != "win32" or encoded.isascii())


def usable_path(data: Path, keep: ExitStack) -> Path:
    """The same data under a path the library can use, for as long as `keep` is open.

    A link or, where links are not allowed, Windows' short name or a copy in the temporary folder.
    Raises `EngineMissing` when there is no such place.
    """
    if is_usable(data):
        return data
    short = _short_name(data)
    if short is not None and is_usable(short):
        return short
    for place in (tempfile.gettempdir(), os.sep + "tmp"):
        if not is_usable(Path(place) / "kitsu-voice-12345678" / data.name):
            continue
        folder = tempfile.TemporaryDirectory(prefix="kitsu-voice-", dir=place)
        reached = Path(keep.enter_context(folder)) / data.name
        try:
            reached.symlink_to(data, target_is_directory=True)
        except OSError:  # Windows without the right to make links
            shutil.copytree(data, reached)
        return reached
    raise EngineMissing(
        f"the embedded voice cannot reach its data: the path has more than {MAXIMUM_PATH_BYTES} "
        "bytes or unusual letters, and so has the temporary folder; set TMPDIR (Windows: TEMP) to "
        "a short path"
    )


def _short_name(path: Path) -> Path | None:
    """Windows' 8.3 name of a path, where the volume keeps such names."""
    if sys.platform == "win32":
        buffer = ctypes.create_unicode_buffer(1024)
        length = ctypes.windll.kernel32.GetShortPathNameW(str(path), buffer, len(buffer))
        return Path(buffer.value) if 0 < length < len(buffer) else None
    return None
