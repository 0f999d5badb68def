"""All commands: where each one lives, and its line in the help."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    module: str
    attribute: str
    help: str
    optional: bool = False
    """Listed only where its module is there."""


def _entry(name: str, text: str) -> Entry:
    return Entry(f"apps.cli.commands.{name}", f"{name}_command", text)


#: In the order of the help: what is used daily first.
COMMANDS: dict[str, Entry] = {
    "up": _entry("up", "Start everything and open the panel."),
    "down": _entry("down", "Stop what `kitsu up` started."),
    "status": _entry("status", "How the show and its modules are."),
    "panel": _entry("panel", "A fresh one-time link to the panel."),
    "chat": _entry("chat", "Send a chat line, as if a viewer had written it."),
    "replay": _entry("replay", "Play a recorded chat into the running show."),
    "say": _entry("say", "Let Kitsu say a text word for word."),
    "stop": _entry("stop", "Cut off what is being said."),
    "panic": _entry("panic", "Silence everything at once, until released."),
    "obs": _entry("obs", "See and steer OBS; `kitsu obs setup` makes what Kitsu needs there."),
    "avatar": _entry("avatar", "How her avatars are; faces for moods, gestures, items."),
    "twitch": _entry("twitch", "Sign in to Twitch; see how the link to it is."),
    "memory": _entry("memory", "See, export and forget what she remembers."),
    "persona": _entry("persona", "Who she is now; become another persona, live."),
    "models": _entry("models", "Who answers what; pull a model for Ollama."),
    "ears": _entry("ears", "How she listens; get a recogniser and its models; mute."),
    "doctor": _entry("doctor", "Check this machine, and say what mends what is wrong."),
    "logs": _entry("logs", "Read the logs of all modules or of one."),
    "restart": _entry("restart", "Restart one module."),
    "worker": _entry("worker", "Run one module in the foreground, on any machine."),
    "tts": _entry("tts", "Speak a text into a WAV file."),
    "stt": _entry("stt", "Write down what is said in a sound file."),
    "devices": _entry("devices", "List sound devices."),
    "events": _entry("events", "Look at the bus: tail, schema, dead letters."),
    "test": _entry("test", "Run the tests of this checkout."),
    "bench": Entry(
        "apps.cli.bench.commands", "bench", "Measure latency, panic, recovery.", optional=True
    ),
}
