"""`kitsu devices`."""

from typing import Any

import click

from apps.cli.failures import Failed
from apps.cli.printing import print_json, print_rows
from apps.cli.progress_line import ProgressLine
from apps.cli.settings import CliSettings, cli_settings
from apps.cli.sound_desk import Chosen, Heard, SoundDesk, chosen_loudspeaker, chosen_microphone
from libs.audio.sound_devices import PortAudioMissing, SoundDevice, SoundTrouble, choose
from libs.telemetry.redaction import visible

#: What needs no PortAudio.
WITHOUT = (
    "Without it the overlay page in OBS or a browser plays sound, and ASR_INPUT_DEVICE=panel takes "
    "the microphone of the panel's browser."
)
EPILOG = """\b
Examples:
  kitsu devices
  kitsu devices --test-tone "USB"
  kitsu devices --json --no-levels"""


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--levels/--no-levels", default=True, help="Listen to each microphone for a moment.")
@click.option(
    "--test-tone",
    "tone",
    is_flag=False,
    flag_value="",
    metavar="[DEVICE]",
    help="Play a short soft tone: on the device of this number or name, else on STAGE_DEVICE.",
)
def devices_command(as_json: bool, levels: bool, tone: str | None) -> None:
    """List the sound devices of this machine, how loud its microphones are just now, and which
    ones ASR_INPUT_DEVICE and STAGE_DEVICE mean."""
    settings, desk = cli_settings(), SoundDesk()
    if tone is not None:
        _test_tone(desk, tone or settings.stage_device, as_json)
        return
    devices = _devices(desk)
    progress = ProgressLine(quiet=as_json)
    heard = desk.levels(devices, progress.show) if levels else {}
    progress.end()
    chosen = {
        "input": chosen_microphone(devices, settings),
        "output": chosen_loudspeaker(devices, settings.stage_device),
    }
    if as_json:
        print_json(
            {
                "devices": [_as_json(device, heard.get(device.index)) for device in devices],
                "chosen": {direction: choice.as_json() for direction, choice in chosen.items()},
            }
        )
        return
    _print(devices, heard, chosen, settings)


def _devices(desk: SoundDesk) -> list[SoundDevice]:
    try:
        return desk.devices()
    except PortAudioMissing as missing:
        raise Failed(f"{_sentence(missing)}\n{WITHOUT}") from None
    except SoundTrouble as trouble:
        raise Failed(_sentence(trouble)) from None


def _as_json(device: SoundDevice, heard: Heard | None) -> dict[str, Any]:
    levels = heard or Heard()
    return {
        "index": device.index,
        "name": device.name,
        "host_api": device.host_api,
        "inputs": device.inputs,
        "outputs": device.outputs,
        "sample_rate_hz": device.sample_rate_hz,
        "default": " ".join(device.default),
        "level_dbfs": levels.level_dbfs,
        "peak_dbfs": levels.peak_dbfs,
        "problem": levels.problem,
    }


def _print(
    devices: list[SoundDevice],
    heard: dict[int, Heard],
    chosen: dict[str, Chosen],
    settings: CliSettings,
) -> None:
    if not devices:
        click.echo("This machine has no sound device. The overlay page plays sound without one,")
        click.echo("and ASR_INPUT_DEVICE=panel takes the microphone of the panel's browser.")
    rows = [
        [
            str(device.index),
            device.name,
            f"in {device.inputs}",
            f"out {device.outputs}",
            _level(heard.get(device.index)),
            " ".join(device.default),
        ]
        for device in devices
    ]
    print_rows(rows, state_column=-1)
    for index, found in heard.items():
        if found.problem:
            click.echo(visible(f"Device {index}: {found.problem}"))
    for name, choice in (("ASR_INPUT_DEVICE", chosen["input"]), ("STAGE_DEVICE", chosen["output"])):
        means = choice.other or choice.problem or f"device {choice.index}, {choice.name}"
        click.echo(visible(f"{name}={choice.setting or '(empty)'}: {means}"))


def _level(heard: Heard | None) -> str:
    if heard is None:
        return ""
    if heard.level_dbfs is None or heard.peak_dbfs is None:
        return "not heard, see below"
    if heard.peak_dbfs <= -100:
        return "silent: is it muted?"
    return f"{heard.level_dbfs:.0f} dBFS, peak {heard.peak_dbfs:.0f}"


def _test_tone(desk: SoundDesk, wanted: str, as_json: bool) -> None:
    devices = _devices(desk)
    try:
        device = choose(devices, wanted.strip(), "output")
        desk.play_tone(device)
    except SoundTrouble as trouble:
        raise Failed(_sentence(trouble)) from None
    if as_json:
        print_json({"played": {"index": device.index, "name": device.name}})
        return
    click.echo(visible(f"Played a tone on device {device.index}, {device.name}."))


def _sentence(trouble: SoundTrouble) -> str:
    text = str(trouble)
    return f"{text[:1].upper()}{text[1:]}."
