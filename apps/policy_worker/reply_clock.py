"""Where the time of one reply went, and what it cost."""

import time

from apps.policy_worker.engines.base import Piece, Thought, Usage


class ReplyClock:
    """Counts from the first question to an engine. Thinking is timed apart: from the first thought
    until something follows that is none."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._thinking_since: float | None = None
        self.first_token_seconds: float | None = None
        self.thinking_seconds = 0.0
        self.usage: Usage | None = None
        self._earlier: Usage | None = None

    def asked(self) -> None:
        """Each question counts: a reply with tools takes more than one."""
        self._earlier = self.usage
        if self._asked_at is None:
            self._asked_at = time.perf_counter()

    def came(self, piece: Piece, thinking: bool) -> None:
        """`thinking`: the piece left the reply inside a thought."""
        now = time.perf_counter()
        if isinstance(piece, Usage):
            before = self._earlier or Usage(0, 0)
            self.usage = Usage(
                before.prompt_tokens + piece.prompt_tokens, before.reply_tokens + piece.reply_tokens
            )
            return
        if self.first_token_seconds is None and self._asked_at is not None:
            self.first_token_seconds = now - self._asked_at
        if thinking or isinstance(piece, Thought):
            self._thinking_since = self._thinking_since or now
        else:
            self.thought_ended()

    def thought_ended(self) -> None:
        if self._thinking_since is not None:
            self.thinking_seconds += time.perf_counter() - self._thinking_since
            self._thinking_since = None
