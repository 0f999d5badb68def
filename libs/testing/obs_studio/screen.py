"""The programme as viewers get it: OBS shows it on the whole of a screen that is a file.

A screenshot over obs-websocket draws a scene anew, whatever is really on air; a projector of the
programme does not. Form of the file: X Window System, `XWDFile.h` (version 7).
"""

import struct
from pathlib import Path

import numpy as np

from libs.testing.obs_studio.pixels import Picture

_HEADER = struct.Struct(">25I")
_VERSION = 7
_COLOUR_BYTES = 12


class Screen:
    """Reads what the X server (`Xvfb -fbdir`) draws. Little-endian, 32 bits a pixel."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def picture(self) -> Picture:
        """Rows, columns, RGB. Raises `ValueError` when the file is no such screen."""
        raw = self._file.read_bytes()
        if len(raw) < _HEADER.size:
            raise ValueError("not a screen: too short")
        header = _HEADER.unpack_from(raw)
        start, version, width, height = header[0], header[1], header[4], header[5]
        bits, line_bytes, colours = header[11], header[12], header[19]
        if version != _VERSION or bits != 32:
            raise ValueError(f"a screen of another form: {version=} {bits=}")
        pixels = np.frombuffer(
            raw, np.uint8, line_bytes * height, start + colours * _COLOUR_BYTES
        ).reshape(height, line_bytes // 4, 4)
        return pixels[:, :width, 2::-1].copy()
