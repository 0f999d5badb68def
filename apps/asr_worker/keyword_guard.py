"""A second ear for a few fixed orders, on pocketsphinx and its bundled English model."""

import asyncio
import logging
import queue
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.keyword_list import PRONUNCIATIONS, KeywordList, Kind, keyword_list

LOG = logging.getLogger("kitsu.asr_worker")

#: The decoder is given so much at a time; less finds less.
BUFFER_BYTES = RATE_HZ // 10 * 2
#: Blocks that wait for the decoder; of more, the oldest go (about two seconds).
MOST_WAITING = 64
#: Without a hit it begins anew after so long, so that nothing piles up in it.
ANEW_AFTER_SECONDS = 20.0
#: A decoder that failed is replaced after this long.
REPLACED_AFTER_SECONDS = 5.0
#: The same order is not taken twice within this time.
ONCE_WITHIN_SECONDS = 2.0
#: A phrase lasts about so long; of that, such a share must be somebody else for an order to count.
PHRASE_SECONDS, OTHERS_SHARE = 1.2, 0.2
#: Mean of the cepstra of speech, so that the first words are heard as well as later ones: without
#: it 8 of 36 orders were found after a start, with it 25 (docs/decisions/0019-own-voice.md).
SPEECH_CEPSTRA = "52.4,-4.3,-1.3,16.7,-9.6,-2.9,-9.6,-8.5,2.3,-4.0,4.8,-4.0,4.5"
MISSING = "the keyword guard needs pocketsphinx: pip install 'kitsu-vtuber[listening]'"

OnHit = Callable[[Kind, str], object]


class Spotter(Protocol):
    """Listens for a keyword list. Used by one thread only."""

    def hear(self, pcm: bytes) -> str:
        """The phrase that ended in this piece, or nothing."""
        ...

    def begin_anew(self) -> None: ...


class KeywordGuard:
    """Promises: `hear` never waits and never raises; a hit is told once, on the event loop, and
    never while her own voice is what is heard or says the phrase; where pocketsphinx or a word is
    missing `problem` says so, with the step that mends it, and the rest works; a decoder that fails
    is replaced.

    A second guard beside panic key and chat command, never the only one.
    """

    def __init__(
        self,
        on_hit: OnHit,
        panic_phrases: tuple[str, ...],
        stop_phrases: tuple[str, ...],
        said: Callable[[float], list[str]] = lambda at: [],
        spotter: Callable[[], tuple[Spotter, KeywordList]] | None = None,
    ) -> None:
        """`said(at)`: what she says around that moment."""
        self._on_hit = on_hit
        self._said = said
        self._make = spotter or (lambda: sphinx(panic_phrases, stop_phrases))
        self._wanted = bool(panic_phrases or stop_phrases)
        self._blocks: queue.Queue[Block | None] = queue.Queue()
        self._windows: deque[tuple[float, bool]] = deque(maxlen=256)
        self._hits: deque[tuple[float, str]] = deque(maxlen=16)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.keywords = KeywordList((), ())
        self.problem = ""
        self.dropped = 0

    @property
    def listening(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    async def start(self) -> None:
        if self.listening or not self._wanted:
            return
        self.problem = ""
        self._loop = asyncio.get_running_loop()
        try:
            spotter, self.keywords = await asyncio.to_thread(self._make)
        except ImportError:
            self.problem = MISSING
            return
        except (OSError, RuntimeError, ValueError) as error:
            self.problem = f"the keyword guard cannot start ({error}): reinstall pocketsphinx"
            return
        if self.keywords.refused:
            self.problem = "the keyword guard cannot hear " + "; ".join(self.keywords.refused)
        if self.keywords.keywords:
            self._blocks, self._stopping = queue.Queue(), threading.Event()
            self._thread = threading.Thread(
                target=self._keep_listening,
                args=(spotter, self._blocks, self._stopping),
                name="keyword_guard",
                daemon=True,
            )
            self._thread.start()

    async def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        self._blocks.put(None)
        await asyncio.to_thread(thread.join, 2.0)

    def hear(self, block: Block) -> None:
        if not self.listening:
            return
        while self._blocks.qsize() >= MOST_WAITING:
            try:
                self._blocks.get_nowait()
                self.dropped += 1
            except queue.Empty:
                break
        self._blocks.put(block)

    def own_voice(self, own: bool, at: float) -> None:
        """Whether the window that began `at` (show's clock) is her own voice."""
        self._windows.append((at, own))

    # The thread --------------------------------------------------------------------------------

    def _keep_listening(
        self,
        spotter: Spotter | None,
        blocks: "queue.Queue[Block | None]",
        stopping: threading.Event,
    ) -> None:
        while True:
            try:
                if spotter is None:
                    spotter, _ = self._make()
                self._listen(spotter, blocks)
            except Exception:
                LOG.exception("the keyword guard failed; its decoder is replaced")
                spotter = None
                if not stopping.wait(REPLACED_AFTER_SECONDS):
                    continue
            return

    def _listen(self, spotter: Spotter, blocks: "queue.Queue[Block | None]") -> None:
        waiting, began = bytearray(), 0.0
        spotter.begin_anew()
        while (block := blocks.get()) is not None:
            began = began or block.at
            waiting += block.pcm
            while len(waiting) >= BUFFER_BYTES:
                piece = bytes(waiting[:BUFFER_BYTES])
                del waiting[:BUFFER_BYTES]
                try:
                    phrase = spotter.hear(piece)
                    if phrase or block.at - began > ANEW_AFTER_SECONDS:
                        spotter.begin_anew()
                        began = block.at
                except RuntimeError as error:
                    LOG.warning("the keyword guard begins anew: %s", error)
                    spotter.begin_anew()
                    continue
                if phrase and self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._heard, phrase, block.at)

    def _heard(self, phrase: str, at: float) -> None:
        """On the event loop."""
        keyword = self.keywords.of(phrase)
        again = any(p == phrase and abs(at - t) < ONCE_WITHIN_SECONDS for t, p in self._hits)
        if keyword is None or again or self._was_her(at) or self._says_it(phrase, at):
            return
        self._hits.append((at, phrase))
        self._on_hit(keyword.kind, keyword.phrase)

    def _was_her(self, at: float) -> bool:
        owns = [own for then, own in self._windows if at - PHRASE_SECONDS <= then <= at + 0.1]
        return bool(owns) and owns.count(False) < OTHERS_SHARE * len(owns)

    def _says_it(self, phrase: str, at: float) -> bool:
        return any(phrase in " ".join(_plain(text)) for text in self._said(at))


def _plain(text: str) -> list[str]:
    return "".join(c if c.isalpha() or c == "'" else " " for c in text.lower()).split()


class SphinxSpotter:
    """pocketsphinx's keyword search."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._open = False

    def hear(self, pcm: bytes) -> str:
        self._decoder.process_raw(pcm, False, False)
        found = self._decoder.hyp()
        return " ".join(found.hypstr.split()) if found is not None else ""

    def begin_anew(self) -> None:
        if self._open:
            self._decoder.end_utt()
        self._decoder.start_utt()
        self._open = True


def sphinx(
    panic_phrases: tuple[str, ...], stop_phrases: tuple[str, ...]
) -> tuple[Spotter, KeywordList]:
    """Takes about a second and 70 MB. Raises `ImportError` where the package is missing."""
    import pocketsphinx

    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    for word, phones in PRONUNCIATIONS.items():
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, phones, True)
    keywords = keyword_list(panic_phrases, stop_phrases, decoder.lookup_word)
    if keywords.keywords:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "keywords"
            path.write_text(keywords.text, "ascii")
            decoder.add_kws("orders", str(path))
        decoder.activate_search("orders")
        decoder.set_cmn(SPEECH_CEPSTRA)
    return SphinxSpotter(decoder), keywords
