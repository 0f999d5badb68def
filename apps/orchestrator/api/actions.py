"""What people can do to the show, the same over HTTP and over the panel's stream."""

from typing import TYPE_CHECKING

from apps.orchestrator import inputs
from apps.orchestrator.floor import Candidate
from apps.orchestrator.pictures import PICTURE_BYTES
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.control import HoldToTalk, SetMicrophone, SetModuleEnabled, SetPersona
from libs.contracts.identity import new_id
from libs.contracts.listening import ListeningMode
from libs.contracts.memory import ViewerForgotten
from libs.contracts.modules import MODULES_BY_ID
from libs.contracts.people import Author, Role
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression
from libs.safety import clean_chat
from libs.safety.pictures import NoPicture, bytes_of_base64, media_type_of
from libs.settings.personas import PersonaError
from libs.telemetry import clock
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: The longest line that is taken from chat; the rest is cut off.
CHAT_CHARACTERS = 500
#: Operator lines may be longer; they are spoken sentence by sentence.
SAY_CHARACTERS = 2_000
#: Of what is wrong with a persona's file so much is told.
PROBLEM_CHARACTERS = 2_000


async def ingest_chat(
    worker: "OrchestratorWorker", text: str, author: str, role: Role, picture: str = ""
) -> ChatMessageReceived:
    """A chat line, cleaned, as a fact on the bus; a picture in base64 may go with it.

    Raises `Problem` when nothing is left of the line, or what came as a picture is none.
    """
    clean, name = clean_chat(text, maximum=CHAT_CHARACTERS), clean_chat(author, maximum=64)
    if not clean:
        step = "The line is empty or has only control characters."
        if picture:
            step += " Write a few words that go with the picture."
        raise Problem(422, "Nothing to say", step)
    data = _picture_in(picture) if picture else b""
    name = name or "viewer"
    event = ChatMessageReceived(
        show=worker.show,
        message_id=new_id(),
        platform="local",
        author=Author(viewer_id=f"local:{name.casefold()}"[:128], name=name, role=role),
        text=clean,
        picture=media_type_of(data) if data else "",
    )
    if data:
        worker.papers.pictures.keep(event.event_id, event.author.viewer_id, data)
    await worker.publish(event)
    return event


def _picture_in(text: str) -> bytes:
    try:
        data = bytes_of_base64(text)
        media_type_of(data, PICTURE_BYTES)
    except NoPicture as error:
        raise Problem(422, "Not a picture", f"picture: {error}", "picture") from None
    return data


async def say(
    worker: "OrchestratorWorker",
    text: str,
    mood: Mood = Mood.NEUTRAL,
    voice: str = "",
    override: bool = False,
) -> str:
    if worker.panic.engaged:
        step = "Release the panic first (hold the button, or `kitsu panic --release`)."
        raise Problem(409, "Panic is engaged", step, "panic")
    clean = clean_chat(text, maximum=SAY_CHARACTERS)
    if not clean:
        raise Problem(422, "Nothing to say", "The text is empty or has only control characters.")
    given = inputs.from_operator(clean, "operator", override)
    candidate = Candidate(new_id(), new_id(), new_id(), given, mood.value, voice)
    await worker.conversation.offer(candidate)
    return candidate.utterance_id


async def stop_speaking(worker: "OrchestratorWorker", by: str) -> int:
    """What is said now ends, and what was meant to follow. Returns the new epoch."""
    epoch = await worker.conversation.interrupt("stop", by)
    await worker.tell_epoch()
    await worker.incidents.note("stop", "info", f"Stopped by {by}.", by)
    return epoch


async def forget_viewer(worker: "OrchestratorWorker", viewer_id: str, by: str) -> int | None:
    """All that is known of a viewer goes. Returns how many records that were; None when the disk
    cannot now: then it is done as soon as it can."""
    await worker.retraction.silence(Withdrawal(viewer_id=viewer_id))
    await worker.polls.withdraw(viewer_id)
    async with worker.conversation.nothing_half_written():
        removed = await worker.memory.forget(viewer_id)
    worker.floor.forget(viewer_id)
    worker.words.changed()
    worker.feed.forget(viewer_id)
    worker.papers.forget(viewer_id)
    worker.safety.texts.forget(viewer_id)
    await worker.publish(ViewerForgotten(show=worker.show, viewer_id=viewer_id, by=by))
    await worker.incidents.note("forgotten", "info", "A viewer was forgotten on demand.")
    worker.status_changed()
    return removed


async def set_module(
    worker: "OrchestratorWorker", module: str, enabled: bool, by: str = "operator"
) -> None:
    if module not in MODULES_BY_ID:
        known = ", ".join(MODULES_BY_ID)
        raise Problem(404, "Unknown module", f"Choose one of: {known}.", "module")
    if module == worker.module:
        raise Problem(409, "Not switchable", "The orchestrator cannot switch itself off.", "module")
    await worker.publish(SetModuleEnabled(show=worker.show, module=module, enabled=enabled, by=by))
    await worker.bus.set_latch(worker.show, f"enabled:{module}", {"enabled": enabled, "by": by})
    state = "on" if enabled else "off"
    await worker.incidents.note("module", "info", f"{module} switched {state} by {by}.", by)


async def set_persona(worker: "OrchestratorWorker", change: SetPersona) -> None:
    """Checked here, so that whoever asks hears of a mistake; then told to all."""
    try:
        await worker.session.change_persona(change)
    except PersonaError as error:
        detail = str(error)[:PROBLEM_CHARACTERS]
        raise Problem(422, "The persona is still the same", detail, "persona") from None
    except ValueError as error:
        raise Problem(422, "Unknown style", str(error), "style") from None
    await worker.publish(change)
    worker.words.changed()
    if change.persona is not None:
        said = f"The persona is {change.persona} now (by {change.by})."
        await worker.incidents.note("persona", "info", said, change.by)
    worker.status_changed()


async def set_expression(
    worker: "OrchestratorWorker", mood: Mood, hold_seconds: float | None = None
) -> None:
    event = SetExpression(show=worker.show, mood=mood, hold_seconds=hold_seconds)
    await worker.publish(event)


async def set_microphone(
    worker: "OrchestratorWorker", muted: bool | None, mode: ListeningMode | None, by: str
) -> SetMicrophone:
    """Raises `Problem` when there are no ears to be told."""
    _need_ears(worker)
    order = SetMicrophone(show=worker.show, muted=muted, mode=mode, by=by)
    await worker.publish(order)
    said = {None: "", True: "muted for her", False: "open for her again"}[muted]
    what = ", ".join(part for part in (said, f"mode {mode}" if mode else "") if part)
    await worker.incidents.note("microphone", "info", f"Microphone: {what} (by {by}).", by)
    return order


async def hold_to_talk(
    worker: "OrchestratorWorker", held: bool, at_most_seconds: float, by: str
) -> None:
    """Raises `Problem` when there are no ears to be told."""
    _need_ears(worker)
    expires_at = clock.now() + at_most_seconds if held else None
    await worker.publish(
        HoldToTalk(
            show=worker.show,
            held=held,
            at_most_seconds=at_most_seconds,
            by=by,
            expires_at=expires_at,
        )
    )


def _need_ears(worker: "OrchestratorWorker") -> None:
    if not worker.microphone.there:
        step = "Nobody listens now: look at the Ears (`kitsu status`, `kitsu restart asr_worker`)."
        raise Problem(503, "The ears are not there", step, "ears")
