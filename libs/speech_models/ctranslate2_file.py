"""Whether a `model.bin` of CTranslate2 is whole: its parts are walked through, not loaded.

The format is that of `ctranslate2.specs.model_spec.ModelSpec.save`: a number of variables, each
with name, shape, type, length and bytes, and a list of aliases behind them.
"""

import os
import struct
from pathlib import Path
from typing import BinaryIO

#: Versions of the format whose variables say how long they are.
KNOWN_VERSIONS = range(4, 7)
#: A model has some thousand variables at most.
MOST_VARIABLES = 1_000_000


class NotAModel(ValueError):
    """It is cut short, or something else; the message says which."""


def check_model_file(path: Path) -> None:
    """Raises `NotAModel`, or `OSError`. A version of the format that is not known passes."""
    with path.open("rb") as file:
        walk = _Walk(file)
        if walk.number("I") not in KNOWN_VERSIONS:
            if walk.size < 1_000 or not walk.looks_like_a_model():
                raise NotAModel("it is no model of CTranslate2")
            return
        walk.text()
        walk.number("I")
        count = walk.number("I")
        if count > MOST_VARIABLES:
            raise NotAModel("it is no model of CTranslate2")
        for _ in range(count):
            walk.variable()
        for _ in range(walk.number("I")):
            walk.text()
            walk.text()


class _Walk:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def number(self, form: str) -> int:
        raw = self._file.read(struct.calcsize(form))
        try:
            return int(struct.unpack(f"<{form}", raw)[0])
        except struct.error:
            raise self._cut() from None

    def text(self) -> None:
        self._skip(self.number("H"))

    def variable(self) -> None:
        self.text()
        self._skip(4 * self.number("B"))  # its shape
        self._skip(1)  # its type
        self._skip(self.number("I"))

    def looks_like_a_model(self) -> bool:
        """An unknown version: at least a small number, and no text or web page."""
        self._file.seek(0)
        return 0 < self.number("I") < 256

    def _skip(self, length: int) -> None:
        if self._file.tell() + length > self.size:
            raise self._cut()
        self._file.seek(length, os.SEEK_CUR)

    def _cut(self) -> NotAModel:
        return NotAModel(f"it is cut short ({self.size / 1e6:.1f} MB are there)")
