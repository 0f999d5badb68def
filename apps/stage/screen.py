"""What the overlay pages show: the character's mood, captions, mouth; and the state in a panic."""

import time
from collections.abc import Callable
from typing import Any

from apps.stage.pages import Page, Pages
from apps.stage.sentence import Sentence
from apps.stage.utterance import Utterance
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import Mood, PlaybackOutcome
from libs.speech.mood_keeper import MoodKeeper

#: Pages follow the stage's clock by these; between them they count on themselves.
POSITION_SECONDS = 0.2
#: After a reply that was heard to its end its mood stays a little.
MOOD_STAYS_SECONDS = 3.0
#: Endings after which what was heard stays for a moment; of what was retracted nothing does.
CUT_SHORT = frozenset({"stopped", "stalled"})
#: A caption that is to be shown "for ever" is not.
LONGEST_CAPTION_SECONDS = 120.0


class Screen:
    """Tells every page the same, and a page that comes late all that it missed.

    Promises: pages get absolute states, never changes to be added up; in a panic they show a calm
    character and nothing else; cues of a sentence are sent once, as soon as its place on the
    utterance's line of time is known; of a reply that was cut only what was heard stays on screen.
    """

    def __init__(self, pages: Pages, now: Callable[[], float] = time.monotonic) -> None:
        self._pages = pages
        self._now = now
        self._panic = False
        self._hold = SpeechHold.NONE
        self._moods = MoodKeeper()
        self._utterance: Utterance | None = None
        self._number = 0
        self._position = 0
        self._sent: dict[int, tuple[str, int, int]] = {}
        self._position_due = 0.0
        self._shown: dict[str, Any] = {}

    # Scenery -----------------------------------------------------------------------------------

    def set_mood(self, mood: Mood, hold_seconds: float | None) -> None:
        """None: until the next one. See `MoodKeeper` for what counts when."""
        self._moods.order(mood, hold_seconds, self._now())
        self.refresh()

    def set_panic(self, engaged: bool) -> None:
        self._panic = engaged
        self._moods.panic(engaged)
        if engaged:
            self._utterance = None
        self.refresh(urgent=True)

    def show_caption(self, text: str, hold_seconds: float) -> None:
        if not self._panic:
            seconds = min(max(hold_seconds, 0.0), LONGEST_CAPTION_SECONDS)
            self._pages.send_all("caption", text=text, hold_ms=round(seconds * 1_000))

    def refresh(self, urgent: bool = False) -> None:
        """Sends mood and panic when they have changed; moods that were held for a time end here."""
        scene = self._scene()
        if scene != self._shown:
            self._shown = scene
            send = self._pages.send_all_first if urgent else self._pages.send_all
            send("scene", **scene)

    def _scene(self) -> dict[str, Any]:
        return {"mood": self._moods.look(self._now()).value, "panic": self._panic}

    # What is on air ----------------------------------------------------------------------------

    def began(self, utterance: Utterance, number: int) -> None:
        self._utterance, self._number, self._position = utterance, number, 0
        self._sent, self._position_due = {}, 0.0
        self._moods.began(utterance.mood)
        self._pages.send_all("begin", playing=number, rate_hz=utterance.rate_hz)
        self.moved(utterance, 0)

    def moved(self, utterance: Utterance, position: int) -> None:
        self._position = position
        for message in self._news(utterance):
            self._pages.send_all("sentence", playing=self._number, **message)
        if self._now() >= self._position_due:
            self._position_due = self._now() + POSITION_SECONDS
            self._pages.send_all("at", playing=self._number, samples=position)
        self.refresh()

    def held(self, hold: SpeechHold) -> None:
        self._hold = hold
        self._pages.send_all_ahead("hold", hold=hold.value)

    def ended(self, utterance: Utterance, outcome: PlaybackOutcome) -> None:
        completed = outcome is PlaybackOutcome.COMPLETED
        self._utterance = None
        self._moods.finished(self._now(), MOOD_STAYS_SECONDS if completed else 0.0)
        if completed:
            self._pages.send_all("done", playing=self._number)
        else:
            heard = _heard_of_sentence(utterance)
            self._pages.send_all_first("stop", playing=self._number, heard=heard)
        self.refresh()

    def welcome(self, page: Page) -> None:
        """All that a page needs that has just connected."""
        page.send("scene", **self._scene())
        page.send("hold", hold=self._hold.value)
        if self._utterance is None:
            return
        page.send("begin", playing=self._number, rate_hz=self._utterance.rate_hz)
        for span in self._utterance.spans():
            if span.sentence.index in self._sent:
                told = _as_message(span.sentence, span.start / self._utterance.rate_hz, 0, 0)
                page.send("sentence", playing=self._number, **told)
        page.send("at", playing=self._number, samples=self._position)

    def _news(self, utterance: Utterance) -> list[dict[str, Any]]:
        """Sentences with what was not yet sent of them."""
        news = []
        for span in utterance.spans():
            sentence = span.sentence
            now_known = (sentence.text, len(sentence.words), len(sentence.mouth))
            sent = self._sent.get(sentence.index)
            if sent != now_known:
                _, words, mouth = sent or ("", 0, 0)
                self._sent[sentence.index] = now_known
                start = span.start / utterance.rate_hz
                news.append(_as_message(sentence, start, words, mouth))
        return news


def _heard_of_sentence(utterance: Utterance) -> str:
    """What was heard of the sentence in which it was cut, where that may stay on screen."""
    ending = utterance.ending
    if ending is None or ending.reason not in CUT_SHORT:
        return ""
    return next(reversed(utterance.heard_of_each(ending.position_samples)), "")


def _as_message(
    sentence: Sentence, start: float, words_sent: int, mouth_sent: int
) -> dict[str, Any]:
    """A sentence for the pages, with the cues beyond those sent; times on the utterance's line."""
    return {
        "index": sentence.index,
        "at_ms": round(start * 1_000),
        "text": sentence.text,
        "words": [
            [round((start + word.at_seconds) * 1_000), word.start, word.length]
            for word in sentence.words[words_sent:]
        ],
        "mouth": [
            [round((start + cue.at_seconds) * 1_000), cue.viseme.value, round(cue.weight, 3)]
            for cue in sentence.mouth[mouth_sent:]
        ],
    }
