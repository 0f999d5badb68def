"""Whatever comes, in whatever order: everything leaves once, nothing grows, nothing old is said."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.orchestrator.floor import Candidate, Floor, FloorRules, Skipped
from apps.orchestrator.floor.floor import IDLE_WAITING_LINES, OTHER_WAITING_LINES
from libs.contracts.conversation import SkipReason, TurnSource
from libs.contracts.people import Role
from tests.orchestrator.floor_lines import line

FRESH = 5.0
RULES = FloorRules(
    names=("kitsu",), waiting_lines=3, together_viewers=2, fresh_seconds=FRESH, burst_viewers=2
)
HOSTILE = (
    "kitsu what is this?",
    "what is this",
    "\u200b\u200b\u200b",
    "\u202eustik iH",
    "😂" * 500,
    "k\u0336i\u0336t\u0336s\u0336u\u0336",
    "@kitsu @kitsu @kitsu",
    "a" * 2_000,
    "👨‍👩‍👧‍👦" * 40,
    "http://" * 50,
    "?",
    "",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["offer"] * 8 + ["take"] * 3 + ["delete", "ban", "clear", "quiet", "host", "raid"]
        ),
        TEXTS,
        st.integers(0, 5),
        st.sampled_from(list(TurnSource)),
        st.floats(0, 4),
        st.sampled_from(list(Role)),
    ),
    max_size=60,
)


class Watched:
    """A floor, and everything that came and went."""

    def __init__(self) -> None:
        self.floor = Floor(RULES)
        self.now = 100.0
        self.came: list[Candidate] = []
        self.went: Counter[str] = Counter()

    def leave(self, skipped: list[Skipped]) -> None:
        self.went.update(item.candidate.input_id for item in skipped)
        assert all(item.reason in set(SkipReason) for item in skipped)

    def do(
        self, what: str, text: str, who: int, source: TurnSource, age: float, role: Role
    ) -> None:
        here, author = self.floor, f"v{who}"
        if what == "offer":
            one = line(text[:2_000], author, self.now - age, source, role, first_time=who == 0)
            self.came.append(one)
            self.leave(here.offer(one, self.now))
        elif what == "take":
            self.take()
        elif what == "delete":
            ids = [i for one in self.came[-3:-2] for i in one.input.message_ids]
            self.leave(here.withdraw(message_id=next(iter(ids), "")))
        elif what == "ban":
            self.leave(here.withdraw(viewer_id=f"id-{author}"))
        elif what == "clear":
            self.leave(here.clear(SkipReason.PANIC))
        elif what == "quiet":
            here.quiet_until = self.now + age
            self.leave(here.clear(SkipReason.QUIET))
        elif what == "host":
            here.host.started(self.now)
        else:
            here.raided(self.now)

    def take(self) -> None:
        taken, skipped = self.floor.take(self.now)
        self.leave(skipped)
        if taken is None:
            return
        self.went[taken.input_id] += 1
        if taken.source in (TurnSource.CHAT, TurnSource.IDLE):
            assert self.now - taken.input.arrived_at <= FRESH
        together = {asker.viewer_id for asker in taken.input.asked_by}
        assert len(together) == len(taken.input.asked_by) <= RULES.together_viewers

    def look(self) -> None:
        groups = RULES.waiting_lines * (1 + RULES.together_viewers)
        assert len(self.floor) <= groups + 3 * OTHER_WAITING_LINES + IDLE_WAITING_LINES
        viewers = [one.candidate.viewer_id for one in self.floor.chat_lines]
        assert len(viewers) == len(set(viewers))
        assert len(self.floor) == len(self.floor.waiting) == len(self.came) - len(self.went)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_input_leaves_exactly_once_and_nothing_grows_old_or_large(
    steps: list[tuple[str, str, int, TurnSource, float, Role]],
) -> None:
    watched = Watched()
    for step in steps:
        watched.do(*step)
        watched.look()
        watched.now += step[4] / 4
    for _ in range(len(watched.floor) + 1):
        watched.now += 31  # the host is silent by now
        watched.take()
    watched.leave(watched.floor.clear(SkipReason.OFF))
    assert watched.went == Counter(one.input_id for one in watched.came)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=600), st.text(max_size=40), st.sampled_from(list(Role)))
def test_no_text_and_no_name_breaks_the_rules(text: str, name: str, role: Role) -> None:
    here = Floor(RULES)
    first, second = line(text, name or "x", role=role), line(text, "another", role=role)
    for one in (first, second):
        for item in here.offer(one, 0.0):
            assert item.score is None or len(item.score.parts) > 0
    here.take(1.0)
