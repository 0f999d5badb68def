"""The scene collection of a test's OBS: three scenes, a microphone, her voice and a caption.

The form is OBS Studio 29's own scene collection file (what it saves by itself).
"""

from collections.abc import Iterable, Sequence
from typing import Any

STARTING, LIVE, BRB = "Starting", "Live", "BRB"
SCENES = (STARTING, LIVE, BRB)

#: The microphone is a device of OBS's audio settings; her voice is a media source in Live.
MIC, VOICE = "Mic", "VTuber Voice"
CAPTION, AVATAR = "Caption", "Avatar"
#: On the scene Live and on Avatar, switched off: takes the colours away.
PANIC_FILTER = "Panic"

Rgb = tuple[int, int, int]

#: What each scene looks like in its upper right corner, where nothing else is drawn.
BACKGROUNDS: dict[str, Rgb] = {STARTING: (16, 48, 128), LIVE: (32, 96, 32), BRB: (160, 32, 32)}
AVATAR_COLOUR: Rgb = (240, 192, 48)

#: 29.0.2: tells OBS which of its old defaults not to apply.
_SAVED_BY = 29 << 24 | 2

Document = dict[str, Any]
Place = tuple[str, float, float]


def scene_collection(name: str, width: int, height: int) -> Document:
    """The file's contents for a canvas of this size."""
    avatar = _colour(AVATAR, AVATAR_COLOUR, width // 4, height // 2)
    avatar["filters"] = [_panic_filter()]
    voice = {"is_local_file": True, "local_file": "", "restart_on_activate": False}
    scenes = [
        _scene(STARTING, [(_background(STARTING), 0, 0), ("Starting Text", 20, 20)]),
        _scene(
            LIVE,
            [
                (_background(LIVE), 0, 0),
                (AVATAR, width * 3 / 8, height / 4),
                (CAPTION, 20, height - 60),
                (VOICE, 0, 0),
            ],
            [_panic_filter()],
        ),
        _scene(BRB, [(_background(BRB), 0, 0), ("BRB Text", 20, 20)]),
    ]
    return {
        "name": name,
        "current_scene": STARTING,
        "current_program_scene": STARTING,
        "current_transition": "Cut",
        "transition_duration": 300,
        "scene_order": [{"name": scene["name"]} for scene in scenes],
        "AuxAudioDevice1": _source(MIC, "pulse_input_capture", {"device_id": "default"}),
        "sources": [
            *scenes,
            *(_colour(_background(s), BACKGROUNDS[s], width, height) for s in SCENES),
            avatar,
            _source(VOICE, "ffmpeg_source", voice),
            _text(CAPTION, "caption", height // 12),
            _text("Starting Text", "Starting soon", height // 9),
            _text("BRB Text", "Be right back", height // 9),
        ],
    }


def _background(scene: str) -> str:
    return f"{scene} Background"


def _source(
    name: str, kind: str, settings: Document, version: int = 1, filters: Iterable[Document] = ()
) -> Document:
    return {
        "name": name,
        "id": kind,
        "versioned_id": kind if version == 1 else f"{kind}_v{version}",
        "prev_ver": _SAVED_BY,
        "settings": settings,
        "filters": list(filters),
    }


def _panic_filter() -> Document:
    grey = _source(PANIC_FILTER, "color_filter", {"saturation": -1.0, "brightness": -0.3}, 2)
    return {**grey, "enabled": False}


def _colour(name: str, rgb: Rgb, width: int, height: int) -> Document:
    red, green, blue = rgb
    colour = 0xFF000000 | blue << 16 | green << 8 | red
    return _source(
        name, "color_source", {"color": colour, "width": width, "height": height}, version=3
    )


def _text(name: str, words: str, size: int) -> Document:
    font = {"face": "DejaVu Sans", "style": "Book", "size": size, "flags": 0}
    return _source(name, "text_ft2_source", {"text": words, "font": font}, version=2)


def _scene(name: str, places: Sequence[Place], filters: Iterable[Document] = ()) -> Document:
    """A scene with these sources, the first one at the back."""
    items = [
        {
            "name": source,
            "id": number,
            "visible": True,
            "align": 5,  # by the upper left corner
            "pos": {"x": x, "y": y},
            "scale": {"x": 1.0, "y": 1.0},
        }
        for number, (source, x, y) in enumerate(places, start=1)
    ]
    return _source(name, "scene", {"id_counter": len(items), "items": items}, filters=filters)
