"""Which espeak-ng voice a request means."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.tts_worker.engines.base import Voice

#: Variants that stay clear at a streamer's pitch; listed beside the plain voice of each language.
SUGGESTED_VARIANTS = ("f2", "f5", "f1", "m3")


@dataclass(frozen=True)
class EspeakVoices:
    """The voices and variants of one installation. The library accepts an unknown variant without
    a word, and refuses language tags it lists itself (`fr-fr`), so both are looked up here."""

    names_by_language: dict[str, str]
    variants: dict[str, str]
    listed: tuple[Voice, ...]

    @classmethod
    def of(cls, voices: Sequence[Sequence[str]], variants: Sequence[str]) -> "EspeakVoices":
        """From rows of name, language tag and title, and the variants' file names."""
        names = {name: name for name, _, _ in voices}
        names |= {language: name for name, language, _ in voices if language not in names}
        listed = tuple(Voice(name, language, title) for name, language, title in voices)
        return cls(names, {variant.lower(): variant for variant in variants}, listed)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({voice.language for voice in self.listed}))

    def suggestions(self) -> tuple[Voice, ...]:
        """Every language's plain voice, and the usual variants of it."""
        usual = [variant for variant in SUGGESTED_VARIANTS if variant in self.variants]
        return tuple(
            Voice(f"{voice.id}{tail}", voice.language, f"{voice.title} {tail}".strip())
            for voice in self.listed
            for tail in ("", *(f"+{variant}" for variant in usual))
        )

    def find(self, voice: str) -> str | None:
        """The voice as the library wants it (`EN_us+F5` is `en-us+f5`); None: there is none."""
        language, plus, variant = voice.partition("+")
        name = self.names_by_language.get(_tag(language))
        if name is None or (plus and variant.lower() not in self.variants):
            return None
        return f"{name}+{self.variants[variant.lower()]}" if plus else name

    def choose(self, voice: str, language: str, default: str) -> str:
        """The voice asked for; else the language's, in the default's variant; else the default.

        `en` alone is the default's English, whichever that is.
        """
        if found := self.find(voice):
            return found
        tag = _tag(language)
        default_tag, plus, variant = default.partition("+")
        if not tag or tag in (default_tag, default_tag.partition("-")[0]):
            return default
        name = self.names_by_language.get(tag) or self.names_by_language.get(tag.split("-")[0])
        return f"{name}{plus}{variant}" if name else default


def _tag(language: str) -> str:
    return language.strip().replace("_", "-").lower()
