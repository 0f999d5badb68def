"""Scripted viewers for `kitsu up --demo`: they chat, so that there is something to answer.

A process of its own beside the modules; it leaves when the supervisor does.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from apps.cli.failures import Failed
from apps.cli.local_api import LocalApi, Unreachable
from apps.cli.settings import cli_settings

#: Pauses between two lines. The mean leaves time for an answer to be heard.
SHORTEST_PAUSE_SECONDS = 7.0
LONGEST_PAUSE_SECONDS = 16.0


@dataclass(frozen=True)
class Viewer:
    name: str
    role: str = "viewer"


MILA = Viewer("mila_paints")
TOBI = Viewer("tobi_2049", "subscriber")
RIN = Viewer("rin_after_rain")
JUNO = Viewer("juno", "moderator")
PAX = Viewer("PaxTheSlow", "vip")

#: What is said, in small scenes; a scene stays together, scenes come in any order.
SCENES: tuple[tuple[tuple[Viewer, str], ...], ...] = (
    ((MILA, "hello Kitsu!! first time here"), (TOBI, "welcome mila, you picked a good night")),
    ((RIN, "what did you do today?"), (PAX, "probably napped on the keyboard again")),
    (
        (TOBI, "Kitsu, would you rather have two tails or wings?"),
        (MILA, "wings!! obviously wings"),
        (PAX, "two tails. balance is underrated"),
    ),
    ((JUNO, "friendly reminder to drink some water, chat"), (RIN, "tea counts, right?")),
    ((PAX, "tell us a very short story about a lighthouse"),),
    ((MILA, "can you sing?"), (TOBI, "careful what you ask for lol")),
    ((RIN, "i passed my exam today :)"), (JUNO, "congrats rin!"), (MILA, "yay rin!!")),
    ((TOBI, "what is the best snack for a boss fight?"),),
    ((PAX, "which game are we playing tonight?"), (JUNO, "the schedule says surprise")),
    ((MILA, "how do you pick the colours for your outfit?"),),
    ((RIN, "it is raining here, is it raining in your world?"),),
    ((TOBI, "quick question: pineapple on pizza?"), (PAX, "and so it begins")),
)


def lines(chance: random.Random) -> Iterator[tuple[Viewer, str]]:
    """Endless: all scenes in a new order each time round."""
    while True:
        for scene in chance.sample(SCENES, len(SCENES)):
            yield from scene


def main() -> int:
    if os.environ.get("KITSU_SUPERVISED"):
        threading.Thread(target=_leave_with_supervisor, daemon=True).start()
    chance = random.Random()
    try:
        api = LocalApi(cli_settings())
        for viewer, text in lines(chance):
            _send(api, viewer, text)
            time.sleep(chance.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))
    except Failed as error:
        print(error.format_message(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _send(api: LocalApi, viewer: Viewer, text: str) -> None:
    """Waits for the orchestrator as long as it takes."""
    while True:
        try:
            body = {"author": viewer.name, "text": text, "role": viewer.role}
            api.call("orchestrator", "POST", "/ingest/chat", body)
        except Unreachable:
            time.sleep(1.0)
        else:
            return


def _leave_with_supervisor() -> None:
    while os.read(0, 64):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
