"""The strategy that ASR_TURN_END chooses."""

from apps.asr_worker.settings import AsrSettings
from libs.speech.turn_taking import EndOfTurn, FixedSilence, TextAware, TurnModel


def end_of_turn(settings: AsrSettings) -> EndOfTurn:
    """A longest silence below the usual one counts as the usual one."""
    usual = settings.asr_silence_ms / 1000
    longest = max(usual, settings.asr_longest_silence_ms / 1000)
    if settings.asr_turn_end == "fixed":
        return FixedSilence(usual)
    text = TextAware(usual, longest)
    return TurnModel(longest, text) if settings.asr_turn_end == "smart" else text
