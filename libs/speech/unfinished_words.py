"""Words after which more is to come, by language.

Only words that hardly ever end a sentence: "the", "and", "because", but not "in" or "is", with
which English sentences do end ("come in", "that's what it is").
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Sounds of thinking, in any language.
FILLERS = _set(
    "um uhm umm uh uhh erm er hmm hm mmm ehm ahm äh ähm öh öhm euh heu eee eem é ã ahn então tipo"
    " este pues cioè ehmm ну э эм ээ эмм ммм гм значит короче えっと ええと あの まあ 那个 嗯 음 어"
)

#: Conjunctions, articles, prepositions, possessives and the like.
OPEN_WORDS = {
    "en": _set(
        "and but or because cause if when while although though unless until since the a an my"
        " your his their our its of to for from with into onto than as whose i i'm i'd i'll i've"
        " he's she's we're they're you're it's gonna wanna very quite every"
    ),
    "de": _set(
        "und oder aber weil denn dass ob wenn als sondern der die das ein eine einen einem einer"
        " mein meine dein deine sein ihr unser zu von vom für mit nach bei aus durch gegen ohne um"
        " ich"
    ),
    "pt": _set(
        "e ou mas porque que se quando enquanto embora o a os as um uma uns umas de do da dos das"
        " em no na nos nas por pelo pela para pra com sem sobre meu minha seu sua eu"
    ),
    "es": _set(
        "y o u pero porque que si cuando mientras aunque el la los las un una unos unas de del en"
        " por para con sin sobre mi tu su yo es muy"
    ),
    "fr": _set(
        "et ou mais parce que qui si quand lorsque puisque le la les un une des du de d l à au"
        " aux en dans pour par avec sans sur mon ma mes ton ta ses je j c'est très"
    ),
    "it": _set(
        "e o ma perché che se quando mentre anche il lo la i gli le un uno una di del della dei a"
        " al alla da dal in nel nella con su per tra fra mio mia tuo io è"
    ),
    "ru": _set(
        "и а но или что чтобы если когда потому хотя как в во на с со к ко у о об от до из за по"
        " для про под над при без мой моя мои твой я"
    ),
    "uk": _set(
        "і й та але або що щоб якщо коли тому хоча як у в на з із до від за по для про без мій"
        " моя я"
    ),
    "pl": _set(
        "i a ale lub albo że żeby jeśli kiedy ponieważ bo w we na z ze do od za po dla o bez mój"
        " moja ja"
    ),
    "nl": _set(
        "en of maar omdat dat als toen de het een mijn jouw van naar voor met zonder uit ik heel"
    ),
}

#: Of one language, and in another the last word of many sentences ("I want to die", "come in").
_ENDS_ELSEWHERE = _set(
    "die in do no as me dat en das su tu ja i o es met van sin con pour par ton des mais bez ab"
)

#: Where the language is not known.
ANY_LANGUAGE = OPEN_WORDS["en"] | (frozenset().union(*OPEN_WORDS.values()) - _ENDS_ELSEWHERE)

#: The same for several words whose last one alone tells nothing.
OPEN_PHRASES = frozenset(
    (
        "i think", "i guess", "i mean", "i think that", "i was like", "kind of", "sort of",
        "and then", "so that", "such as", "going to", "want to", "have to", "in order", "let me",
        "ich glaube", "ich meine", "und dann", "so dass", "eu acho", "quer dizer", "e aí",
        "e então", "tipo assim", "por causa", "yo creo", "es decir", "y entonces", "o sea",
        "je pense", "je crois", "et puis", "io penso", "voglio dire", "e poi", "я думаю",
        "то есть", "а потом", "и потом", "как бы", "потому что", "так как",
    )
)  # fmt: skip

#: A full stop behind these ends no sentence.
ABBREVIATIONS = _set("mr mrs ms dr prof sr sra st vs approx bzw ca")


def open_words(language: str) -> frozenset[str]:
    """`language` is a tag such as `pt-BR`; empty: not known. Of a language that is not listed
    nothing is known, and only fillers tell."""
    if not language:
        return ANY_LANGUAGE
    return OPEN_WORDS.get(language.split("-")[0].lower(), frozenset())
