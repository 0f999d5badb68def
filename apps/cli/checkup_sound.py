"""What `kitsu doctor` says of loudspeakers and microphones."""

from apps.cli.check import Check
from apps.cli.settings import CliSettings
from apps.cli.sound_desk import SoundDesk, chosen_loudspeaker, chosen_microphone
from libs.audio.sound_devices import PortAudioMissing, SoundDevice, SoundTrouble

SEE = "kitsu devices"
RESTART = "Restart the sound system, or the machine"
PANEL = "ASR_INPUT_DEVICE=panel takes the microphone of the panel's browser"


def sound(settings: CliSettings) -> Check:
    """Only the device output needs PortAudio; the overlay page plays sound without it."""
    try:
        devices = SoundDesk().devices()
    except PortAudioMissing as missing:
        step = str(missing).partition(": ")[2]
        found = "PortAudio is missing"
        return Check("sound devices", "warn", found, f"{step}; not needed for the overlay")
    except SoundTrouble as trouble:
        return Check("sound devices", "warn", str(trouble), RESTART)
    return of_loudspeakers(devices, settings)


def microphone(settings: CliSettings) -> Check:
    chosen = chosen_microphone([], settings)
    if chosen.other:
        return Check("microphone", "ok", chosen.other)
    try:
        devices = SoundDesk().devices()
    except PortAudioMissing as missing:
        step = str(missing).partition(": ")[2]
        return Check("microphone", "warn", "PortAudio is missing", f"{step}; or {PANEL}")
    except SoundTrouble as trouble:
        return Check("microphone", "warn", str(trouble), f"{RESTART}; or {PANEL}")
    return of_microphones(devices, settings)


def of_loudspeakers(devices: list[SoundDevice], settings: CliSettings) -> Check:
    outputs = sum(device.outputs > 0 for device in devices)
    if not outputs:
        mend = f"None needed for the overlay; else connect a device, see: {SEE}"
        return Check("sound devices", "warn", "no sound output on this machine", mend)
    chosen = chosen_loudspeaker(devices, settings.stage_device)
    if chosen.problem:
        mend = f"Set STAGE_DEVICE to a name or number of: {SEE}"
        return Check("sound devices", "warn", chosen.problem, mend)
    return Check("sound devices", "ok", f"{outputs} outputs")


def of_microphones(devices: list[SoundDevice], settings: CliSettings) -> Check:
    chosen = chosen_microphone(devices, settings)
    if chosen.problem and not any(device.inputs for device in devices):
        mend = f"Connect one (it is found by itself); or {PANEL}"
        return Check("microphone", "warn", "no microphone on this machine", mend)
    if chosen.problem:
        mend = f"Set ASR_INPUT_DEVICE to a name or number of: {SEE}; or {PANEL}"
        return Check("microphone", "warn", chosen.problem, mend)
    return Check("microphone", "ok", f"device {chosen.index}, {chosen.name}")
