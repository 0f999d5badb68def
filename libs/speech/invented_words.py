"""Whether a recogniser made words up: Whisper's own signs of doubt, the sentences it is known to
hear in silence and noise, loops, and more words than could be said in the time.

Sources: the thresholds of OpenAI's Whisper (Radford et al. 2022, section 4.5: no speech 0.6, mean
log probability -1, compression ratio 2.4); the sentences are those of Koenecke et al. 2024 and of
the issue lists of Whisper and faster-whisper.
"""

import re
import unicodedata

#: Whisper's own thresholds.
NO_SPEECH, LOG_PROBABILITY, COMPRESSION_RATIO = 0.6, -1.0, 2.4
#: Less doubt is enough against a sentence that is known to be invented.
SOME_NO_SPEECH, SOME_LOG_PROBABILITY = 0.3, -0.7

#: The fastest talk has some 7 words and 28 letters a second (15 of Chinese or Japanese script); a
#: voice gate may miss the beginning and end of it.
WORDS_PER_SECOND, SPARE_WORDS = 8.0, 3
LETTERS_PER_SECOND, SPARE_LETTERS = 30.0, 14
SIGNS_PER_SECOND, SPARE_SIGNS = 15.0, 6
#: Speaking clearly, nobody is faster than so many letters a second.
CLEAR_LETTERS_PER_SECOND = 22.0

#: So often in a row a phrase is said by nobody; a single word ("no, no, no") may be, a while.
PHRASE_REPEATS, WORD_REPEATS, LONGEST_PHRASE = 4, 10, 8

#: Credits of films: nobody says them to anybody.
_CREDITS = re.compile(
    # who made them: "Subtitles by ...", in many languages
    r"((sub)?titles|captions|captioning|subtitling|transcri(ption|bed)|translat(ion|ed)) by .{1,60}"
    r"|(subtítulos|subtitulos|subtitulado)( realizados)? (por|de la comunidad) .{1,60}"
    r"|legendas?( feitas)? (por|pela|pelo) .{1,60}|legendado (por|pela) .{1,60}"
    r"|sous titr(age|es)( réalisés| realises| fait)? (par|société|st) .{1,60}"
    r"|sottotitoli( e revisione)? (creati|a cura|di) .{1,60}"
    r"|untertitel(ung)? (von|der|des|im auftrag|aufgrund|in) .{1,60}"
    r"|(ondertiteld|ondertiteling|ondertitels) (door|ingediend) .{1,60}"
    r"|(napisy|tłumaczenie) (stworzone|przez) .{1,60}"
    r"|(undertexter|textning|tekstet|teksting|undertekster) (av|fra|från|by) .{1,60}"
    r"|(редактор )?субтитр(ы|ов)? (сделал|создавал|делал|подогнал|добавил|корректор|а) ?.{1,60}"
    r"|(редактор субтитров|корректор субтитров|субтитрувальниця) .{1,60}"
    r"|altyazı (m k|çeviri) ?.{0,60}|中文字幕志愿者.*|字幕由.*|字幕by.*|자막 (제공|by) ?.*"
    r"|請不吝點[赞讚贊].*|请不吝点[赞讚贊].*"
    # and the places they come from, which nobody says aloud
    r"|.*\b(amara org|dimatorzok|opensubtitles( org)?|qtss|zoomoo|otter ai|untertitelung)\b.*"
    r"|.*amara ?org.*|www [\w ]{3,60} (com|org|net|ru)"
)

#: What is said at the end of a video: a host may say it too.
_FAREWELLS = frozenset(
    """
    thank you
    thank you very much
    thank you for watching
    thanks for watching
    thank you so much for watching
    thanks for watching and i will see you in the next video
    thanks for watching i will see you next time
    thank you for listening
    please subscribe
    please subscribe to my channel
    please like and subscribe
    dont forget to like and subscribe
    like and subscribe
    see you next time
    see you in the next video
    i will see you in the next video
    ill see you in the next one
    bye
    bye bye
    you
    the end
    to be continued
    obrigado por assistir
    obrigada por assistir
    obrigado por assistirem
    muito obrigado
    inscrevam se no canal
    se inscreva no canal
    ate a proxima
    até a próxima
    gracias por ver el video
    gracias por ver
    suscribete
    suscríbete
    suscríbete al canal
    hasta la próxima
    merci davoir regardé cette vidéo
    merci davoir regardé
    abonnez vous
    vielen dank
    vielen dank fürs zuschauen
    danke fürs zuschauen
    bis zum nächsten mal
    grazie per la visione
    grazie a tutti
    bedankt voor het kijken
    dziękuję za uwagę
    dziękuję za oglądanie
    izlediğiniz için teşekkür ederim
    продолжение следует
    спасибо за просмотр
    спасибо за внимание
    спасибо за подписку
    подписывайтесь на канал
    подписывайтесь на мой канал
    ставьте лайки и подписывайтесь на канал
    до новых встреч
    всем пока
    дякую за перегляд
    ご視聴ありがとうございました
    ご視聴頂きありがとうございます
    最後までご視聴頂き有難うございました
    チャンネル登録をお願いします
    おやすみなさい
    시청해주셔서 감사합니다
    시청해 주셔서 감사합니다
    구독과 좋아요 부탁드립니다
    感谢观看
    謝謝觀看
    谢谢大家
    谢谢观看
    """.strip().splitlines()
)
_KNOWN = frozenset(" ".join(line.split()) for line in _FAREWELLS)

#: Descriptions of sounds, of which nothing else is left: [Music], (applause), *sighs*, ♪.
_DESCRIPTION = re.compile(r"(\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫♬🎵🎶\s.,!?…-])*")
_MARKS = re.compile(r"[^\w\s]+")
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ](?=\w)")
_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]")


def invented(
    text: str,
    voiced_seconds: float,
    no_speech_probability: float | None = None,
    mean_log_probability: float | None = None,
    compression_ratio: float | None = None,
) -> bool:
    """Whether there is good reason not to believe a text. `voiced_seconds`: how long a voice was
    heard. The other numbers are Whisper's; None: the recogniser does not say. More doubt never
    makes a text more believable."""
    plain = _plain(text)
    if not plain:
        return bool(text.strip())  # marks and notes, but no word
    if _DESCRIPTION.fullmatch(text.strip()) or _CREDITS.fullmatch(plain):
        return True
    doubts = _above(no_speech_probability, NO_SPEECH)
    if doubts and _below(mean_log_probability, LOG_PROBABILITY):
        return True
    if _above(compression_ratio, COMPRESSION_RATIO):
        return True
    if _loops(plain.split()) or _too_much(plain, voiced_seconds):
        return True
    return plain in _KNOWN and (
        voiced_seconds < _letters(plain) / CLEAR_LETTERS_PER_SECOND + 0.2
        or _above(no_speech_probability, SOME_NO_SPEECH)
        or _below(mean_log_probability, SOME_LOG_PROBABILITY)
    )


def _plain(text: str) -> str:
    """In small letters, without marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    joined = _APOSTROPHES.sub("", unicodedata.normalize("NFC", folded))
    return " ".join(_MARKS.sub(" ", joined).replace("_", " ").split())


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit


def _letters(plain: str) -> int:
    return sum(character.isalnum() for character in plain)


def _too_much(plain: str, voiced_seconds: float) -> bool:
    seconds = max(0.0, voiced_seconds)
    signs = len(_SIGN.findall(plain))
    letters, words = _letters(plain) - signs, len(plain.split())
    return (
        words > SPARE_WORDS + WORDS_PER_SECOND * seconds
        or letters > SPARE_LETTERS + LETTERS_PER_SECOND * seconds
        or signs > SPARE_SIGNS + SIGNS_PER_SECOND * seconds
    )


def _loops(words: list[str]) -> bool:
    """A phrase again and again, in most of the text."""
    for length in range(1, LONGEST_PHRASE + 1):
        needed = WORD_REPEATS if length == 1 else PHRASE_REPEATS
        longest = _longest_run(words, length)
        if longest >= length * needed and longest * 2 >= len(words):
            return True
    return False


def _longest_run(words: list[str], length: int) -> int:
    """Words in the longest stretch that repeats itself every `length` words."""
    best = run = 0
    for index in range(length, len(words)):
        run = run + 1 if words[index] == words[index - length] else 0
        best = max(best, run)
    return best + length if best else 0
