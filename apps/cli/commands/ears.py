"""`kitsu ears`: what she listens with, and how."""

import importlib
from importlib.util import find_spec
from typing import Any

import click

from apps.cli.ears_desk import EarsDesk, Microphone
from apps.cli.failures import Failed, WrongUse
from apps.cli.model_desk import gigabytes
from apps.cli.package_install import Extra, PackageInstall, missing
from apps.cli.printing import print_json, print_rows
from apps.cli.progress_line import ProgressLine
from apps.cli.settings import CliSettings, cli_settings
from libs.settings import ROOT
from libs.speech_models.catalogue import MODELS, Model, model_of
from libs.speech_models.download import Download, DownloadFailed, Hub
from libs.speech_models.shelf import ModelShelf, Shelved
from libs.telemetry.redaction import visible

EXTRAS = {
    extra.name: extra
    for extra in (
        Extra(
            "listening",
            "Whisper for speech (faster-whisper), the voice gate (onnxruntime), the guard that "
            "hears \"panic\" and \"stop talking\" (pocketsphinx)",
            130, 405, ("faster_whisper", "onnxruntime", "pocketsphinx"),
        ),
        Extra("onnx-asr", "all of that, and GigaAM (Russian) and Parakeet",
              132, 412, ("faster_whisper", "onnxruntime", "pocketsphinx", "onnx_asr")),
    )
}  # fmt: skip

STATES = {
    "listening": "listening",
    "muted": "muted for her: she hears nothing until: kitsu ears unmute",
    "waiting": "waiting for the microphone",
    "starting": "starting",
    "unable": "hears nothing, for she has no recogniser",
    "off": "switched off; switch the ears on in the panel, under Modules",
}
MODES = {
    "open": "all that is said is meant for her",
    "push_to_talk": "while the talk key is held",
    "wake_name": "when her name is in it, and for a moment after she has spoken",
}
#: Where there is no sound, and so no level.
DEAF = ("unable", "off", "starting", "waiting")
SOURCES = {"device": "sound device", "panel": "the browser's", "file": "sound file"}
NOT_THERE = (
    "The ears do not answer. If Kitsu has only just started, wait a moment; otherwise: "
    "kitsu restart asr_worker"
)
COLOURS = {"listening": "green", "muted": "yellow", "waiting": "yellow", "starting": "yellow"}

EXAMPLES = """\b
Examples:
  kitsu ears install     the packages that understand speech on this machine
  kitsu ears get base    a model for them (148 MB), a good start on any processor
  kitsu ears status      whether she hears you
  kitsu ears mute        she hears nothing until: kitsu ears unmute
"""


@click.group(epilog=EXAMPLES)
def ears_command() -> None:
    """See and steer how she listens; install what she listens with."""


# Installing --------------------------------------------------------------------------------------


@ears_command.command(epilog="\b\nExamples:\n  kitsu ears install\n  kitsu ears install onnx-asr")
@click.argument("what", type=click.Choice(list(EXTRAS)), default="listening")
def install(what: str) -> None:
    """Install the packages that understand speech on this machine.

    Each is checked against its hash. Without them typed and chat input works all the same.
    """
    extra = EXTRAS[what]
    base = ROOT / "requirements" / "base.lock"
    lock = extra.lock.read_text("utf-8") if extra.lock.is_file() else ""
    lacking = missing(lock, base.read_text("utf-8") if base.is_file() else "")
    if lock and not lacking and all(find_spec(name) for name in extra.modules):
        click.echo(f"Installed already: {extra.brings}.{_then_a_model()}")
        return
    click.echo(f"Brings {extra.brings}.")
    sizes = f"about {extra.fetched_megabytes} MB to fetch, {extra.disk_megabytes} MB on the disk"
    click.echo(f"{len(lacking)} packages, {sizes}. Ctrl+C stops it; run again it goes on.")
    line = ProgressLine()
    try:
        PackageInstall(extra.lock).run(line.show)
    except KeyboardInterrupt:
        line.end()
        raise Failed(f"Stopped. Run again to go on: kitsu ears install {what}") from None
    finally:
        line.end()
    importlib.invalidate_caches()
    click.echo(f"Installed.{_then_a_model()}")


def _then_a_model() -> str:
    return "" if ModelShelf(cli_settings().models_folder).models() else " Next: kitsu ears get base"


# Models ------------------------------------------------------------------------------------------


@ears_command.command(epilog="\b\nExample:\n  kitsu ears models")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def models(as_json: bool) -> None:
    """List the models there are.

    Which are here, how large they are, and how fast they were on this machine.
    """
    settings = cli_settings()
    shelf = ModelShelf(settings.models_folder)
    here = {model.name: model for model in shelf.models()}
    measured = shelf.measured()
    names = [*(model.name for model in MODELS), *(name for name in here if not model_of(name))]
    rows = [_model(name, here.get(name), measured.get(name, {})) for name in names]
    if as_json:
        print_json({"folder": str(shelf.folder), "models": rows})
        return
    click.echo(visible(f"Models are kept in {shelf.folder}"))
    print_rows([_model_row(row) for row in rows], state_column=1)
    if not any(row["state"] == "there" for row in rows):
        click.echo("Get one with: kitsu ears get base")


def _model(name: str, shelved: Shelved | None, measured: dict[str, Any]) -> dict[str, Any]:
    known = model_of(name)
    state = "available" if shelved is None else "broken" if shelved.problem else "there"
    seconds = measured.get("seconds_per_pass")
    fetched = known.megabytes * 1_000_000 if known else 0
    return {
        "name": name,
        "state": state,
        "size_bytes": shelved.size_bytes if shelved else fetched,
        "kind": shelved.kind if shelved else known.kind if known else "whisper",
        "note": known.note if known else "your own",
        "problem": shelved.problem if shelved else "",
        "seconds_per_pass": seconds if isinstance(seconds, int | float) else None,
        "device": str(measured.get("device", "")),
    }


def _model_row(row: dict[str, Any]) -> list[str]:
    note = row["problem"] or row["note"]
    if row["seconds_per_pass"] is not None:
        note += f"; {row['seconds_per_pass']:.2f} s for 3 s of speech ({row['device']})"
    return [row["name"], row["state"], gigabytes(row["size_bytes"]), note]


@ears_command.command(epilog="\b\nExamples:\n  kitsu ears get base\n  kitsu ears get turbo")
@click.argument("name", metavar="MODEL")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, when it is over.")
def get(name: str, as_json: bool) -> None:
    """Fetch a recognition MODEL (names: kitsu ears models).

    It goes on where it was stopped before. Ctrl+C stops it. Without a network, copy a model's
    folder into the models folder instead.
    """
    model = model_of(name)
    if model is None:
        raise WrongUse(f"There is no model '{name[:40]}'. See: kitsu ears models")
    settings, line = cli_settings(), ProgressLine(quiet=as_json)

    def show(done: int, total: int) -> None:
        line.show(100 * done / max(1, total), f"{gigabytes(done)} of {gigabytes(total)}")

    try:
        folder = Download(model, settings.models_folder, Hub()).run(show)
    except DownloadFailed as problem:
        line.end()
        raise Failed(str(problem)) from None
    except KeyboardInterrupt:
        line.end()
        raise Failed(f"Stopped. What was fetched is kept: kitsu ears get {name}") from None
    finally:
        line.end()
    if as_json:
        print_json({"name": model.name, "folder": str(folder)})
    else:
        click.echo(visible(f"{model.name} is in {folder}. {_next_step(model, settings)}"))


def _next_step(model: Model, settings: CliSettings) -> str:
    if model.kind == "onnx" and settings.asr_onnx_model != model.name:
        return f"Set ASR_ONNX_MODEL={model.name} in .env, then: kitsu restart asr_worker"
    if find_spec("faster_whisper" if model.kind == "whisper" else "onnx_asr") is None:
        return f"Next: kitsu ears install{' onnx-asr' if model.kind == 'onnx' else ''}"
    return "If Kitsu runs already: kitsu restart asr_worker"


# Steering ----------------------------------------------------------------------------------------


@ears_command.command(epilog="\b\nExample:\n  kitsu ears status")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(as_json: bool) -> None:
    """Whether she hears you, with what, and what is wrong."""
    document, microphone = EarsDesk(cli_settings()).told()
    if as_json:
        print_json(document)
    else:
        _print(microphone)


@ears_command.command(epilog="\b\nExample:\n  kitsu ears mute")
def mute() -> None:
    """Let her hear nothing, spoken orders included.

    The stream still hears you.
    """
    _changed(EarsDesk(cli_settings()).change(muted=True), "muted", True)


@ears_command.command(epilog="\b\nExample:\n  kitsu ears unmute")
def unmute() -> None:
    """Let her hear again."""
    _changed(EarsDesk(cli_settings()).change(muted=False), "muted", False)


@ears_command.command(epilog="\b\nExample:\n  kitsu ears mode push_to_talk")
@click.argument("mode", type=click.Choice(list(MODES)))
def mode(mode: str) -> None:
    """When what you say is meant for her.

    \b
    open          always
    push_to_talk  while the talk key is held
    wake_name     when her name is in it, and for a moment after she has spoken
    """
    _changed(EarsDesk(cli_settings()).change(mode=mode), "mode", mode)


def _changed(microphone: Microphone, name: str, wanted: object) -> None:
    """A change is done when the ears say so."""
    if microphone.state == "not_there":
        raise Failed(NOT_THERE)
    if getattr(microphone, name) != wanted:
        raise Failed("The ears were told, but have not answered yet. See: kitsu ears status")
    _print(microphone)


def _print(microphone: Microphone) -> None:
    if microphone.state == "not_there":
        raise Failed(NOT_THERE)
    state, colour = _sign(microphone)
    click.secho(visible(state), fg=colour)
    kind = SOURCES.get(microphone.source, "")
    source = f"{microphone.device or 'none'}{f' ({kind})' if kind else ''}"
    level = "silence" if microphone.level_dbfs <= -100 else f"{microphone.level_dbfs:.0f} dBFS"
    rows = [
        ["microphone", source],
        ["recogniser", microphone.recogniser or "none"],
        ["mode", f"{microphone.mode}: {MODES.get(microphone.mode, '')}"],
    ]
    if microphone.state not in DEAF:
        rows.insert(1, ["level", f"{level}{', a voice' if microphone.voice else ''}"])
    if microphone.muted and microphone.state != "muted":
        rows.append(["muted", "for her, until: kitsu ears unmute"])
    if microphone.talking:
        rows.append(["talk key", "held"])
    print_rows(rows, state_column=-1)
    if microphone.problem:
        click.secho(visible(microphone.problem), fg="yellow")


def _sign(microphone: Microphone) -> tuple[str, str]:
    """Headline and colour; a sound that is not right is no plain "listening"."""
    if microphone.state == "listening" and microphone.problem:
        return "listening, but look at the microphone", "yellow"
    told = STATES.get(microphone.state, microphone.state)
    return told, COLOURS.get(microphone.state, "red")
