"""`kitsu devices`."""

import sys
from typing import Any

import click

from apps.cli.failures import Failed
from apps.cli.printing import print_json, print_rows

PORTAUDIO_MEND = (
    "Sound devices need PortAudio. On Debian and Ubuntu: sudo apt install libportaudio2\n"
    "(The overlay page in OBS or a browser plays sound without it.)"
)


@click.command(epilog="\b\nExample:\n  kitsu devices --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def devices_command(as_json: bool) -> None:
    """List the sound devices of this machine."""
    devices = sound_devices()
    if as_json:
        print_json({"devices": devices})
        return
    if not devices:
        click.echo("This machine has no sound device; the overlay page plays sound without one.")
    rows = [
        [str(d["index"]), d["name"], f"in {d['inputs']}", f"out {d['outputs']}", d["default"]]
        for d in devices
    ]
    print_rows(rows, state_column=-1)


def sound_devices() -> list[dict[str, Any]]:
    """Raises `Failed` where PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError):
        raise Failed(
            PORTAUDIO_MEND if sys.platform == "linux" else "PortAudio is missing."
        ) from None
    chosen = list(sounddevice.default.device)
    return [
        {
            "index": index,
            "name": str(device["name"]),
            "inputs": int(device["max_input_channels"]),
            "outputs": int(device["max_output_channels"]),
            "sample_rate_hz": int(device["default_samplerate"]),
            "default": " ".join(
                word for word, at in zip(("input", "output"), chosen, strict=False) if at == index
            ),
        }
        for index, device in enumerate(sounddevice.query_devices())
    ]
