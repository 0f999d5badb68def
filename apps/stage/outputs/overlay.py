"""The overlay page's sound: one elected page plays, and tells how far it has come."""

import time
from collections.abc import Callable

from apps.stage.outputs.base import Playing
from apps.stage.outputs.silent import SilentOutput
from apps.stage.page_reports import Audible, Ended, Position, Report, Stopped
from apps.stage.pages import Page, Pages
from apps.stage.sentence import BYTES_PER_SAMPLE
from apps.stage.utterance import Utterance
from libs.contracts.health import ModuleState
from libs.contracts.interruption import SpeechHold
from libs.worker.worker import Health

#: A page tells its position ten times a second; for this long the stage counts on by itself.
TRUSTED_SECONDS = 1.2
#: A page's clock may be this far ahead of ours before its word is not believed.
CLOCK_SLACK_SECONDS = 0.5
#: Messages carry at most so much sound, so that a stop is never far behind in the socket.
FRAME_SECONDS = 0.1


class OverlayOutput:
    """Plays through the elected page; where there is none, the silent clock keeps time.

    Promises: a page's word counts only for the utterance it was given, only forwards, never beyond
    what it was sent nor faster than time; when the voice page leaves, freezes or is muted, the
    next page (or the silent clock) goes on from the same position. In a pause a page is believed
    where it stood, and no time passes for it.
    """

    def __init__(self, pages: Pages, now: Callable[[], float] = time.monotonic) -> None:
        self._pages = pages
        self._now = now
        self._silent = SilentOutput(now)
        self._page: Page | None = None
        self._number = 0
        self._rate_hz = 0
        self._sound = bytearray()
        self._finished = False
        self._audible_at: float | None = None
        self._page_audible_at: float | None = None
        self._paused = False
        self._base = (0, 0.0)
        self._reported = (0, 0.0)
        self._least = 0
        self._ended = False
        self.ignored_reports = 0
        self.stop_took_ms: float | None = None

    @property
    def name(self) -> str:
        return "overlay" if self._pages.elect() is not None else self._silent.name

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def start(self, utterance: Utterance, number: int) -> None:
        self._number, self._rate_hz = number, utterance.rate_hz
        self._sound, self._finished, self._ended = bytearray(), False, False
        self._audible_at = None
        self._hand_over(self._pages.elect(), 0)

    def feed(self, pcm: bytes) -> None:
        self._check_voice()
        offset = self._fed
        self._sound += pcm
        if self._page is None:
            self._silent.feed(pcm)
        else:
            self._send(self._page, offset)

    def finish(self) -> None:
        self._finished = True
        self._silent.finish()
        if self._page is not None:
            self._page.send("end", playing=self._number, samples=self._fed)

    def playing(self) -> Playing:
        self._check_voice()
        if self._page is None:
            silent = self._silent.playing()
            if self._audible_at is None:
                self._audible_at = silent.audible_at
            return Playing(silent.position, self._audible_at, silent.ended)
        return Playing(self._page_position(), self._audible_at, self._ended)

    def hold(self, hold: SpeechHold) -> None:
        now, position = self._now(), self.playing().position if self._number else 0
        if self._paused is not (hold is SpeechHold.PAUSED):
            self._paused = not self._paused
            self._base = self._reported = (position, now)
            self._page_audible_at = None
            if self._audible_at is not None and self._audible_at > now:
                self._audible_at = None
        self._silent.hold(hold)
        self._pages.send_all_ahead("hold", hold=hold.value)

    def stop(self) -> int:
        if not self._number:
            return 0
        last = self.playing()
        if not last.ended:
            self._pages.send_all_first("stop", playing=self._number)
        self._silent.stop()
        self._page, self._number, self._sound = None, 0, bytearray()
        return last.position

    def health(self) -> Health:
        voice = self._pages.elect()
        if voice is not None:
            others = len(self._pages) - 1
            more = f", {others} more connected" if others else ""
            return Health(ModuleState.READY, f"overlay page {voice.number} sounds{more}", "overlay")
        return Health(ModuleState.DEGRADED, self._why_silent(), self._silent.name)

    # What pages say ----------------------------------------------------------------------------

    def hear(self, page: Page, report: Report) -> None:
        """A report about playing. What cannot be true is counted and ignored."""
        if isinstance(report, Stopped):
            self.stop_took_ms = report.took_ms
            return
        if not isinstance(report, Audible | Position | Ended):
            return
        if page is not self._page or report.playing != self._number or not self._believable(report):
            self.ignored_reports += 1
            return
        now = self._now()
        if isinstance(report, Audible):
            heard_at = now + report.lead_ms / 1_000
            self._page_audible_at = heard_at
            if self._audible_at is None:
                self._audible_at = heard_at
            self._base = (self._base[0], heard_at)
            return
        if self._audible_at is None and report.samples > 0:
            self._audible_at = now
        if self._page_audible_at is None and not self._paused and report.samples > self._base[0]:
            self._page_audible_at = now
        self._reported, self._least = (report.samples, now), report.samples
        self._ended = isinstance(report, Ended)

    def _believable(self, report: Audible | Position | Ended) -> bool:
        if isinstance(report, Audible):
            return self._fed > 0 and not self._paused
        samples, since = self._base
        passed = 0.0 if self._paused else self._now() - since
        fastest = samples + (passed + CLOCK_SLACK_SECONDS) * self._rate_hz
        forwards = self._least <= report.samples <= min(self._fed, fastest)
        complete = self._finished and report.samples == self._fed
        return forwards and (complete or not isinstance(report, Ended))

    # The voice page ----------------------------------------------------------------------------

    @property
    def _fed(self) -> int:
        return len(self._sound) // BYTES_PER_SAMPLE

    def _page_position(self) -> int:
        """What it told last, and the time since then while it may be trusted to go on."""
        samples, told_at = self._reported
        if self._page_audible_at is None:
            return samples
        since = min(self._now() - max(told_at, self._page_audible_at), TRUSTED_SECONDS)
        return min(samples + max(0, int(since * self._rate_hz)), self._fed)

    def _check_voice(self) -> None:
        elected = self._pages.elect()
        if self._number and elected is not self._page and not self._ended:
            held = self._silent.playing().position if self._page is None else self._page_position()
            if self._page is not None:
                self._page.send_first("hush", playing=self._number)
            self._hand_over(elected, held)

    def _hand_over(self, page: Page | None, position: int) -> None:
        """From `position` on this page sounds, or nobody."""
        self._page, self._page_audible_at = page, None
        self._base = self._reported = (position, self._now())
        self._least = position
        if page is None:
            self._silent.begin(self._rate_hz, position, self._fed)
            if self._finished:
                self._silent.finish()
            return
        page.send("voice", playing=self._number, samples=position)
        self._send(page, position)
        if self._finished:
            page.send("end", playing=self._number, samples=self._fed)

    def _send(self, page: Page, offset: int) -> None:
        step = int(self._rate_hz * FRAME_SECONDS)
        for start in range(offset, self._fed, step):
            part = self._sound[start * BYTES_PER_SAMPLE : (start + step) * BYTES_PER_SAMPLE]
            page.send_sound(self._number, start, bytes(part))

    def _why_silent(self) -> str:
        pages = list(self._pages)
        answering = [page for page in pages if not page.frozen]
        known = [page for page in answering if page.said_hello]
        if any(page.audio == "blocked" and not page.mute for page in known):
            return "nobody hears her: the browser blocks sound; click once into the overlay page"
        if len(answering) < len(pages):
            return "nobody hears her: the overlay page does not answer; reload it"
        if len(known) < len(pages):
            return "nobody hears her: the overlay page is just opening"
        if pages:
            return "nobody hears her: all overlay pages are muted; open one without ?mute=1"
        # The address itself carries a key, and health texts go into logs.
        return "nobody hears her: open the overlay (panel: Copy overlay URL) in OBS or a browser"
