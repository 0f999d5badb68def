"""An input of Kitsu's own, for those whose camera moves the mouth as well."""

from apps.avatar_controller.engines.vtube_studio.errors import VtsRefused
from apps.avatar_controller.engines.vtube_studio.model import Ask
from apps.avatar_controller.engines.vtube_studio.parameters import OWN_PARAMETER

_REFUSALS = {
    352: f"Another plugin has made {OWN_PARAMETER}: remove it there.",
    355: "Kitsu has too many parameters in VTube Studio: remove some there.",
    356: "VTube Studio has too many custom parameters: remove some there.",
}


async def make_own_parameter(ask: Ask) -> str:
    """Makes it, or makes it again: it goes with the permission that the user gave. Returns what
    stands in the way, in words; empty: it is there. Raises `VtsAway`."""
    try:
        await ask(
            "ParameterCreationRequest",
            {
                "parameterName": OWN_PARAMETER,
                "explanation": "How far Kitsu opens her mouth. Map it to the model's mouth.",
                "min": 0,
                "max": 1,
                "defaultValue": 0,
            },
        )
    except VtsRefused as refused:
        return _REFUSALS.get(
            refused.error_id, f"VTube Studio does not make {OWN_PARAMETER}: {refused}"
        )
    return ""
