"""What the panel may order in OBS."""

from typing import Literal

from apps.orchestrator import studio_orders as orders
from apps.orchestrator.panel.wire import Command


class ObsSceneCommand(orders.SceneOrder, Command):
    command: Literal["obs_scene"] = "obs_scene"


class ObsMuteCommand(orders.MuteOrder, Command):
    command: Literal["obs_mute"] = "obs_mute"


class ObsVolumeCommand(orders.VolumeOrder, Command):
    command: Literal["obs_volume"] = "obs_volume"


class ObsSourceCommand(orders.SourceOrder, Command):
    command: Literal["obs_source"] = "obs_source"


class ObsFilterCommand(orders.FilterOrder, Command):
    command: Literal["obs_filter"] = "obs_filter"


class ObsTextCommand(orders.TextOrder, Command):
    command: Literal["obs_text"] = "obs_text"


class ObsMediaCommand(orders.MediaOrder, Command):
    command: Literal["obs_media"] = "obs_media"


class ObsRecordCommand(orders.RecordOrder, Command):
    command: Literal["obs_record"] = "obs_record"


class ObsReplayCommand(orders.ReplayOrder, Command):
    command: Literal["obs_replay"] = "obs_replay"


class ObsTransitionCommand(orders.TransitionOrder, Command):
    command: Literal["obs_transition"] = "obs_transition"


class ObsActionCommand(orders.ActionOrder, Command):
    command: Literal["obs_action"] = "obs_action"


ObsCommand = (
    ObsSceneCommand
    | ObsMuteCommand
    | ObsVolumeCommand
    | ObsSourceCommand
    | ObsFilterCommand
    | ObsTextCommand
    | ObsMediaCommand
    | ObsRecordCommand
    | ObsReplayCommand
    | ObsTransitionCommand
    | ObsActionCommand
)
