"""How soon a command may be given again. Pure; time comes in as a number."""

from apps.twitch_ingest.chat_rules import CommandRule

#: More viewers than this are not remembered: the ones that waited longest are let go first.
MAXIMUM_REMEMBERED = 10_000


class Cooldowns:
    """Promises: bounded; a command that was refused does not lengthen anybody's wait."""

    def __init__(self) -> None:
        self._of_show: dict[str, float] = {}
        self._of_viewer: dict[tuple[str, str], float] = {}

    def wait_seconds(self, command: str, rule: CommandRule, viewer_id: str, at: float) -> float:
        """How long until it may be given; 0: now. `at`: seconds on the show's clock.
        That may be set back: what looks then as if it were yet to come keeps nobody waiting."""
        of_show = self._of_show.get(command, float("-inf"))
        of_viewer = self._of_viewer.get((command, viewer_id), float("-inf"))
        waits = ((of_show, rule.cooldown_seconds), (of_viewer, rule.viewer_cooldown_seconds))
        return max([0.0, *(since + pause - at for since, pause in waits if since <= at)])

    def given(self, command: str, rule: CommandRule, viewer_id: str, at: float) -> None:
        if rule.cooldown_seconds:
            self._of_show[command] = at
        if rule.viewer_cooldown_seconds:
            self._of_viewer.pop((command, viewer_id), None)
            self._of_viewer[command, viewer_id] = at
            while len(self._of_viewer) > MAXIMUM_REMEMBERED:
                del self._of_viewer[next(iter(self._of_viewer))]
