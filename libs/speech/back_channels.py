"""Whether words are only a listener's signs of life: "uh-huh", "okay", laughter.

Who says them does not ask for the floor. All languages are looked at together, for hosts mix
them; what would be an order or an objection in any of them ("no", "stop", "but") is in no list.
"""

import re
import unicodedata

#: Longer texts are no back-channel, whatever is in them.
LONGEST_CHARACTERS = 80
_MOST_WORDS = 10

_PHRASES_BY_LANGUAGE = {
    "en": """uh huh|uhhuh|uh-huh|mm hm|mm hmm|mhm|mmhmm|mm|mmm|hm|hmm|hmmm|um hum|aha|ah|ahh
        |aah|oh|ooh|ohh|ohhh|eh|huh|yeah|yea|yeh|yup|yep|yes|ya|yah|right|alright|all right
        |okay|ok|okey|okey dokey|mkay|sure|sure thing|of course|exactly|indeed|true|that's true
        |that's right|absolutely|totally|definitely|certainly|got it|gotcha|i see|i know
        |i know right|fair enough|fair|makes sense|nice|cool|great|good|wow|whoa|woah|awesome
        |amazing|lovely|sweet|neat|interesting|really|oh really|is it|no way|oh my god
        |oh my gosh|oh my|my god|omg|oh wow|damn|dang|yikes|aww|aw|go on|hah|ha|heh|hee|he he
        |hi hi|ho ho|ho ho ho|phew|woo|woohoo|yay|so true|for real|oh yeah|oh okay""",
    "pt": """sim|aham|ahã|uhum|uhun|hum|hã|é|é mesmo|é verdade|isso|isso aí|isso mesmo|tá
        |tá bom|tá certo|certo|claro|com certeza|beleza|pois é|pode crer|entendi|sei|saquei
        |legal|que legal|show|nossa|caramba|uau|verdade|exato|exatamente|eita|opa|ai ai
        |meu deus|ok|tô ligado|boa""",
    "es": """sí|si|ajá|aja|mhm|claro|claro que sí|vale|vale vale|ya|ya veo|ya ya|entiendo
        |exacto|cierto|así es|eso|eso es|bueno|bien|muy bien|genial|guau|vaya|anda|en serio
        |de verdad|qué bien|qué guay|por supuesto|dale|órale|ah ya|ay|dios mío|madre mía
        |es verdad|ok""",
    "de": """ja|jaja|jap|jo|joa|jawohl|genau|mhm|aha|ach|ach so|achso|ach ja|okay|klar|na klar
        |alles klar|stimmt|richtig|gut|sehr gut|schön|toll|cool|krass|wow|echt|wirklich
        |verstehe|natürlich|eben|soso|oha|boah|super|prima|oh ja|na ja|tja|ach was""",
    "fr": """oui|ouais|ouai|mouais|mhm|d'accord|daccord|dac|ok|bien sûr|exactement|exact
        |tout à fait|voilà|c'est vrai|c'est ça|vraiment|ah bon|ah oui|ah ouais|je vois
        |je comprends|super|génial|cool|ouah|waouh|oh là là|bien|très bien|bon|ben oui|bah oui
        |hein|hum|euh|carrément|mon dieu|tu m'étonnes""",
    "it": """sì|si|già|certo|certamente|esatto|esattamente|giusto|va bene|vabbè|bene|ok|okay
        |capito|capisco|ah|ah sì|ah ecco|ecco|davvero|vero|è vero|bello|che bello|wow|caspita
        |mamma mia|infatti|uhm|mhm|eh già|eh sì|beh|boh|dai dai|ottimo|perfetto|madonna""",
    "ru": """да|да да|ага|угу|мгм|ммм|мм|хм|ну да|ну|конечно|точно|верно|ясно|понятно|понял
        |поняла|так|ладно|окей|ок|хорошо|класс|круто|здорово|ого|вау|ух ты|ничего себе|правда
        |серьёзно|серьезно|ой|ох|ах|эх|э|а|о|именно|вот это да|боже|боже мой|вот как|да ладно
        |отлично|ха|хе|хи хи|интересно""",
    "uk": """так|ага|угу|звісно|точно|ясно|зрозуміло|добре|гаразд|класно|круто|ого|вау|справді
        |правда""",
    "pl": """tak|aha|mhm|no tak|jasne|dobra|dobrze|okej|racja|dokładnie|rozumiem|serio|naprawdę
        |super""",
    "tr": """evet|aynen|hı hı|hıhı|tamam|tabii|tabi|doğru|anladım|öyle mi|gerçekten|vay|peki
        |güzel""",
    "nl": """ja|jaja|jawel|precies|klopt|oké|oke|goed|leuk|echt|inderdaad|snap ik|ja hoor|juist
        |mooi""",
    "ja": """hai|un|un un|ee|ee ee|sou|sou sou|sou desu ne|sou da ne|naruhodo|hee|sugoi|hontou
        |maji""",
    "ko": """ne|ung|geurae|jinjja|daebak""",
}  # fmt: skip
_PHRASES = frozenset(
    tuple(phrase.replace("-", " ").split())
    for phrases in _PHRASES_BY_LANGUAGE.values()
    for phrase in phrases.split("|")
) - {("ne",)}
_LONGEST_PHRASE = max(map(len, _PHRASES))

#: Written without spaces between words.
_UNSPACED = re.compile(
    r"(?:うん|ううん?ん|はい|ええ|えー|えっ|ああ|あー|へえ|へぇ|へー|ほう|ほお|ふーん|ふうん|そう|そうそう|そうだね"
    r"|そうですね|そうなんだ|そっか|そうか|なるほど|なるほどね|たしかに|確かに|すごい|すげー|まじ|マジ|マジで|ほんと"
    r"|本当|本当に|やばい|ハイ|ウン|ははは?|ハハ|ふふ|笑|草|ｗ+|w+|わあ|わー|おお|おー|おっけー|オッケー|了解|いいね"
    r"|응|네|예|그래|그래요|그렇지|그렇구나|맞아|맞아요|진짜|정말|대박|와|오|아|음|어|좋아|[ㅋᄏ]+|[ㅎᄒ]+|하하|헐"
    r"|嗯|嗯哼|对|對|对对|是|是的|是啊|好|好的|好啊|行|哦|噢|喔|啊|哇|哈+|呵+|嘿+|嘻+|真的|真的吗|真的嗎|没错|沒錯"
    r"|原来如此|原來如此|明白|明白了|懂了|知道了|厉害|厲害|不错|不錯|ー|〜)+"
)
_LAUGHTER = re.compile(
    r"(?:b|bw|mw|mu)?a?(?:h[aeio]){2,20}h?|[ae](?:h[ae]){1,20}h|(?:j[aei]){2,20}j?|k{3,30}|(?:rs){2,20}"
    r"|(?:[хг][аеиоэ]{1,3}){2,20}х?|[хx]{2}|lo+l(?:ol)*|lu+l|lmf?ao+|rofl|xd+|w{2,30}|mdr+|ptdr|(?:hue){1,9}"
)
_DESCRIBED = re.compile(r"[\[(（*♪<][^\])）*♪>]{1,40}[\])）*♪>]")
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_STRETCHED = re.compile(r"(.)\1{2,}")


def is_back_channel(text: str) -> bool:
    """Whether nothing but back-channels is in it. An empty text is none; sounds a recogniser
    describes ("[laughter]") count as one."""
    text = unicodedata.normalize("NFKC", text[: LONGEST_CHARACTERS * 4]).strip().casefold()
    if not text or len(text) > LONGEST_CHARACTERS:
        return False
    plain = _DESCRIBED.sub(" ", text)
    words = [word.replace("’", "'") for word in _WORDS.findall(plain)]
    if not words:
        return plain != text
    return len(words) <= _MOST_WORDS and _covered(words)


def _covered(words: list[str]) -> bool:
    """Whether phrases of the lists, one behind the other, make up all words."""
    reached = {0}
    for start in range(len(words)):
        if start not in reached:
            continue
        if _sound(words[start]):
            reached.add(start + 1)
        for size in range(1, min(_LONGEST_PHRASE, len(words) - start) + 1):
            if _listed(words[start : start + size]):
                reached.add(start + size)
    return len(words) in reached


def _sound(word: str) -> bool:
    return bool(_UNSPACED.fullmatch(word) or _LAUGHTER.fullmatch(word))


def _listed(words: list[str]) -> bool:
    """Also where a letter is drawn out ("yeahhh", "sooo")."""
    return any(
        tuple(_STRETCHED.sub(kept, word) for word in words) in _PHRASES
        for kept in (r"\1\1\1", r"\1\1", r"\1")
    )
