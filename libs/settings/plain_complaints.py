"""What pydantic finds wrong, in words for people who write a file by hand."""

import re
from collections.abc import Sequence
from typing import Any

#: By pydantic's names of errors (docs.pydantic.dev/latest/errors/validation_errors).
_MUST_BE = {
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), "a list, like [one, two]"),
    **dict.fromkeys(
        ("model_type", "dict_type", "model_attributes_type"), "names with their values, like a: 1"
    ),
    "string_type": 'words; numbers, true and false stand in "quotes" there',
    "invalid_key": 'a name; numbers, true and false stand in "quotes" there',
}
_FILE = re.compile(r"\\\.\((?P<endings>[a-z|]+)\)\$$")
_NAME = re.compile(r"^\^\[a-z(?P<digit>0-9)?\]\[a-z0-9(?P<space> )?_-\]\{0,(?P<more>\d+)\}\$$")


def plainly(item: dict[str, Any], keys: Sequence[str]) -> str:
    """`item`: one of `ValidationError.errors()`; `keys`: those that may stand at its place."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "string_type" and item["input"] is None:
        return 'is empty; what begins with # stands in "quotes"'
    if kind in _MUST_BE:
        return f"must be {_MUST_BE[kind]}"
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        there = f"; there are: {', '.join(keys)}" if keys else ""
        return f"is not a setting of this file{there}"
    message = str(item["msg"]).removeprefix("Value error, ")
    return _of_a_limit(kind, context) or message.replace("Input should be", "must be")


def _of_a_limit(kind: str, context: dict[str, Any]) -> str:
    """Empty: there are no other words for it than pydantic's."""
    match kind:
        case "string_pattern_mismatch":
            return _written_as(context["pattern"])
        case "string_too_short" | "too_short" if context["min_length"] == 1:
            return "must not be empty"
        case "string_too_short":
            return f"must have at least {context['min_length']} characters"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters"
        case "union_tag_not_found":
            return f"{_bare(context)} is missing"
        case "union_tag_invalid":
            allowed = context["expected_tags"].replace("', '", "' or '")
            return f"{_bare(context)} must be {allowed}"
    return ""


def without_echoes(items: Sequence[Any]) -> list[Any]:
    """Without those lists that are only too short because something in them is wrong."""
    wrong = [item["loc"] for item in items]

    def is_echo(item: Any) -> bool:
        at = item["loc"]
        inside = any(len(one) > len(at) and one[: len(at)] == at for one in wrong)
        return bool(item["type"] == "too_short") and inside

    return [item for item in items if not is_echo(item)]


def _bare(context: dict[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


def _written_as(pattern: str) -> str:
    """Empty: there are no words for it."""
    if "0-9a-fA-F" in pattern:
        return 'must be a colour like "#f2903b"'
    if file := _FILE.search(pattern):
        endings = " or ".join(f".{ending}" for ending in file["endings"].split("|"))
        return f"must be the name of a file, without a folder, and end in {endings} (small letters)"
    if name := _NAME.match(pattern):
        first = "a to z or a digit" if name["digit"] else "a to z"
        signs = "digits, spaces, - and _" if name["space"] else "digits, - and _"
        longest = int(name["more"]) + 1
        return f"must be {first}, then a to z, {signs}; at most {longest} in all"
    return ""
