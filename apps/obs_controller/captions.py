"""What is being said, and whom it answers, from playback truth into text sources of OBS."""

import asyncio
from collections import OrderedDict

from apps.obs_controller.caption_text import clean, page_of
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.text_source import TextSource
from libs.contracts.conversation import TurnInput, TurnSource
from libs.contracts.safety import GateAction
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.safety import Gate

#: The last words stay readable for this long.
LINGER_SECONDS = 1.0
#: The reason of an interruption by somebody who speaks or by the operator: what was heard stays for
#: a moment. Of what was taken back for another reason nothing does.
CUT_OFF = "stopped"
#: Turns whose question is remembered until they are spoken.
REMEMBERED_TURNS = 32

#: Whose lines are shown: the others are not written by somebody in public.
_SHOWN = frozenset({TurnSource.CHAT, TurnSource.PAID})


#: Whom she answers, where the name is not to be shown.
NAMELESS = "chat"


class Captions:
    """Shows what the stage says is heard, and nothing that was only planned.

    What viewers wrote is shown only when the gate lets it pass.
    """

    def __init__(
        self,
        settings: ObsControllerSettings,
        caption: TextSource | None,
        now_playing: TextSource | None,
        gate: Gate,
    ) -> None:
        self._settings = settings
        self._caption = caption
        self._now_playing = now_playing
        self._gate = gate
        self._questions: OrderedDict[str, str] = OrderedDict()
        self._utterance = ""
        self._index = 0
        self._sentence = ""
        self._sentence_began_seconds = 0.0
        self._clear_later: asyncio.TimerHandle | None = None

    def turn_opened(self, turn_id: str, given: TurnInput) -> None:
        if self._now_playing is None or given.source not in _SHOWN:
            return
        self._questions[turn_id] = self._settings.obs_now_playing_text.format(
            author=self._gate.name(given.author.name, NAMELESS).text or NAMELESS,
            input=self._passed(given.text),
        )
        while len(self._questions) > REMEMBERED_TURNS:
            self._questions.popitem(last=False)

    def started(self, event: PlaybackStarted) -> None:
        self._cancel_clearing()
        self._utterance, self._index = event.utterance_id or "", 0
        self._sentence_began_seconds = 0.0
        self._show_sentence(event.text, 0.0)
        if self._now_playing is not None:
            self._now_playing.show(self._questions.pop(event.turn_id or "", ""))

    def progressed(self, event: PlaybackProgressed) -> None:
        if event.utterance_id != self._utterance:
            return
        if event.index != self._index:
            self._index = event.index
            self._sentence_began_seconds = event.position_seconds
        self._show_sentence(event.text, event.position_seconds - self._sentence_began_seconds)

    def finished(self, event: PlaybackFinished) -> None:
        if event.utterance_id != self._utterance:
            return
        self._utterance = ""
        if event.outcome is PlaybackOutcome.INTERRUPTED:
            heard = _heard_of(self._sentence, event.heard_text)
            if event.reason != CUT_OFF or not heard:
                self.clear()
                return
            elapsed = event.position_seconds - self._sentence_began_seconds
            self._show_sentence(f"{heard}—", elapsed)
        self._clear_in(LINGER_SECONDS)

    def show(self, text: str, hold_seconds: float) -> None:
        """A caption that somebody ordered; what is being said replaces it."""
        if not self._utterance:
            self._cancel_clearing()
            self._show_sentence(text, 0.0)
            self._clear_in(hold_seconds)

    def clear(self) -> None:
        self._cancel_clearing()
        self._utterance = ""
        for source in (self._caption, self._now_playing):
            if source is not None:
                source.show("")

    def _show_sentence(self, text: str, elapsed_seconds: float) -> None:
        self._sentence = text
        if self._caption is not None:
            columns, lines = self._settings.obs_caption_columns, self._settings.obs_caption_lines
            self._caption.show(page_of(text, columns, lines, elapsed_seconds))

    def _passed(self, text: str) -> str:
        verdict = self._gate.check(clean(text))
        return verdict.text if verdict.action is not GateAction.BLOCK else ""

    def _clear_in(self, seconds: float) -> None:
        self._cancel_clearing()
        self._clear_later = asyncio.get_running_loop().call_later(seconds, self.clear)

    def _cancel_clearing(self) -> None:
        if self._clear_later is not None:
            self._clear_later.cancel()
            self._clear_later = None


def _heard_of(sentence: str, heard_text: str) -> str:
    """How far the sentence was heard with which what was heard of the whole reply ends."""
    for end in range(len(sentence), 0, -1):
        if sentence[end - 1 : end].strip() and heard_text.endswith(sentence[:end]):
            return sentence[:end]
    return ""
