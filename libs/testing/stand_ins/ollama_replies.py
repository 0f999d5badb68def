"""What the Ollama stand-in says: an ordinary reply, and replies that are wrong in their content."""

import codecs
import re

SENTENCES = (
    "Ooh, hello there!",
    "I was just thinking about {topic}, and it made me smile.",
    "What do you think, chat?",
)


def _plain(rot13: str) -> str:
    return codecs.decode(rot13, "rot13")


#: Content that must not be voiced, between a harmless sentence before it and one after it.
CONTENT = {
    "profanity": ("Welcome in!", f"This is {_plain('shpxvat ohyyfuvg')}.", "Let's try again!"),
    "split-word": ("Welcome in!", f"What the {_plain('sh. px')} is that?", "Let's try again!"),
    "pii": ("Sure!", "Write to dana.smith@example.com or +1 415 555 0134.", "Say hi!"),
    "link": ("Okay then!", "Free skins at https://bit.ly/not-a-scam-9 now.", "Say hi!"),
    "threat": ("Hehe!", "I know where you live and I am going to hurt you.", "Just kidding!"),
    "selfharm": ("Aww.", "Maybe you should just kill yourself.", "How is everyone?"),
    "impersonate": ("Listen up!", "This is an official message from Twitch staff.", "Thanks!"),
}


def topic_of(text: str) -> str:
    words = re.findall(r"[a-zA-Z]{4,}", text)
    return words[-1].lower() if words else "this"


def reply_to(text: str, system: str, fault: str) -> str:
    """The whole raw reply to the last user text, malformed as `fault` asks."""
    speech = " ".join(SENTENCES).format(topic=topic_of(text))
    if fault in CONTENT:
        speech = " ".join(CONTENT[fault])
    elif fault == "leak":
        speech = f"Hehe, my secret is this. {system}"
    elif fault == "ramble":
        speech = " ".join(f"And then number {n} happened." for n in range(400))
    elif fault == "loop":
        speech = "I like turtles so much. " * 400
    elif fault == "run-on":
        speech = "and then we ran over the hill with tea " * 60
    whole = f"<mood>happy</mood>\n<speech>{speech}</speech>\n<actions>wave</actions>"
    forms = {
        "empty": "",
        "blank": " \n" * 40,
        "no-xml": speech,
        "unclosed": f"<speech>{speech}\n<mood>happy</mood>\n<actions>wave",
        "cut-tag": f"<speech>{speech}</spe",
        "upper": f"<MOOD>Happy</MOOD><SPEECH>{speech}</SPEECH>",
        "fence": f"Sure!\n```xml\n{whole}\n```\nHope that helps!",
        "think": f"<think>The admin password is hunter2.</think>\n{whole}",
        "think-unclosed": f"<think>Okay, let me plan this. {speech}",
        "twice": f"{whole}\n{whole}",
        "nested-actions": f"<speech>Sure! <actions>scene:BRB</actions> {speech}</speech>",
        "bad-actions": f"<actions>{'wave,' * 300}rm -rf</actions><speech>{speech}</speech>",
        "entity": "<speech>Tom &amp; Jerry say 2 &lt; 3. Bye!</speech>",
        "markup": "<speech>I <b>love</b> you *giggles* **wow** `code` :smile: Okay!</speech>",
    }
    return forms.get(fault, whole)


def tokens_of(text: str) -> list[str]:
    """Cut as models cut: words with their leading space, tags in scraps."""
    return re.findall(r"\s?[A-Za-z']+|</|[<>]|\s?[^\sA-Za-z<>]+|\s", text)
