"""Pictures are read as they were written, and nonsense is refused."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.testing.obs_studio.pixels import Picture, decoded
from libs.testing.obs_studio.screen import Screen

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def png(
    lines: bytes, width: int, height: int, colour: int, depth: int = 8, interlaced: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    found = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")):
        found += struct.pack(">I", len(data)) + name + data
        found += struct.pack(">I", zlib.crc32(name + data))
    return found


def filtered(picture: Picture, kinds: list[int]) -> bytes:
    """Each line with the filter of that kind (W3C PNG, section 9.2), byte by byte as it is said."""
    height, width, channels = picture.shape
    raw = [[0] * channels + line for line in picture.reshape(height, width * channels).tolist()]
    lines = bytearray()
    above = [0] * (width * channels + channels)
    for kind, line in zip(kinds, raw, strict=True):
        lines.append(kind)
        for i in range(channels, len(line)):
            a, b, c = line[i - channels], above[i], above[i - channels]
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            lines.append((line[i] - (0, a, b, (a + b) // 2, nearest)[kind]) % 256)
        above = line
    return bytes(lines)


@given(data=st.data(), colour=st.sampled_from(sorted(CHANNELS)))
def test_every_filter_is_undone(data: st.DataObject, colour: int) -> None:
    height, width = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6))
    size = height * width * CHANNELS[colour]
    pixels = data.draw(st.binary(min_size=size, max_size=size))
    picture = np.frombuffer(pixels, np.uint8).reshape(height, width, CHANNELS[colour])
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    assert (decoded(png(filtered(picture, kinds), width, height, colour)) == picture).all()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        png(b"\x00\x01", 1, 1, colour=0)[:-30],
        png(b"\x00", 1, 1, colour=0),
        png(b"\x05\x01", 1, 1, colour=0),
        png(b"\x00\x01", 0, 1, colour=0),
        png(b"\x00\x01", 2**31, 2**31, colour=0),
        png(b"\x00\x01", 1, 1, colour=3),
        png(b"\x00\x01", 1, 1, colour=0, depth=16),
        png(b"\x00\x01", 1, 1, colour=0, interlaced=1),
    ],
)
def test_what_is_no_picture_of_ours_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ValueError):
        decoded(nonsense)


def test_a_file_that_is_no_screen_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "screen"
    for nonsense in (b"", b"short", bytes(200), struct.pack(">25I", *[7] * 25) + bytes(100)):
        file.write_bytes(nonsense)
        with pytest.raises(ValueError):
            Screen(file).picture()
