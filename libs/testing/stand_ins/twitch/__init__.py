"""Twitch without Twitch: what a chat worker talks to, with everything that can go wrong."""

from libs.testing.stand_ins.twitch.answers import Fault
from libs.testing.stand_ins.twitch.server import TwitchStandIn
from libs.testing.stand_ins.twitch.world import User

__all__ = ["Fault", "TwitchStandIn", "User"]
