"""A turn model of three nodes, written as ONNX by hand (onnx.proto3 of ONNX 1.16).

Its answer is sigmoid(mean(log-mel) * slope + bias): enough to walk the whole real path.
"""

import struct
from pathlib import Path

FLOAT = 1


def _varint(number: int) -> bytes:
    found = b""
    while True:
        number, low = number >> 7, number & 0x7F
        found += bytes([low | (0x80 if number else 0)])
        if not number:
            return found


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _shape(*sizes: int) -> bytes:
    dimensions = b"".join(_bytes(1, _number(1, size)) for size in sizes)
    return _bytes(1, _number(1, FLOAT) + _bytes(2, dimensions))


def _value(name: str, *sizes: int) -> bytes:
    return _bytes(1, name) + _bytes(2, _shape(*sizes))


def _constant(name: str, value: float) -> bytes:
    return _number(2, FLOAT) + _bytes(8, name) + _bytes(9, struct.pack("<f", value))


def _node(operator: str, takes: list[str], gives: str, attributes: bytes = b"") -> bytes:
    inputs = b"".join(_bytes(1, name) for name in takes)
    return inputs + _bytes(2, gives) + _bytes(4, operator) + attributes


def write_turn_model(
    path: Path, slope: float, bias: float, frames: int = 800, name: str = "input_features"
) -> Path:
    keep_none = _bytes(5, _bytes(1, "keepdims") + _number(3, 0) + _number(20, 2))
    nodes = (
        _node("ReduceMean", [name], "mean", keep_none),
        _node("Mul", ["mean", "slope"], "scaled"),
        _node("Add", ["scaled", "bias"], "moved"),
        _node("Sigmoid", ["moved"], "complete"),
    )
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, "tiny turn model")
    graph += _bytes(5, _constant("slope", slope)) + _bytes(5, _constant("bias", bias))
    graph += _bytes(11, _value(name, 1, 80, frames)) + _bytes(12, _value("complete"))
    model = _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _number(2, 17))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    return path
