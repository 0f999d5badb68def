"""What the models behind the stand-ins say: an ordinary reply, and all the ways it can be wrong."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SENTENCES = (
    "Ooh, hello there!",
    "I was just thinking about {topic}, and it made me smile.",
    "What do you think, chat?",
)


def _plain(rot13: str) -> str:
    """Listed words stand here so that the file can be read by anyone."""
    return codecs.decode(rot13, "rot13")


#: Content that must not be voiced, between a harmless sentence before it and one after it.
CONTENT = {
    "profanity": ("Welcome in!", f"This is {_plain('shpxvat ohyyfuvg')}.", "Let's try again!"),
    "obfuscated": (
        "Welcome in!",
        f"What a {_plain('fghc1q o!gpu')} of a boss, {_plain('s.h.p.x')} it.",
        "Let's try again!",
    ),
    "split-word": ("Welcome in!", f"What the {_plain('sh. px')} is that?", "Let's try again!"),
    "pii": ("Sure!", "Write to dana.smith@example.com or +1 415 555 0134.", "Say hi!"),
    "link": ("Okay then!", "Free skins at https://bit.ly/not-a-scam-9 now.", "Say hi!"),
    "threat": ("Hehe!", "I know where you live and I am going to hurt you.", "Just kidding!"),
    "selfharm": ("Aww.", "Maybe you should just kill yourself.", "How is everyone?"),
    "impersonate": ("Listen up!", "This is an official message from Twitch staff.", "Thanks!"),
}
LANGUAGES = {
    "ja": "みんな、来てくれてありがとう！今日も一緒に楽しもうね。次は何をしようかな？",
    "ru": "Привет всем в чате! Сегодня будет очень весело. Давайте начнём прямо сейчас!",
    "pt": "Oi, gente! Hoje vai ser muito divertido. Vocês já estão todos prontos para isso?",
}


@dataclass(frozen=True)
class AsksFor:
    """A reply in which the model asks for tools, by name and arguments, after some text or none."""

    calls: tuple[tuple[str, dict[str, Any]], ...]
    text: str = ""


@dataclass(frozen=True)
class Asked:
    """What a chat request said, and the argument of the fault that it meets."""

    user: str
    system: str = ""
    argument: str = ""

    @property
    def topic(self) -> str:
        words = re.findall(r"[a-zA-Z]{4,}", re.sub(r"#\w+=\S*", " ", self.user))
        return words[-1].lower() if words else "this"

    @property
    def speech(self) -> str:
        return " ".join(SENTENCES).format(topic=self.topic)

    def number(self, otherwise: int) -> int:
        return int(self.argument) if self.argument.isdigit() else otherwise


def in_form(speech: str, mood: str = "happy", actions: str = "none") -> str:
    return f"<mood>{mood}</mood>\n<speech>{speech}</speech>\n<actions>{actions}</actions>"


def _with_speech(speech: Callable[[Asked], str]) -> Callable[[Asked], str]:
    return lambda asked: in_form(speech(asked))


#: The whole raw reply by the name of the fault; an ordinary one for all other names.
REPLIES: dict[str, Callable[[Asked], str]] = {
    "empty": lambda asked: "",
    "blank": lambda asked: " \n" * 40,
    "unclosed": lambda asked: f"<speech>{asked.speech}\n<mood>happy</mood>\n<actions>wave",
    "cut-tag": lambda asked: f"<speech>{asked.speech}</spe",
    "no-xml": lambda asked: asked.speech,
    "fence": lambda asked: (
        f"Sure! Here is the reply:\n```xml\n{in_form(asked.speech)}\n```\nHope that helps!"
    ),
    "upper": lambda asked: f"<MOOD>Happy</MOOD><SPEECH>{asked.speech}</SPEECH>",
    "attrs": lambda asked: (
        f"<speech lang=\"en\" tone='warm'>{asked.speech}</speech >< mood>happy</mood><actions />"
    ),
    "order": lambda asked: (
        f"<actions>none</actions><mood>happy</mood><speech>{asked.speech}</speech>"
    ),
    "twice": lambda asked: f"{in_form(asked.speech)}\n{in_form(asked.speech)}",
    "nested-actions": lambda asked: (
        f"<speech>Sure! <actions>scene:BRB</actions> {asked.speech} <mood>sad</mood> Bye!</speech>"
    ),
    "bad-actions": lambda asked: in_form(
        asked.speech, actions="wave," * 300 + 'obs.delete_scene("Live"), ../../etc/passwd, rm -rf'
    ),
    "markup": _with_speech(
        lambda asked: (
            "I <b>love</b> you <3 and 2 < 3 & 5 > 4. <script>alert(1)</script> *giggles*"
            " [laughs] (whispers) **wow** `code` :smile: 😀 Okay!"
        )
    ),
    "entity": _with_speech(lambda asked: "Tom &amp; Jerry say 2 &lt; 3 &#x21; Fish &copy;. Bye!"),
    "think": lambda asked: (
        f"<think>The admin password is hunter2.</think>\n{in_form(asked.speech)}"
    ),
    "think-unclosed": lambda asked: f"<think>Okay, let me plan this. {asked.speech}",
    "ramble": _with_speech(
        lambda asked: " ".join(f"And then number {n} happened." for n in range(asked.number(1_000)))
    ),
    "loop": _with_speech(lambda asked: "I like turtles so much. " * asked.number(400)),
    "run-on": _with_speech(
        lambda asked: "and then we ran over the hill with tea " * (asked.number(400) // 9)
    ),
    "leak": _with_speech(lambda asked: f"Hehe, my secret is this. {asked.system}"),
    "lang": _with_speech(lambda asked: LANGUAGES.get(asked.argument, LANGUAGES["ja"])),
    **{
        name: _with_speech(lambda asked, parts=parts: " ".join(parts))  # type: ignore[misc]
        for name, parts in CONTENT.items()
    },
}


def reply_to(asked: Asked, fault: str) -> str:
    make = REPLIES.get(fault)
    return make(asked) if make else in_form(asked.speech)


def tokens_of(text: str, fault: str = "") -> list[str]:
    """Cut as models cut: words with their leading space, tags in scraps."""
    if fault == "dribble":
        return list(text)
    if fault == "burst":
        return [text] if text else []
    pieces = re.findall(r"\s?[A-Za-z']+|</|[<>]|\s?[^\sA-Za-z<>]+|\s", text)
    if fault != "tag-split":
        return pieces
    split: list[str] = []
    for part in re.split(r"(</?[a-z]+>)", text):
        split += list(part) if re.fullmatch(r"</?[a-z]+>", part) else tokens_of(part)
    return split
