"""Names of what the bus keeps on the server beside the streams."""

from libs.contracts.streams import Topic

DEAD_LETTERS = "kitsu:dead"


def latch_key(show: str, name: str) -> str:
    return f"kitsu:{{{show}}}:latch:{name}"


def lease_key(show: str, name: str) -> str:
    return f"kitsu:{{{show}}}:lease:{name}"


def note_key(name: str) -> str:
    return f"kitsu:note:{name}"


def mark_key(what: str, entry: str) -> str:
    """A short-lived mark that only one instance can set: "this one is being dealt with"."""
    return f"kitsu:mark:{what}:{entry}"


def topics_by_key(topics: tuple[Topic, ...], show: str) -> dict[str, Topic]:
    return {topic.key(show): topic for topic in topics}


def live_channel(key: str, tag: str) -> str:
    """The channel of one type of event on a live topic."""
    return f"{key}:{tag}"
