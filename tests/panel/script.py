"""What the scripted orchestrator says: a status, feed rows, turns, incidents."""

from typing import Any

#: 20:15:00 UTC on some evening; all times of the script count from here.
EVENING = 1_767_298_500.0

#: A picture of one point.
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12P4//8/AAX+Av7czFnnAAAAAElFTkSuQmCC"
)


def _module(title: str, state: str = "ready", **more: Any) -> dict[str, Any]:
    module = {
        "title": title,
        "state": state,
        "enabled": True,
        "detail": "",
        "engine": "",
        "instances": 1,
        "output": False,
    }
    return {**module, **more}


def opening_status() -> dict[str, Any]:
    return {
        "type": "status",
        "show": "main",
        "uptime_seconds": 5025.0,
        "version": "0.1.0",
        "bus": {"description": "embedded Valkey", "connected": True},
        "panic": {
            "engaged": False,
            "since": None,
            "reason": "",
            "modules": {},
            "obs": {"state": "off", "steps": []},
        },
        "persona": {
            "persona": "kitsu",
            "name": "Kitsu",
            "style": "playful",
            "styles": ["cozy", "playful", "chaotic", "deadpan"],
            "chaos": 0.35,
            "energy": 0.6,
            "family_mode": True,
        },
        "modules": {
            "stage": _module("Stage", engine="overlay page", output=True),
            "obs_controller": _module("OBS", engine="OBS 29.0.2", output=True),
            "tts_worker": _module("Voice", engine="espeak-ng", output=True),
            "policy_worker": _module("Brain", engine="scripted", output=True),
            "orchestrator": _module("Orchestrator"),
            "asr_worker": _module("Ears", engine="faster-whisper base"),
        },
        "scene": None,
        "last_tts": None,
        "speaking": None,
        "memory": {"current_summary": "", "restore_context": True, "messages": 42},
        "overlay": {
            "url": "http://127.0.0.1:8010/?key=overlay-key",
            "pages": 1,
            "sounding": True,
        },
        "studio": studio(),
        "avatar": avatars(),
        "microphone": microphone(),
        "queue": 0,
        "mood": "happy",
        "notices": [],
    }


def microphone(state: str = "listening", **more: Any) -> dict[str, Any]:
    """How the ears listen; a good microphone in a quiet room."""
    return {
        "state": state,
        "mode": "open",
        "muted": False,
        "talking": False,
        "voice": False,
        "source": "device",
        "device": "Blue Yeti Stereo Microphone",
        "recogniser": "faster-whisper base, int8",
        "problem": "",
        "level_dbfs": -58.0,
        "peak_dbfs": -49.0,
        "noise_floor_dbfs": -60.0,
        "lost_seconds": 0.0,
        "asr_port": 0,
        **more,
    }


def speech(id_: str, state: str, text: str = "", **more: Any) -> dict[str, Any]:
    """The message of one speech."""
    return {
        "type": "speech",
        "speech": {"id": id_, "at": EVENING, "state": state, "text": text, **more},
    }


def studio(link: str = "ready", detail: str = "", **more: Any) -> dict[str, Any]:
    """OBS with three scenes; with any other link than `ready`, nothing but that."""
    if link != "ready":
        return {"link": link, "detail": detail, "panic": "off", **more}
    inputs = [
        {"name": "Desktop Audio", "kind": "pulse_output", "muted": False, "volume_db": -8.5},
        {"name": "Kitsu overlay", "kind": "browser_source", "volume_db": 0.0, "role": "voice"},
        {"name": "Mic/Aux", "kind": "pulse_input", "volume_db": -3.2, "role": "mic"},
    ]
    ready = {
        "link": "ready",
        "detail": "",
        "obs_version": "29.0.2",
        "scene": "Live",
        "scenes": ["Live", "Just chatting", "BRB"],
        "inputs": [{"muted": False, "role": "other", **input_} for input_ in inputs],
        "transition": "Fade",
        "transitions": ["Cut", "Fade"],
        "recording": "off",
        "replay": False,
        "streaming": False,
        "actions": ["wave", "confetti_big"],
        "panic": "off",
        "panic_steps": [],
        "missing": [],
    }
    return {**ready, **more}


def avatars(link: str = "ready", **more: Any) -> dict[str, Any]:
    """The drawn character, VTube Studio with a model (or in another state), and a VMC that is not
    set up."""
    akari: dict[str, Any] = {
        "id": "vtube_studio",
        "title": "VTube Studio",
        "link": link,
        "detail": "",
        "can_sign_in": True,
    }
    if link == "ready":
        akari |= {
            "model": "Akari",
            "moods": [
                {"mood": "neutral", "expression": "", "chosen_by": "name"},
                {"mood": "happy", "expression": "Smile.exp3.json", "chosen_by": "name"},
                {"mood": "excited", "expression": "Star Eyes.exp3.json", "chosen_by": "name"},
                {"mood": "sad", "expression": "Tears.exp3.json", "chosen_by": "panel"},
                {"mood": "angry", "expression": "", "chosen_by": "panel"},
                {"mood": "surprised", "expression": "Shock.exp3.json", "chosen_by": "file"},
                {"mood": "thinking", "expression": "", "chosen_by": "name"},
                {"mood": "sleepy", "expression": "", "chosen_by": "name"},
                {"mood": "smug", "expression": "Smirk.exp3.json", "chosen_by": "name"},
            ],
            "expressions": [
                f"{name}.exp3.json"
                for name in ("Blush", "Shock", "Smile", "Smirk", "Star Eyes", "Tears")
            ],
            "gestures": ["nod", "shake", "tilt", "wave"],
            "hotkeys": ["Wave Both Hands", "Spin", "Toggle Glasses"],
            "items": ["cookie", "heart"],
            "mouth": ["MouthOpen", "VoiceVolumePlusMouthOpen", "MouthSmile"],
            "missing": ["a parameter for the sway of the body (FaceAngleX)"],
        }
    drawn = {
        "id": "overlay",
        "title": "Drawn character",
        "link": "ready",
        "model": "Kitsu",
        "detail": "Moves her mouth by herself in the overlay.",
        "gestures": ["nod", "shake", "tilt"],
    }
    vmc = {"id": "vmc", "title": "VMC", "link": "not_configured", "detail": "Set VMC_TARGET."}
    return {
        "there": True,
        "detail": "",
        "avatars": [drawn, {**akari, **more}, vmc],
        "mood": "happy",
        "bearing": "speaking",
        "items": ["cookie", "heart", "tea cup"],
    }


def feed(number: int, kind: str, author: str, text: str, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"row{number}",
        "at": EVENING + number,
        "kind": kind,
        "author": author,
        "role": "viewer",
        "text": text,
        "unheard": "",
        "note": "",
    }
    return {"type": "feed", "row": {**row, **more}}


def turn(number: int, total_ms: float, **more: Any) -> dict[str, Any]:
    stages = {
        "wait_ms": 0.0,
        "policy_first_sentence_ms": round(total_ms * 0.48, 1),
        "gate_ms": round(total_ms * 0.03, 1),
        "tts_first_chunk_ms": round(total_ms * 0.32, 1),
        "playback_start_ms": round(total_ms * 0.12, 1),
        "bus_ms": round(total_ms * 0.05, 1),
        "total_to_first_audio_ms": total_ms,
    }
    told = {
        "turn_id": f"turn{number}",
        "source": "chat",
        "author": f"viewer{number}",
        "input": "are you a real fox?",
        "reply": "As real as your snack drawer.",
        "heard_text": "As real as your snack drawer.",
        "outcome": "completed",
        "opened_at": EVENING + number,
        "stages": stages,
        "state": "done",
    }
    return {"type": "turn", "turn": {**told, **more}}


def latency(turns: int, **stages: tuple[float, float]) -> dict[str, Any]:
    return {
        "type": "latency",
        "at": EVENING,
        "turns": turns,
        "stages": {name: {"p50_ms": p50, "p95_ms": p95} for name, (p50, p95) in stages.items()},
    }


def incident(number: int, severity: str, message: str) -> dict[str, Any]:
    return {
        "type": "incident",
        "incident": {
            "id": f"incident{number}",
            "at": EVENING + 60 * number,
            "kind": "test",
            "severity": severity,
            "message": message,
        },
    }


def speaking(text: str, position_seconds: float, known_seconds: float) -> dict[str, Any]:
    return {
        "type": "speaking",
        "speaking": {
            "utterance_id": "utterance1",
            "text": text,
            "position_seconds": position_seconds,
            "known_seconds": known_seconds,
        },
    }


def lively_evening() -> list[dict[str, Any]]:
    """A show in full swing: for looking at the panel, and for the longest keyboard walk."""
    lines = [
        ("chat", "marmalade_fan", "hi Kitsu! first time here, greetings from Brazil", {}),
        ("kitsu", "Kitsu", "Brazil! Welcome in, the den is warm and the snacks are virtual.", {}),
        (
            "chat",
            "modfox",
            "reminder: no spoilers for the final boss please",
            {"role": "moderator"},
        ),
        ("skip", "user281", "gg gg gg gg gg gg", {"note": "spam"}),
        ("mic", "Streamer", "okay, I am definitely going to make this jump", {}),
        ("chat", "pixelpaws", "she missed the jump three times already lol", {"role": "vip"}),
        (
            "kitsu",
            "Kitsu",
            "Okay chat, that jump was absolutely on purpose, I promise!",
            {"unheard": "It is called style, look it up."},
        ),
        ("blocked", "user66", "tell me your home address", {"note": "private_data"}),
        ("operator", "operator", "Five minutes until the break, everyone.", {}),
        ("skip", "quietcat", "can you sing?", {"note": "outranked"}),
        ("system", "", "Voice worker restarted in 2.1 s", {}),
        ("chat", "viewer1", "are you a real fox?", {}),
        ("kitsu", "Kitsu", "As real as your snack drawer.", {}),
        ("chat", "marmalade_fan", "nice outfit today, very autumn", {"role": "subscriber"}),
        ("skip", "late_larry", "what game is this?", {"note": "too_old"}),
    ]
    rows = [
        feed(number, kind, author, text, **more)
        for number, (kind, author, text, more) in enumerate(lines)
    ]
    totals = [412, 388, 455, 602, 390, 371, 498, 420, 405, 910, 433, 401, 377, 466]
    turns = [turn(number, float(total)) for number, total in enumerate(totals)]
    turns.append(turn(20, 512.0, outcome="interrupted", input="tell us about that jump"))
    turns.append(turn(21, 640.0, outcome="blocked", author="user66", input="your home address"))
    turns.append(
        turn(22, 455.0, outcome=None, state="speaking", author="marmalade_fan", input="nice outfit")
    )
    return [
        *rows,
        *turns,
        latency(
            17,
            total=(433.0, 910.0),
            policy=(208.0, 437.0),
            gate=(12.9, 27.3),
            tts=(138.0, 291.0),
            playback=(52.0, 109.0),
            bus=(4.2, 9.8),
        ),
        incident(1, "info", "Voice worker restarted in 2.1 s"),
        incident(2, "warning", "p95 of the first sound was over 1.5 s for 30 s"),
        incident(3, "error", "OBS closed its socket; trying again in 8 s"),
    ]
