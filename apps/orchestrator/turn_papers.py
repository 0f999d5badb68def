"""What belongs to a turn beside its words: its prompt, its pictures, its code."""

from apps.orchestrator.conversation import Conversation
from apps.orchestrator.memory import code
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.retracting import Struck
from apps.orchestrator.panel.protocol import Turn as TurnRow
from apps.orchestrator.panel.protocol import TurnMessage
from apps.orchestrator.pictures import PictureShelf
from apps.orchestrator.prompts import PromptShelf
from apps.orchestrator.screens import Screens
from libs.contracts.conversation import CodeWritten
from libs.safety.invisible import without_invisible
from libs.telemetry import clock


class TurnPapers:
    """Promises: prompts and pictures are never on disk; code is with its turn, and goes with it."""

    def __init__(self, database: Database, conversation: Conversation, screens: Screens) -> None:
        self._database = database
        self._conversation = conversation
        self._screens = screens
        self.prompts = PromptShelf()
        self.pictures = PictureShelf()

    async def code_written(self, event: CodeWritten) -> None:
        """The same piece again changes nothing; one whose turn is gone is not kept."""
        piece = event.model_copy(update={"text": without_invisible(event.text)})
        async with self._conversation.nothing_half_written():  # its turn is on disk before it
            await self._database.keep(lambda db: code.keep(db, piece, clock.now()))
        turn = self._conversation.active
        if turn is not None and turn.turn_id == event.turn_id:
            turn.code_pieces = max(turn.code_pieces, event.index + 1)
            self._screens.tell(TurnMessage(turn=TurnRow.model_validate(turn.as_json())))

    def take_back(self, struck: Struck) -> None:
        """A prompt quotes the latest lines of the conversation, whoever said them."""
        if struck.turn_ids or not struck.on_disk:
            self.prompts.forget(clock.now())
        self.pictures.drop(struck.input_ids)

    def forget(self, viewer_id: str) -> None:
        self.prompts.forget(clock.now())
        self.pictures.forget(viewer_id)
