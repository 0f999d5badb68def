import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.speech.back_channels import LONGEST_CHARACTERS, is_back_channel

LISTENING = """
uh-huh|Uh huh.|Mm-hmm.|mhm|yeah|Yeah, yeah, yeah.|yeahhhh|right|Right, right.|Okay.|ok|OKAY!
|I see, okay|haha|Hahahaha!|ha ha ha|hehe|ahahah|bahaha|hihihi|wow|Wow!!!|oh my god|no way|lol
|LMAO|hmm|Hm…|mmm|really?|Oh, really?|got it|[laughter]|(laughs)|*chuckles* yeah|♪ la la ♪
|go on|nice|sure|cool|true|sim|aham|Uhum.|é mesmo|tá bom|kkkkk|rsrsrs|nossa|pois é|com certeza
|ahã|sí|Sí, claro.|jajaja|vale|ajá|qué bien|en serio|ja|Ja, genau.|ach so|na klar|stimmt|aha
|echt|oui|d'accord|Ouais, ouais.|ah bon|bien sûr|c’est vrai|mdr|sì|Va bene.|certo|eh già
|davvero|capito|да|ага|угу|Да, конечно.|ха-ха-ха|хахаха|ничего себе|понятно|ну да|うん
|うん、うん。|はい|そうそう|なるほど|へえー|ははは|草|ｗｗｗ|すごい|응|ㅋㅋㅋ|진짜|嗯|对对对
|哈哈哈|好的|tak|evet|hı hı
"""
FLOOR = """
yeah but|Yeah, but why?|no wait|no|No!|stop|Stop it!|wait|okay stop|Okay, what about the door?
|hey|hi|Hi!|hello|kitsu|hey kitsu|what|what?|why|but|uh|so|haha stop it|right, next question
|sure, but not now|help|shut up|mais|pero|espera|para|não|pare|calma aí|sim mas|no espera|nein
|warte|aber|ja aber|halt|arrête|attends|non|oui mais|aspetta|basta|no no|sì ma|нет|стоп
|подожди|да нет|да но|хватит|いや|だめ|待って|ちょっと待って|うん、でも|아니|잠깐|不|不好
|等一下|hija|hoje|ohio|haj|jojo|house|i|a|the|1|42|hahn|see|I know you|it is okay to stop
"""


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\n", "").split("|") if line]


@pytest.mark.parametrize("text", _lines(LISTENING))
def test_a_listener_s_sounds_do_not_ask_for_the_floor(text: str) -> None:
    assert is_back_channel(text)


@pytest.mark.parametrize("text", _lines(FLOOR))
def test_words_that_want_something_do(text: str) -> None:
    assert not is_back_channel(text)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "…", "?!", "\x00", "\u202e", "uh " * 40, "ha" * 60, "[", "(((", "☃", "'" * 70],
)
def test_nothing_and_too_much_are_no_back_channel(text: str) -> None:
    assert not is_back_channel(text)


@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    assert is_back_channel(text) in (True, False)


@given(
    st.lists(st.sampled_from(["yeah", "okay", "haha", "I see", "sí"]), min_size=1, max_size=4),
    st.sampled_from(["but", "stop", "wait", "kitsu", "why", "no"]),
    st.integers(0, 4),
)
def test_one_real_word_among_back_channels_counts(words: list[str], real: str, place: int) -> None:
    assert is_back_channel(" ".join(words))
    assert not is_back_channel(" ".join([*words[:place], real, *words[place:]]))


@given(st.sampled_from(["yeah", "mm", "haha", "是"]), st.integers(1, 3_000))
def test_it_is_quick_whatever_the_length(word: str, times: int) -> None:
    long = word * times
    assert len(long) <= LONGEST_CHARACTERS or not is_back_channel(long)
