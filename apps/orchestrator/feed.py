"""The live feed: what was said to her, what was heard from her, and what was not answered."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from apps.orchestrator.floor import Candidate, Skipped
from apps.orchestrator.inputs import HOST
from apps.orchestrator.panel.protocol import FeedMessage, FeedRow
from apps.orchestrator.row_budget import RowBudget
from apps.orchestrator.screens import FEED_ROWS, Screens
from apps.orchestrator.turns import Turn
from apps.orchestrator.unheard import rest_of
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import SkipReason, TurnInput, TurnSource
from libs.contracts.people import Author
from libs.contracts.safety import GateAction, TextBlocked
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome
from libs.telemetry import clock

_PLACES = {
    "input": "a line to her was",
    "speech": "a sentence of hers was",
    "chat_out": "a line of hers for chat was",
    "operator": "the operator's text was",
}
_DONE = {
    GateAction.BLOCK: "stopped",
    GateAction.SOFTEN: "said softer",
    GateAction.REPLACE: "turned aside",
}


#: Whose line a row was that is forgotten.
FORGOTTEN_AUTHOR = "a viewer"


class Feed:
    """The latest rows, and the telling of each new or changed one."""

    def __init__(self, screens: Screens, name: Callable[[], str]) -> None:
        self._screens = screens
        self._name = name
        self._rows: OrderedDict[str, FeedRow] = OrderedDict()
        self._whose: dict[str, str] = {}
        """The viewer whose line, or whose answer, a row is."""
        self._inputs: dict[str, TurnInput] = {}
        """The input that a row is, or answers."""
        self._budget = RowBudget()
        self._floods = 0

    def latest(self) -> list[FeedMessage]:
        return [FeedMessage(row=row) for row in self._rows.values()]

    def heard_inputs(self, entered: Sequence[Candidate], skipped: Sequence[Skipped]) -> None:
        """Lines that came and lines that left: some of them, and in a flood how many more."""
        now, left = clock.now(), {item.candidate.input_id: item for item in skipped}
        for candidate in entered:
            if candidate.input_id not in left and self._budget.spend("waiting", now):
                self.heard_input(candidate.input_id, candidate.input)
        for input_id, item in left.items():
            if f"in:{input_id}" in self._rows or self._budget.spend(item.reason.value, now):
                given = self._inputs[f"in:{input_id}"] = item.candidate.input
                self.skipped(input_id, given.author, given.text, item.reason)
        if more := self._budget.kept_back():
            self._floods += 1
            reasons = ", ".join(f"{count} {reason}" for reason, count in more.most_common())
            self.system(f"flood {self._floods}", f"… and {more.total()} more lines ({reasons})")

    def heard_input(self, input_id: str, given: TurnInput) -> None:
        self._whose[f"in:{input_id}"] = given.author.viewer_id
        self._inputs[f"in:{input_id}"] = given
        kinds = {TurnSource.OPERATOR: "operator", TurnSource.VOICE: "mic"}
        self._put(
            FeedRow(
                id=f"in:{input_id}",
                at=given.arrived_at,
                kind="system" if given.happened else kinds.get(given.source, "chat"),
                author=given.author.name,
                role=given.author.role.value,
                text=_beside_its_name(given) if given.happened else given.told,
                note="with a picture" if given.picture else "",
            )
        )

    def went_on(self, input_id: str) -> None:
        """What the host said more belongs to it: both are answered together."""
        if (row := self._rows.get(f"in:{input_id}")) is not None:
            self._put(row.model_copy(update={"note": "went on"}))

    def skipped(self, input_id: str, author: Author, text: str, reason: SkipReason) -> None:
        self._whose[f"in:{input_id}"] = author.viewer_id
        known = self._rows.get(f"in:{input_id}")
        self._put(
            FeedRow(
                id=f"in:{input_id}",
                at=known.at if known else clock.now(),
                kind="skip",
                author=author.name,
                role=author.role.value,
                text=text,
                note=reason.value,
            )
        )

    def heard_aside(self, speech_id: str, text: str, note: str) -> None:
        """What the host said that was no turn, and what it was."""
        row_id, at = f"aside:{speech_id}", clock.now()
        self._put(FeedRow(id=row_id, at=at, kind="mic", author=HOST.name, text=text, note=note))

    def ordered_panic(self, input_id: str, given: TurnInput) -> None:
        """A line that engages panic is no turn."""
        self.heard_input(input_id, given)
        self.skipped(input_id, given.author, given.text, SkipReason.PANIC)

    def heard_reply(self, turn: Turn, event: PlaybackFinished) -> None:
        """What was heard, and what was cut off."""
        heard = event.heard_text
        rest = rest_of(event.full_text, heard)
        completed = event.outcome is PlaybackOutcome.COMPLETED
        interrupted = event.outcome is PlaybackOutcome.INTERRUPTED
        why = turn.cut_by or event.reason if interrupted else event.reason
        why = why.removeprefix(event.outcome.value).strip()
        note = "" if completed else f"{event.outcome.value} {why}".strip()
        self._whose[f"out:{turn.utterance_id}"] = turn.candidate.input.author.viewer_id
        self._inputs[f"out:{turn.utterance_id}"] = turn.candidate.input
        if turn.retracted:
            heard, rest, note = "", "", SkipReason.DELETED.value
        self._put(
            FeedRow(
                id=f"out:{turn.utterance_id}",
                at=clock.now(),
                kind="kitsu",
                author=self._name(),
                text=heard,
                unheard=rest,
                note=note,
            )
        )

    def blocked(self, event: TextBlocked) -> None:
        self._put(
            FeedRow(
                id=f"block:{event.event_id}",
                at=event.emitted_at,
                kind="blocked",
                author=self._name(),
                text=f"{_PLACES[event.place]} {_DONE.get(event.action, event.action.value)}",
                note=event.rule,
            )
        )

    def system(self, row_id: str, text: str) -> None:
        self._put(FeedRow(id=f"sys:{row_id}", at=clock.now(), kind="system", text=text))

    def forget(self, viewer_id: str) -> None:
        """A viewer's lines and the answers to them are empty from now on."""
        for row_id in [one for one, whose in self._whose.items() if whose == viewer_id]:
            row = self._rows[row_id]
            hers = row.kind == "kitsu"
            author, kind = (row.author, "kitsu") if hers else (FORGOTTEN_AUTHOR, "system")
            self._put(FeedRow(id=row_id, at=row.at, kind=kind, author=author, note="forgotten"))
            del self._whose[row_id]
            self._inputs.pop(row_id, None)

    def take_back(self, withdrawal: Withdrawal, since: float) -> None:
        """What was taken back, and the answer to it, is empty from now on. Of a viewer or a
        platform only what came after `since`."""
        for row_id, given in list(self._inputs.items()):
            late_enough = bool(withdrawal.message_id) or given.arrived_at >= since
            if late_enough and withdrawal.left_of(given) is None:
                self._empty(row_id)

    def take_back_answer(self, utterance_id: str) -> None:
        """An answer that may quote what was taken back."""
        if f"out:{utterance_id}" in self._rows:
            self._empty(f"out:{utterance_id}")

    def _empty(self, row_id: str) -> None:
        row, note = self._rows[row_id], SkipReason.DELETED.value
        kind = row.kind if row.kind == "kitsu" else "skip"
        if (row.text, row.unheard, row.note) != ("", "", note):
            empty = {"text": "", "unheard": "", "kind": kind, "note": note}
            self._put(row.model_copy(update=empty))

    def _put(self, row: FeedRow) -> None:
        self._rows[row.id] = row
        if len(self._rows) > FEED_ROWS:
            gone, _ = self._rows.popitem(last=False)
            self._whose.pop(gone, None)
            self._inputs.pop(gone, None)
        self._screens.tell(FeedMessage(row=row))


def _beside_its_name(given: TurnInput) -> str:
    """What happened, without the name that stands beside it in the row."""
    return given.told.removeprefix(f"{given.author.name} ")
