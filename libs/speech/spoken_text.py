"""What of a sentence may be read aloud: no emoji, markup, code, addresses or stage directions."""

import re
import unicodedata

_FENCE = "```"
_INLINE_CODE = re.compile(r"`[^`]*`")
_HTML_PROGRAM = re.compile(
    r"<(script|style)\b[^<>]{0,200}>.{0,1000}?</\1\s{0,3}>", re.I | re.DOTALL
)
_HTML_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\[]{0,200})\]\([^()\s]{0,500}\)")
_URL = re.compile(
    r"(?:https?|ftp)://\S+|\bwww\.\S+|(?<![\w@.])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,12}/\S*",
    re.IGNORECASE,
)
_LINE_MARK = re.compile(r"^\s{0,3}(?:#{1,6}\s+|[-*+•]\s+|>\s*|\d{1,2}[.)]\s+(?=\S))")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,300}?)(?<=\S)\1")
_STARRED = re.compile(r"\*([^*]{1,120})\*")
_BRACKETED = re.compile(r"[\[(（【]([^\])(\[（）【】]{1,60})[\])）】]")
_EMPHASIS = re.compile(r"(?<!\w)_([^_]{1,200})_(?!\w)|~~([^~]{1,200})~~")
_JOINED = re.compile(r"(?<=[^\W_])_+(?=[^\W_])")
_SHORTCODE = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]{1,30}:(?!\w)")
_EMOTICON = re.compile(
    r"(?<!\w)(?:[:;][-'^]?[)(DPpOo3|/\\]+|[xX]D+|<3+|\^[_.-]?\^|[uU][_.wW][uU]|[oO][_.wW][oO]"
    r"|T[_.wW]T|Q[_.wW]Q|>[_.wW]<|;[_.wW];)(?!\w)"
)
_LONG_RUN = re.compile(r"(.)\1{5,}", re.DOTALL)
_SPACE_BEFORE_MARK = re.compile(r"\s+([,.!?;:…])")

_ACTS = (
    r"giggl|laugh|wav|smil|wink|sigh|gasp|whisper|blush|pout|nod|shrug|yawn|grin|chuckl|cough"
    r"|sniff|purr|sob|smirk|squeal|snort|gulp|snicker|mumbl|facepalm"
)
_MOVES = (
    r"tilt|bounc|clap|hum|cri|cry|jump|danc|hug|stretch|twirl|spin|bow|wag|flick|perk|lean|look"
    r"|star|glanc|paus|beam|cheer|roll|rais|point|pok|curl|scratch|clear|tak|tap|pat|boop|mutter"
    r"|sing|shiver"
)
_BY_HER = (
    r"ri|sorri|acena|pisca|suspira|sussurra|cochicha|boceja|gargalha|pula|dança|abraça|inclina"
    r"|balança|sacode|chora|canta|tosse|levanta|mexe|gira|aponta"
)
#: What actors do, as models write it between stars: "giggles", "tilts head", "acena".
_ACTING_WORD = re.compile(
    rf"(?:{_ACTS})(?:e|es|s|ed|d|ing|ding|ning)?"
    rf"|(?:{_MOVES})(?:es|s|ing|ning|ging|ping|ting)"
    rf"|(?:{_BY_HER})(?:m|ndo)?"
)
#: In brackets only what nobody would put there as an aside.
_BRACKETED_WORD = re.compile(
    rf"(?:{_ACTS})(?:e|es|s|ed|ing|ding|ning)|(?:{_BY_HER})(?:ndo)?|sfx|笑"
)
_BRACKETED_SOUND = re.compile(r"laughter|applause|music|pause|risos|risadas|aplausos|música|pausa")
#: Small words that look like a verb of hers.
_NO_VERB = frozenset(
    re.findall(
        r"\w+",
        """
        this is as was has his us its yes plus less always perhaps thus sometimes besides does goes
        something nothing anything everything thing king ring only
        mais nós vocês eles elas dois três depois antes
        """,
    )
)
#: Symbols that are part of what is said.
_KEPT_SYMBOLS = frozenset("°№©®™€£¥¢$%&+=<>|~^")


class SpokenText:
    """The speakable part of the sentences of one reply.

    It remembers whether a code block is open, for a block runs over many sentences.
    """

    def __init__(self) -> None:
        self._in_code = False

    def of(self, sentence: str) -> str:
        """The sentence as it may be said; empty when nothing of it may."""
        return speakable(self._without_code_blocks(sentence))

    def _without_code_blocks(self, sentence: str) -> str:
        outside: list[str] = []
        for number, part in enumerate(sentence.split(_FENCE)):
            if number:
                self._in_code = not self._in_code
            if not self._in_code:
                outside.append(part)
        return " ".join(outside)


def speakable(text: str) -> str:
    """One sentence without what only eyes can use; empty when no letter or digit is left."""
    text = _INLINE_CODE.sub(" ", text)
    text = _MARKDOWN_LINK.sub(r"\1", text)
    text = _URL.sub(" ", text)
    text = _HTML_TAG.sub(" ", _HTML_PROGRAM.sub(" ", text))
    text = _LINE_MARK.sub("", text)
    text = _BOLD.sub(r"\2", text)
    text = _STARRED.sub(_unless_acting, text)
    text = _BRACKETED.sub(_unless_acting, text)
    text = _EMPHASIS.sub(lambda match: match.group(1) or match.group(2), text)
    text = _EMOTICON.sub(" ", _SHORTCODE.sub(" ", text))
    text = _JOINED.sub(" ", text)
    text = "".join(c for c in text if _is_speakable(c))
    text = _LONG_RUN.sub(r"\1\1\1", text)
    text = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(text.split()))
    return text if any(c.isalnum() for c in text) else ""


def _unless_acting(match: re.Match[str]) -> str:
    """Nothing for a stage direction; emphasised words and asides stay."""
    inner = match.group(1)
    words = inner.strip().lower().split()
    first = words[0].strip(".,:;!?~") if words else ""
    if match.group()[0] != "*":
        sound = _BRACKETED_SOUND.fullmatch(inner.strip().lower())
        return " " if sound or _BRACKETED_WORD.fullmatch(first) else match.group()
    if _ACTING_WORD.fullmatch(first):
        return " "
    alone = match.start() == 0 or match.end() == len(match.string.rstrip(" .!?…"))
    verb = first.endswith(("s", "ing", "ly")) and not first.endswith("ss")
    return " " if verb and first not in _NO_VERB and (alone or len(words) > 1) else inner


def _is_speakable(character: str) -> bool:
    if character in _KEPT_SYMBOLS:
        return True
    if character.isascii():
        return character.isprintable() and character not in "*_`#\\{}"
    category = unicodedata.category(character)
    return category not in ("So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Me") and not (
        0xFE00 <= ord(character) <= 0xFE0F
    )
