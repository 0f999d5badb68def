"""What is told of VTube Studio: for the panel, `kitsu doctor` and whoever asks."""

from apps.avatar_controller.engines.vtube_studio.hotkeys import TOGGLE, Hotkeys
from apps.avatar_controller.engines.vtube_studio.items import Items
from apps.avatar_controller.engines.vtube_studio.loaded_model import AVATAR, LoadedModel
from apps.avatar_controller.engines.vtube_studio.model import Model
from apps.avatar_controller.engines.vtube_studio.parameters import MOVES, OPENNESS, OWN_PARAMETER
from apps.avatar_controller.engines.vtube_studio.steering import Steering
from apps.avatar_controller.gestures import BUILT_IN
from apps.avatar_controller.told_names import told_names
from libs.contracts.avatar import AvatarLink, AvatarStatus

TITLE = "VTube Studio"

#: In the names of a model's own parameters: that they are called as usual, and those of the mouth.
_USUAL = "paramangle"
_MOUTH_WORDS = ("mouth", "jaw", "口", "嘴")


def away(link: AvatarLink, detail: str) -> AvatarStatus:
    """While nothing is known of the model."""
    return AvatarStatus(id=AVATAR, title=TITLE, link=link, detail=detail, can_sign_in=True)


def nothing_loaded(is_read: bool) -> str:
    """`is_read`: the app has said so; otherwise it was not asked to the end yet."""
    if is_read:
        return "No model is loaded in VTube Studio: load one."
    return "Reading the model of VTube Studio: ready in a moment."


def there(
    loaded: LoadedModel, steering: Steering, hotkeys: Hotkeys, items: Items, note: str
) -> AvatarStatus:
    """While it is connected."""
    model, moods = loaded.model, loaded.moods
    if model is None or moods is None:
        return away(AvatarLink.READY, nothing_loaded(loaded.is_read))
    missing_of_model = (*_mouth_missing(model, loaded, steering), *moods.missing)
    missing = (*missing_of_model, *items.missing)
    note = f"There is no {items.missing[0]}: put it there."[:400] if items.missing else note
    return AvatarStatus(
        id=AVATAR,
        title=TITLE,
        link=AvatarLink.READY,
        detail=_detail(model, steering, missing_of_model, loaded.own_parameter_trouble, note),
        model=model.name,
        moods=moods.shown,
        expressions=told_names(each.name for each in model.expressions),
        gestures=(*BUILT_IN, *(name for name in hotkeys.gestures if name not in BUILT_IN)),
        hotkeys=told_names(each.shown for each in model.hotkeys if each.action != TOGGLE),
        items=items.names,
        mouth=steering.mouth,
        taken=steering.taken_in_words,
        missing=missing,
        can_sign_in=True,
    )


def _mouth_missing(model: Model, loaded: LoadedModel, steering: Steering) -> tuple[str, ...]:
    if loaded.own_parameter_trouble:
        return (f"{OWN_PARAMETER} for the mouth",)
    if not steering.all_of_mouth:
        return (f"an input for the mouth ({OPENNESS[0]})",)
    names = [name.casefold().replace("_", "") for name in model.parameters]
    has_mouth = any(word in name for name in names for word in _MOUTH_WORDS)
    if any(name.startswith(_USUAL) for name in names) and not has_mouth:
        return (f"a parameter for the mouth: map {steering.all_of_mouth[0]} to one of its own",)
    return ()


def _detail(
    model: Model, steering: Steering, missing: tuple[str, ...], own_trouble: str, note: str
) -> str:
    """The one thing that should be mended first."""
    if own_trouble:
        return f"{own_trouble} The mouth stays shut until then."
    if steering.taken:
        held = ", ".join(sorted(steering.taken))
        parts = " and ".join(sorted({MOVES[name] for name in steering.taken}))
        return f"Another plugin moves {held} ({parts}): switch that off there."
    if model.unread:
        unread = ", ".join(model.unread)
        return f"VTube Studio does not tell the model's {unread}: restart VTube Studio."
    if missing:
        return f"The model “{model.name}” does not have {missing[0]}."[:400]
    if OWN_PARAMETER in steering.mouth and not note:
        return f"The mouth is {OWN_PARAMETER}: map it to the model's mouth in VTube Studio."
    return note
