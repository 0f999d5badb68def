"""Receives OSC and reads it by the specification alone: Open Sound Control 1.0, "OSC Packets".

It shares no code with what sends: bytes are taken apart with `struct`, and anything that the
specification does not allow raises.
"""

import asyncio
import struct
from dataclasses import dataclass, field
from typing import Any, Self

IMMEDIATELY = 1


@dataclass(frozen=True)
class Heard:
    address: str
    arguments: tuple[Any, ...]


def read_packet(packet: bytes) -> list[Heard]:
    """All messages of a packet: one, or those of a bundle."""
    if len(packet) % 4:
        raise ValueError("the size of a packet is a multiple of 4")
    if packet.startswith(b"/"):
        return [_read_message(packet)]
    if packet[:8] != b"#bundle\0":
        raise ValueError("neither a message nor a bundle")
    (time_tag,) = struct.unpack_from(">Q", packet, 8)
    if time_tag != IMMEDIATELY:
        raise ValueError("only bundles that mean now are expected")
    heard, at = [], 16
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size <= 0 or size % 4 or at + size > len(packet):
            raise ValueError("an element ends outside its bundle")
        heard += read_packet(packet[at : at + size])
        at += size
    return heard


def _read_message(packet: bytes) -> Heard:
    address, at = _read_string(packet, 0)
    tags, at = _read_string(packet, at)
    if not tags.startswith(","):
        raise ValueError("type tags begin with a comma")
    arguments: list[Any] = []
    for tag in tags[1:]:
        if tag == "s":
            text, at = _read_string(packet, at)
            arguments.append(text)
        elif tag in "if":
            arguments.append(struct.unpack_from(f">{tag}", packet, at)[0])
            at += 4
        else:
            raise ValueError(f"type {tag!r} is not used in VMC")
    if at != len(packet):
        raise ValueError("there is more than the type tags say")
    return Heard(address, tuple(arguments))


def _read_string(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.index(b"\0", at)
    padded = (end // 4 + 1) * 4
    if packet[end:padded].strip(b"\0") or padded > len(packet):
        raise ValueError("a string is filled up with zeros")
    return packet[at:end].decode("utf-8"), padded


@dataclass
class OscListener:
    """`async with` it: takes datagrams on loopback at `port`."""

    port: int = 0
    packets: list[bytes] = field(default_factory=list)
    _transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        packets = self.packets

        class Taking(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                packets.append(data)

        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            Taking, local_addr=("127.0.0.1", self.port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()
        await asyncio.sleep(0)

    @property
    def heard(self) -> list[Heard]:
        return [message for packet in self.packets for message in read_packet(packet)]

    def frames(self) -> list["HeardFrame"]:
        """What was heard, a frame for each `Apply`."""
        frames, now = [], HeardFrame()
        for message in self.heard:
            now.take(message)
            if message.address == "/VMC/Ext/Blend/Apply":
                frames.append(now)
                now = HeardFrame()
        return frames


@dataclass
class HeardFrame:
    """One frame as a receiver has it when it applies it."""

    shapes: dict[str, float] = field(default_factory=dict)
    bones: dict[str, tuple[float, ...]] = field(default_factory=dict)
    root: tuple[float, ...] = ()
    loaded: int = 0
    seconds: float = -1.0

    def take(self, message: Heard) -> None:
        match message:
            case Heard("/VMC/Ext/Blend/Val", (str(name), float(value))):
                assert name not in self.shapes, f"{name} was told twice"
                self.shapes[name] = value
            case Heard("/VMC/Ext/Bone/Pos", (str(name), *numbers)):
                self.bones[name] = tuple(numbers)
            case Heard("/VMC/Ext/Root/Pos", ("root", *numbers)):
                self.root = tuple(numbers)
            case Heard("/VMC/Ext/OK", (int(loaded),)):
                self.loaded = loaded
            case Heard("/VMC/Ext/T", (float(seconds),)):
                self.seconds = seconds
            case Heard("/VMC/Ext/Blend/Apply", ()):
                pass
            case _:
                raise AssertionError(f"no message of VMC: {message}")
