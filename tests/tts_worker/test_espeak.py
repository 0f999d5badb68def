"""The real library, in its real child process."""

import asyncio
import os
import shutil
import signal
import sys
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from apps.tts_worker.engines.base import (
    EngineDied,
    EngineError,
    EngineMissing,
    SentenceTooLong,
    SpeechRequest,
)
from apps.tts_worker.engines.espeak import DEFAULT_VOICE, EspeakEngine
from apps.tts_worker.engines.espeak_data import installed_parts
from libs.audio.loudness import peak
from libs.contracts.speaking import Mood, Viseme
from tests.tts_worker.heard import Heard, hear

SENTENCE = "Hello there, I really don't know what you mean, but it sounds lovely."
LONG = " ".join([SENTENCE] * 12)

VOWELS = {Viseme.AA, Viseme.E, Viseme.IH, Viseme.OH, Viseme.OU}
STOPS = {Viseme.PP, Viseme.DD}


async def say(engine: EspeakEngine, text: str, **fields: object) -> Heard:
    return await hear(engine.synthesize(SpeechRequest(text, **fields)))  # type: ignore[arg-type]


async def test_a_sentence_becomes_sound_at_a_good_level_without_clipping(
    espeak: EspeakEngine,
) -> None:
    heard = await say(espeak, SENTENCE)
    assert 3 < heard.seconds < 8
    assert -20 < heard.dbfs < -12
    assert 0.5 < peak(heard.pcm) < 0.98


async def test_the_mouth_moves_with_the_sound_and_ends_closed(espeak: EspeakEngine) -> None:
    heard = await say(espeak, SENTENCE)
    assert len({cue.viseme for cue in heard.mouth}) >= 10
    assert 5 < len(heard.mouth) / heard.seconds < 14
    assert heard.mouth[-1].viseme is Viseme.SIL
    assert heard.mouth[-1].at_seconds <= heard.seconds
    assert espeak.unknown_symbols == 0


async def test_cues_lie_on_their_sounds(espeak: EspeakEngine) -> None:
    heard = await say(espeak, "Papa dad bob tab, a big pad, Bobby, a happy puppy, daddy did it.")
    assert heard.dbfs_of(VOWELS) > heard.dbfs_of(STOPS) + 6
    assert heard.dbfs_of(VOWELS) > heard.dbfs_of({Viseme.SIL}) + 15


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello big world", ["Hello", "big", "world"]),
        ("I don't know — it's *fine*.", ["I", "don't", "know", "it's", "fine"]),
        ("Olá, você está aí?", ["Olá", "você", "está", "aí"]),
        ("wow 🎉🎉 nice <b>bold</b> move", ["wow", "nice", "bold", "move"]),
    ],
)
async def test_word_cues_point_at_the_words(
    espeak: EspeakEngine, text: str, words: list[str]
) -> None:
    assert (await say(espeak, text)).said(text) == words


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pt-br", "Olá, tudo bem com você? Hoje vamos jogar."),
        ("pt-BR", "Olá, tudo bem com você? Hoje vamos jogar."),
        ("ru", "Привет, как дела? Сегодня мы играем."),
        ("ru-RU", "Привет, как дела? Сегодня мы играем."),
        ("fr-fr", "Bonjour, comment allez-vous?"),
        ("en-gb", "Good evening, how do you do?"),
        ("tlh-nowhere", "A language nobody listed."),
    ],
)
async def test_other_languages_speak(espeak: EspeakEngine, language: str, text: str) -> None:
    heard = await say(espeak, text, language=language)
    assert heard.seconds > 1
    assert heard.dbfs > -25
    assert len(heard.mouth) > 10


async def test_a_text_in_another_script_is_read_and_not_spelled(espeak: EspeakEngine) -> None:
    text = "Привет, как дела?"
    heard = await say(espeak, text, language="en")
    assert heard.said(text) == ["Привет", "как", "дела"]
    assert heard.seconds < 3


@pytest.mark.parametrize(
    ("voice", "used"),
    [
        ("", DEFAULT_VOICE),
        ("en-us+f2", "en-us+f2"),
        ("EN_us+F2", "en-us+f2"),
        ("fr-fr+f2", "fr+f2"),
        ("en-us+nobody", DEFAULT_VOICE),
        ("nowhere", DEFAULT_VOICE),
        ("en-us+../../../etc/passwd", DEFAULT_VOICE),
        ("en-us\0+f2", DEFAULT_VOICE),
    ],
)
async def test_a_voice_is_found_or_the_usual_one_speaks(
    espeak: EspeakEngine, voice: str, used: str
) -> None:
    assert espeak.recipe(SpeechRequest("hello", voice=voice)).voice == used
    assert espeak.knows_voice(voice) is (voice != "" and used != DEFAULT_VOICE)
    assert (await say(espeak, "hello", voice=voice)).seconds > 0.3


async def test_a_language_keeps_the_character_of_the_voice(espeak: EspeakEngine) -> None:
    assert espeak.recipe(SpeechRequest("olá", language="pt-br")).voice == "pt-br+f5"


@pytest.mark.parametrize(
    "text",
    [
        '<speak><prosody rate="900%">fast</prosody><break time="60s"/></speak> end',
        '<audio src="file:///etc/passwd"/> end',
        "\x01500S\x01 99P loud \x1b[2J\x1b]0;title\x07 end",
        "zero\u200bwidth \u202eright to left\u202c end",
        "[[h@'loU]] end",
        "\ud800 lonely surrogate end",
        "a\u0301\u0301\u0301\u0301\u0301" * 100 + " end",
        "%s%n%d{}{0}$(id)`id` end",
    ],
)
async def test_hostile_text_is_just_read(espeak: EspeakEngine, text: str) -> None:
    usual = await say(espeak, "end")
    heard = await say(espeak, text)
    assert 0.3 < heard.seconds < 150
    assert peak(heard.pcm) < 0.98
    after = await say(espeak, "end")
    assert after.seconds == pytest.approx(usual.seconds, abs=0.05)


@pytest.mark.parametrize("text", ["", "   ", "🎉🎉🎉", "?!…", "\x00\x01\x02", "*** --- ***"])
async def test_text_without_words_makes_no_sound(espeak: EspeakEngine, text: str) -> None:
    assert (await say(espeak, text)).pieces == 0


async def test_ten_thousand_characters_end(espeak: EspeakEngine) -> None:
    with pytest.raises(SentenceTooLong):
        await say(espeak, "word " * 2_000)
    assert (await say(espeak, SENTENCE)).seconds > 3


async def test_a_closed_sentence_stops_and_the_next_one_is_whole(espeak: EspeakEngine) -> None:
    async with aclosing(espeak.synthesize(SpeechRequest(LONG))) as pieces:
        first = await anext(pieces)
    assert len(first.pcm) < 22_050
    whole = await say(espeak, SENTENCE)
    assert whole.said(SENTENCE)[0] == "Hello"
    assert whole.said(SENTENCE)[-1] == "lovely"


async def test_a_cancelled_task_stops_its_sentence(espeak: EspeakEngine) -> None:
    task = asyncio.create_task(say(espeak, LONG))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await say(espeak, "Hello")).seconds > 0.3


async def test_two_sentences_at_once_are_both_whole(espeak: EspeakEngine) -> None:
    alone = await say(espeak, SENTENCE)
    one, two = await asyncio.gather(say(espeak, SENTENCE), say(espeak, LONG))
    assert one.seconds == pytest.approx(alone.seconds, abs=0.05)
    assert two.seconds > 10 * alone.seconds


async def test_two_engines_at_once_do_not_disturb_each_other(espeak: EspeakEngine) -> None:
    other = EspeakEngine(voice="ru+m3")
    await other.start()
    try:
        for _ in range(3):
            english, russian = await asyncio.gather(
                say(espeak, SENTENCE), say(other, "Привет, как дела?", language="ru")
            )
            assert english.said(SENTENCE)[-1] == "lovely"
            assert 0.8 < russian.seconds < 3
        assert espeak.process_id != other.process_id
    finally:
        await other.stop()


async def test_a_killed_process_is_replaced_and_the_sentence_goes_on(espeak: EspeakEngine) -> None:
    usual = await say(espeak, LONG)

    async def killed_on_the_way():  # type: ignore[no-untyped-def]
        async with aclosing(espeak.synthesize(SpeechRequest(LONG))) as pieces:
            yield await anext(pieces)
            assert espeak.process_id is not None
            psutil.Process(espeak.process_id).kill()
            async for piece in pieces:
                yield piece

    before = espeak.process_id
    heard = await hear(killed_on_the_way())
    assert espeak.process_id != before
    assert heard.seconds == pytest.approx(usual.seconds, abs=0.05)
    assert heard.said(LONG) == usual.said(LONG)


async def test_a_process_that_died_between_sentences_is_replaced(espeak: EspeakEngine) -> None:
    assert espeak.process_id is not None
    process = psutil.Process(espeak.process_id)
    process.kill()
    assert (await say(espeak, "Hello")).seconds > 0.3
    assert espeak.restarts == 1


async def test_a_process_that_dies_each_time_is_an_error(
    espeak: EspeakEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = espeak._living_child

    async def dying():  # type: ignore[no-untyped-def]
        child = await original()
        child.kill()
        return child

    monkeypatch.setattr(espeak, "_living_child", dying)
    with pytest.raises(EngineDied, match="process ended"):
        await say(espeak, LONG)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no stop signal")
async def test_a_process_that_hangs_is_ended_and_replaced(
    espeak: EspeakEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.tts_worker.engines.espeak_child.SILENT_SECONDS", 0.3)
    assert espeak.process_id is not None
    os.kill(espeak.process_id, signal.SIGSTOP)
    assert (await say(espeak, SENTENCE)).seconds > 3
    assert espeak.restarts == 1


async def test_the_process_ends_with_its_engine() -> None:
    engine = EspeakEngine()
    await engine.start()
    assert engine.process_id is not None
    process = psutil.Process(engine.process_id)
    await engine.stop()
    await engine.stop()
    assert not process.is_running()


async def test_the_process_does_not_outlive_its_parent() -> None:
    script = (
        "import asyncio, os\n"
        "from apps.tts_worker.engines.espeak import EspeakEngine\n"
        "async def main():\n"
        "    engine = EspeakEngine()\n"
        "    await engine.start()\n"
        "    print(engine.process_id, flush=True)\n"
        "    os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await parent.communicate()
    async with asyncio.timeout(20):
        while is_alive(int(output)):  # noqa: ASYNC110 - not our child: nothing tells us
            await asyncio.sleep(0.02)


def is_alive(process_id: int) -> bool:
    """A process that nobody has collected yet is dead too."""
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_a_data_folder_behind_a_long_path_is_used(tmp_path: Path) -> None:
    library, data = installed_parts()
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 8, "é")
    deep.mkdir(parents=True)
    shutil.copytree(data, deep / data.name)
    engine = EspeakEngine(parts=(library, deep / data.name))
    await engine.start()
    try:
        assert (await say(engine, SENTENCE)).seconds > 3
    finally:
        await engine.stop()


async def test_a_missing_data_folder_says_what_to_do(tmp_path: Path) -> None:
    library, _ = installed_parts()
    engine = EspeakEngine(parts=(library, tmp_path / "nothing"))
    with pytest.raises(EngineMissing, match="reinstall"):
        await engine.start()
    await engine.stop()


async def test_a_library_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "libespeak-ng.so"
    broken.write_bytes(b"not a library")
    _, data = installed_parts()
    engine = EspeakEngine(parts=(broken, data))
    with pytest.raises(EngineMissing, match="cannot be loaded"):
        await engine.start()
    await engine.stop()


async def test_a_voice_that_was_not_started_is_an_error() -> None:
    with pytest.raises(EngineError, match="not started"):
        await say(EspeakEngine(), "hello")


async def test_mood_and_energy_shape_the_voice(espeak: EspeakEngine) -> None:
    sleepy = await say(espeak, SENTENCE, mood=Mood.SLEEPY, energy=0.0)
    excited = await say(espeak, SENTENCE, mood=Mood.EXCITED, energy=1.0)
    assert sleepy.seconds > excited.seconds * 1.15
