"""Who answers where OBS should be, and whether the password is right."""

import re
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from libs.obs.bounded_socket import connect
from libs.obs.conversation import (
    HELLO,
    IDENTIFIED,
    IDENTIFY,
    OTHER_PROTOCOL_CODE,
    REQUEST,
    RESPONSE,
    WRONG_PASSWORD_CODE,
    Conversation,
    HungUp,
    NoSense,
    Silence,
    proof,
)

#: The version of the protocol that we speak.
RPC_VERSION = 1

#: What obs-websocket 4 answers; version 5 has said Hello before it is asked anything.
QUESTION_OF_VERSION_4 = {"request-type": "GetVersion", "message-id": "1"}

WHERE_IN_OBS = "Tools > WebSocket Server Settings"


class Answer(StrEnum):
    NOTHING = "nothing"
    """Nobody is there."""
    SILENT = "silent"
    """The connection is taken, but nobody speaks (any more)."""
    NOT_OBS = "not_obs"
    TOO_OLD = "too_old"
    """An OBS whose protocol we do not speak."""
    WRONG_PASSWORD = "wrong_password"
    NEEDS_PASSWORD = "needs_password"
    """None was given."""
    OBS = "obs"


@dataclass(frozen=True)
class Probe:
    """What was found, and the step that mends it (empty where all is well); for people, and
    without the password."""

    answer: Answer
    found: str
    step: str = ""
    obs_version: str = ""
    websocket_version: str = ""

    @property
    def message(self) -> str:
        """Both in one sentence."""
        return f"{self.found}: {self.step}." if self.step else f"{self.found}."


def probe(host: str, port: int, password: str = "", timeout_seconds: float = 2.0) -> Probe:
    """Says hello to OBS, proves the password, asks for the version and says goodbye.

    Blocks for `timeout_seconds` at most (and a moment for the goodbye), whoever is there.
    """
    ends_at = time.monotonic() + timeout_seconds
    where = f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
    try:
        connection = connect(host, port, ends_at)
    except OSError:
        return _found(Answer.NOTHING, where)
    connection.end_at(ends_at)
    with connection:
        try:
            conversation = Conversation(connection, host, port)
        except Silence:
            return _found(Answer.SILENT, where)
        except (NoSense, HungUp):
            return _found(Answer.NOT_OBS, where)
        try:
            return _talk(conversation, where, password, ends_at)
        finally:
            conversation.close()


def _talk(conversation: Conversation, where: str, password: str, ends_at: float) -> Probe:
    try:
        first = _first_words(conversation, ends_at)
    except (Silence, NoSense, HungUp):
        return _found(Answer.NOT_OBS, where)
    if "message-id" in first or "update-type" in first:
        return _found(
            Answer.TOO_OLD,
            where,
            _version(first.get("obs-studio-version")),
            _version(first.get("obs-websocket-version")),
        )
    hello = first.get("d")
    if first.get("op") != HELLO or not isinstance(hello, dict):
        return _found(Answer.NOT_OBS, where)
    websocket_version = _version(hello.get("obsWebSocketVersion"))
    try:
        answer, obs_version = _identify(conversation, hello, password, ends_at)
    except Silence:
        answer, obs_version = Answer.SILENT, ""
    except NoSense:
        answer, obs_version = Answer.NOT_OBS, ""
    except HungUp as goodbye:
        answer, obs_version = _reason(goodbye), ""
    return _found(answer, where, obs_version, websocket_version)


def _first_words(conversation: Conversation, ends_at: float) -> dict[str, Any]:
    """Hello comes unasked. In half of the time, that is: the rest is for who needs to be asked."""
    now = time.monotonic()
    try:
        return conversation.hear(now + (ends_at - now) / 2)
    except Silence:
        conversation.say(QUESTION_OF_VERSION_4, ends_at)
        return conversation.hear(ends_at)


def _identify(
    conversation: Conversation, hello: dict[str, Any], password: str, ends_at: float
) -> tuple[Answer, str]:
    """The answer, and the version of OBS."""
    rpc_version, challenge = hello.get("rpcVersion"), hello.get("authentication")
    if not isinstance(rpc_version, int):
        return Answer.NOT_OBS, ""
    if rpc_version < RPC_VERSION:
        return Answer.TOO_OLD, ""
    identify: dict[str, Any] = {"rpcVersion": RPC_VERSION, "eventSubscriptions": 0}
    if challenge is not None:
        if not password:
            return Answer.NEEDS_PASSWORD, ""
        try:
            identify["authentication"] = proof(password, challenge["salt"], challenge["challenge"])
        except (TypeError, KeyError, AttributeError):
            return Answer.NOT_OBS, ""
    conversation.say({"op": IDENTIFY, "d": identify}, ends_at)
    conversation.hear_op(IDENTIFIED, ends_at)
    request = {"requestType": "GetVersion", "requestId": "version"}
    conversation.say({"op": REQUEST, "d": request}, ends_at)
    response = conversation.hear_op(RESPONSE, ends_at).get("responseData")
    return Answer.OBS, _version(response.get("obsVersion") if isinstance(response, dict) else "")


def _reason(goodbye: HungUp) -> Answer:
    """Of an OBS that said Hello and then closed: unless it says why, it is just going away."""
    if goodbye.code == WRONG_PASSWORD_CODE:
        return Answer.WRONG_PASSWORD
    return Answer.TOO_OLD if goodbye.code == OTHER_PROTOCOL_CODE else Answer.SILENT


def _version(said: object) -> str:
    """A version as others say it, if that is what it is."""
    return said if isinstance(said, str) and re.fullmatch(r"[\w.+-]{1,32}", said) else ""


def _found(answer: Answer, where: str, obs_version: str = "", websocket_version: str = "") -> Probe:
    obs = f"OBS {obs_version}".strip()
    spoken = f" (obs-websocket {websocket_version})" if websocket_version else ""
    copy = f"copy it from {WHERE_IN_OBS} > Show Connect Info to OBS_WS_PASSWORD in .env"
    found, step = {
        Answer.NOTHING: (
            f"Nothing answers at {where}",
            f"start OBS, and tick {WHERE_IN_OBS} > Enable WebSocket server",
        ),
        Answer.SILENT: (
            f"Who answers at {where} says nothing",
            "restart OBS if it hangs, or set OBS_WS_URL to its port if that is another program",
        ),
        Answer.NOT_OBS: (
            f"What answers at {where} is not OBS",
            f"set OBS_WS_URL to the port in {WHERE_IN_OBS} of OBS",
        ),
        Answer.TOO_OLD: (
            f"{obs} at {where}{spoken} speaks another protocol than Kitsu",
            "install OBS 28 or newer, or, where it is newer, update Kitsu",
        ),
        Answer.WRONG_PASSWORD: (f"OBS at {where} refuses the password", copy),
        Answer.NEEDS_PASSWORD: (f"OBS at {where} asks for a password", copy),
        Answer.OBS: (f"{obs}{spoken} answers at {where}", ""),
    }[answer]
    return Probe(answer, found, step, obs_version, websocket_version)
