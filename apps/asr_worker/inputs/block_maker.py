"""What one device gives, as the blocks that the ears take."""

from collections.abc import Iterable

from apps.asr_worker.inputs.base import RATE_HZ, Block
from libs.audio.channels import VoiceChannel
from libs.audio.resampling import Resampler
from libs.audio.ring import Piece


class BlockMaker:
    """Pieces of any rate and number of channels become blocks of 16 kHz mono.

    Promises: a block's position and time are those of the sound in it, also where the resampler
    held it back; sound that was lost is a jump of the position, never a seam within a block.
    """

    def __init__(
        self, rate_hz: int, channels: int, first_position: int = 0, channel: int | None = None
    ) -> None:
        """`first_position`: of the first sample that comes. `channel`: the only one (from 0)."""
        self._rate_hz = rate_hz
        self._first_position = first_position
        self._voice = VoiceChannel(channels, rate_hz, channel)
        self._resampler = Resampler(rate_hz, RATE_HZ)
        self._begin = 0
        self._next = 0
        self._given = 0
        self._last: Piece | None = None

    @property
    def channel(self) -> int:
        return self._voice.chosen

    def blocks(self, pieces: Iterable[Piece]) -> list[Block]:
        made: list[Block] = []
        for piece in pieces:
            if piece.position != self._next:
                made += self.rest()
                self._begin, self._given = piece.position, 0
            self._next, self._last = piece.end, piece
            made += self._block(self._resampler.push(self._voice.mono(piece.pcm)), piece)
        return made

    def rest(self) -> list[Block]:
        """What the resampler still holds, when nothing that follows it will come."""
        return self._block(self._resampler.finish(), self._last) if self._last is not None else []

    def _block(self, pcm: bytes, piece: Piece) -> list[Block]:
        if not pcm:
            return []
        ahead_seconds = (self._begin - piece.position) / self._rate_hz + self._given / RATE_HZ
        position = self._first_position + round(self._begin * RATE_HZ / self._rate_hz)
        block = Block(position + self._given, pcm, piece.at + ahead_seconds)
        self._given += block.samples
        return [block]
