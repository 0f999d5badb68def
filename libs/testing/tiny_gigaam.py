"""A GigaAM of a few kilobytes, written by code, that the real onnx-asr loads and runs.

Whatever it hears, its only node gives the same table: at each frame of 40 ms the most likely token.
The real path around it (features, decoding, word times) is that of onnx-asr. The ONNX file is put
together by hand (the messages of onnx.proto, in protobuf's wire format): nothing is needed for it
but numpy.
"""

from pathlib import Path

import numpy as np

NAME = "gigaam-v2-ctc"
FRAME_SECONDS = 0.04
#: As much sound as it can take: 40 s.
FRAMES = 1_000
FEATURES = 64
BLANK = "<blk>"
_FLOAT, _INT64 = 1, 7


def write_tiny_gigaam(folder: Path, text: str = "привет китсу", start_seconds: float = 0.2) -> Path:
    """Writes the model into a folder of `folder`; it hears `text` from `start_seconds` on, a letter
    every 80 ms."""
    target = folder / NAME
    target.mkdir(parents=True, exist_ok=True)
    signs = "▁" + text.replace(" ", "▁")
    tokens = [*dict.fromkeys(signs), BLANK]
    table = np.full((1, FRAMES, len(tokens)), -20.0, np.float32)
    best = np.full(FRAMES, len(tokens) - 1)
    for place, sign in enumerate(signs):
        best[round(start_seconds / FRAME_SECONDS) + 2 * place] = tokens.index(sign)
    table[0, np.arange(FRAMES), best] = -0.1
    (target / "v2_ctc.int8.onnx").write_bytes(_model(table))
    vocabulary = "".join(f"{token} {number}\n" for number, token in enumerate(tokens))
    (target / "v2_vocab.txt").write_text(vocabulary, "utf-8")
    return target


def _model(table: np.ndarray) -> bytes:
    """ModelProto with one Identity node over a constant."""
    tensor = b"".join(_number(1, size) for size in table.shape) + _number(2, _FLOAT)
    tensor += _bytes(8, b"table") + _bytes(9, table.astype("<f4").tobytes())
    node = _bytes(1, b"table") + _bytes(2, b"log_probs") + _bytes(4, b"Identity")
    graph = _bytes(1, node) + _bytes(2, b"tiny") + _bytes(5, tensor)
    graph += _bytes(11, _value("features", _FLOAT, "batch", FEATURES, "time"))
    graph += _bytes(11, _value("feature_lengths", _INT64, "batch"))
    graph += _bytes(12, _value("log_probs", _FLOAT, *table.shape))
    opset = _bytes(1, b"") + _number(2, 17)
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, opset)


def _value(name: str, kind: int, *shape: int | str) -> bytes:
    """ValueInfoProto of a tensor; a size that is text stands for any."""
    sizes = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _bytes(2, size.encode()))
        for size in shape
    )
    tensor = _number(1, kind) + _bytes(2, sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
