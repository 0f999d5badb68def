"""PNG pictures as numbers, without an image library.

Portable Network Graphics (W3C Recommendation, second edition): chunks in section 5, filter types
in section 9. Only what OBS writes: 8 bits a channel, not interlaced.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Channels by the header's colour type.
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
#: Larger ones are no pictures that a test asks for.
_MAXIMUM_PIXELS = 4096 * 4096


def decoded(png: bytes) -> Picture:
    """Rows, columns, channels (grey, grey and alpha, RGB or RGBA). Raises `ValueError`."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    try:
        chunks = list(_chunks(png))
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
        if depth != 8 or colour not in _CHANNELS or interlaced:
            raise ValueError(f"a PNG of another form: {depth=} {colour=} {interlaced=}")
        if not 0 < width * height <= _MAXIMUM_PIXELS:
            raise ValueError(f"a PNG of {width} x {height}")
        channels = _CHANNELS[colour]
        packed = b"".join(data for name, data in chunks if name == b"IDAT")
        size = height * (width * channels + 1)
        rows = zlib.decompressobj().decompress(packed, size)
    except (struct.error, zlib.error, IndexError) as error:
        raise ValueError(f"a broken PNG: {error}") from None
    if len(rows) != size:
        raise ValueError("a PNG that ends too early")
    lines = np.frombuffer(rows, np.uint8).reshape(height, width * channels + 1)
    return _unfiltered(lines, channels).reshape(height, width, channels)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _unfiltered(lines: Picture, channels: int) -> Picture:
    """The lines without the filter byte that each begins with, and without what it did."""
    found = np.zeros((lines.shape[0], lines.shape[1] - 1), np.uint8)
    above = np.zeros(lines.shape[1] - 1, np.uint8)
    for line, into in zip(lines, found, strict=True):
        kind, data = int(line[0]), line[1:]
        if kind == 0:
            into[:] = data
        elif kind == 1:
            for channel in range(channels):
                into[channel::channels] = np.cumsum(data[channel::channels], dtype=np.uint8)
        elif kind == 2:
            into[:] = data + above
        elif kind in (3, 4):
            into[:] = _byte_by_byte(kind, data.tolist(), above.tolist(), channels)
        else:
            raise ValueError(f"a PNG with a filter of an unknown kind: {kind}")
        above = into
    return found


def _byte_by_byte(kind: int, data: list[int], above: list[int], channels: int) -> list[int]:
    """The two filters that look at the byte to the left: the mean of both, and Paeth's."""
    found = [0] * channels + data
    upper = [0] * channels + above
    for i in range(channels, len(found)):
        left, up, corner = found[i - channels], upper[i], upper[i - channels]
        guess = (left + up) // 2 if kind == 3 else _paeth(left, up, corner)
        found[i] = (found[i] + guess) & 0xFF
    return found[channels:]


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    distances = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    return (left, up, corner)[distances.index(min(distances))]
