"""Who wrote what lately, and what was answered: bounded, and forgotten with the viewer."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from apps.orchestrator.floor.reading import Reading, alike, are_the_same, fold
from apps.orchestrator.floor.rules import FloorRules
from libs.contracts.people import Author, Role

#: Viewers that are remembered, the last heard first; and of each so many lines.
REMEMBERED_VIEWERS = 2_000
#: Of them so many count as those of just now.
LATELY_VIEWERS = 200
LINES_A_VIEWER = 3
#: Long lines that may turn out to be copied.
REMEMBERED_TEXTS = 1_000
ANSWERED_LINES = 20
#: A line that shares less than this with everything answered lately is new.
NEW_BELOW = 0.2


@dataclass(slots=True)
class Chatter:
    author: Author
    heard_at: float
    """When first, since the start."""
    answered_at: float = float("-inf")
    lines: deque[tuple[float, Reading]] = field(
        default_factory=lambda: deque(maxlen=LINES_A_VIEWER)
    )


@dataclass(frozen=True, slots=True)
class Answered:
    at: float
    reading: Reading
    viewer_ids: frozenset[str]
    name: str


@dataclass(slots=True)
class Copies:
    """A long text, and who wrote it."""

    at: float
    viewer_ids: set[str] = field(default_factory=set)


class Crowd:
    """Promises: bounded, however many write."""

    def __init__(self, rules: FloorRules) -> None:
        self._rules = rules
        self._chatters: OrderedDict[str, Chatter] = OrderedDict()
        self._by_name: dict[str, str] = {}
        self._copies: OrderedDict[str, Copies] = OrderedDict()
        self._answered: deque[Answered] = deque(maxlen=ANSWERED_LINES)
        self.host_name = ""
        """The broadcaster's, folded, as soon as it was heard."""

    def heard(self, author: Author, reading: Reading, now: float) -> tuple[int, bool]:
        """Takes note of a line. How often its author wrote the same just before, and whether it is
        one that many copy."""
        chatter = self.met(author, now)
        rules = self._rules.spam
        times = sum(
            now - at <= rules.repeat_seconds and are_the_same(earlier, reading)
            for at, earlier in chatter.lines
        )
        chatter.lines.append((now, reading))
        return times, self._is_copied(author.viewer_id, reading, now)

    def answered(self, viewers: Iterable[Author], reading: Reading, now: float) -> None:
        names = [author.name for author in viewers]
        ids = frozenset(author.viewer_id for author in viewers)
        self._answered.append(Answered(now, reading, ids, names[0]))
        for viewer_id in ids:
            if (chatter := self._chatters.get(viewer_id)) is not None:
                chatter.answered_at = now

    def likest_answer(self, reading: Reading, now: float) -> tuple[float, Answered | None]:
        """How like the likest line is that was answered lately, and that line when it is about the
        same."""
        most, same = 0.0, None
        for answered in self._answered:
            old = now - answered.at > self._rules.answered_seconds
            if old or answered.reading.key.isdisjoint(reading.key):
                continue
            likeness = alike(answered.reading, reading)
            most = max(most, likeness)
            if likeness >= 0.7 and are_the_same(answered.reading, reading):
                same = answered
        return most, same

    def cools_down(self, viewer_id: str, now: float) -> bool:
        chatter = self._chatters.get(viewer_id)
        return chatter is not None and now - chatter.answered_at < self._rules.cooldown_seconds

    def came_after(self, viewer_id: str, moment: float) -> bool:
        """Whether nothing was heard of this viewer before."""
        chatter = self._chatters.get(viewer_id)
        return chatter is None or chatter.heard_at >= moment

    def named(self, name: str) -> Author | None:
        """The viewer who last wrote under this name, with or without @."""
        viewer_id = self._by_name.get(fold(name.strip().lstrip("@")))
        chatter = self._chatters.get(viewer_id) if viewer_id is not None else None
        return chatter.author if chatter is not None else None

    def lately(self, since: float) -> list[Author]:
        """Who was heard since then, the last one first; at most `LATELY_VIEWERS`."""
        found: list[Author] = []
        for chatter in islice(reversed(self._chatters.values()), LATELY_VIEWERS):
            last = chatter.lines[-1][0] if chatter.lines else chatter.heard_at
            if last >= since and chatter.author.name:
                found.append(chatter.author)
        return found

    def forget(self, viewer_id: str) -> None:
        """Their words and name go; that they were heard, and when they were answered, stays."""
        if (chatter := self._chatters.get(viewer_id)) is not None:
            self._unname(chatter.author)
            chatter.lines.clear()
            chatter.author = Author(viewer_id=viewer_id, name="")
        kept = [one for one in self._answered if viewer_id not in one.viewer_ids]
        self._answered = deque(kept, maxlen=ANSWERED_LINES)

    def met(self, author: Author, now: float) -> Chatter:
        """Takes note of a viewer."""
        chatter = self._chatters.get(author.viewer_id)
        if chatter is None:
            chatter = self._chatters[author.viewer_id] = Chatter(author, now)
            self._name(author)
            if len(self._chatters) > REMEMBERED_VIEWERS:
                _, gone = self._chatters.popitem(last=False)
                self._unname(gone.author)
        else:
            self._chatters.move_to_end(author.viewer_id)
            if chatter.author != author:
                self._unname(chatter.author)
                chatter.author = author
                self._name(author)
        return chatter

    def _unname(self, author: Author) -> None:
        """Whoever else wrote under that name since keeps it."""
        name = fold(author.name)
        if self._by_name.get(name) == author.viewer_id:
            del self._by_name[name]

    def _name(self, author: Author) -> None:
        self._by_name[fold(author.name)] = author.viewer_id
        if author.role is Role.BROADCASTER:
            self.host_name = fold(author.name)

    def _is_copied(self, viewer_id: str, reading: Reading, now: float) -> bool:
        rules = self._rules.spam
        if len(reading.words) < rules.wave_words:
            return False
        copies = self._copies.get(reading.folded)
        if copies is None or now - copies.at > rules.wave_seconds:
            copies = self._copies[reading.folded] = Copies(now)
        self._copies.move_to_end(reading.folded)
        copies.at = now
        if len(copies.viewer_ids) < rules.wave_viewers:
            copies.viewer_ids.add(viewer_id)
        if len(self._copies) > REMEMBERED_TEXTS:
            self._copies.popitem(last=False)
        return len(copies.viewer_ids) >= rules.wave_viewers
