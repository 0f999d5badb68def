"""A Whisper of about a megabyte, written by code, that the real faster-whisper loads.

Its decoder is a table: each token has one that follows it, so that the whole real path (features,
voice filter, encoder, beam search, time rules, tokenizer, word alignment) always answers a text
that was chosen. Nothing is downloaded and nothing is stored; it needs ctranslate2 and numpy.

How it works: every token of the table has its own row of a Hadamard matrix as embedding. The rows
are orthogonal and have no mean, so layer norm leaves them as they are, and the projection finds the
token that follows by one scalar product. Cross attention adds nothing to that, but looks at the
frame where the next word is meant to be, so that word times come out right too.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

#: Width of the model: it has so many token codes, less one.
WIDTH = 64
HEADS = 4
HEAD = WIDTH // HEADS
MEL_BANDS = 80
FRAMES_PER_SECOND = 50
#: Frames of the encoder for 30 s of sound, and the longest text.
FRAMES, POSITIONS = 1_500, 448
#: Of the token that follows, against 0 of all others.
LOGIT = 32.0

END, START, NO_TIMES = "<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"
PREVIOUS = "<|startofprev|>"
#: In Whisper's order: some parts of its software count them.
_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta "
    "no th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk "
    "sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb "
    "my bo tl mg as tt haw ln ha ba jw su "
)
LANGUAGES = tuple(_CODES.split())


def write_tiny_whisper(
    folder: Path,
    text: str = "Hello Kitsu, can you hear me?",
    seconds: float = 2.0,
    language: str = "",
) -> Path:
    """Writes the model into `folder`. It understands `text`, of so many seconds, in whatever it
    hears; no word of it may come twice. `language`: what it takes all sound for; empty: it is one
    of the models that know English only."""
    words = _Words.of(text, multilingual=bool(language))
    folder.mkdir(parents=True, exist_ok=True)
    _Model(words, seconds, language).save(folder)
    features = {"feature_size": MEL_BANDS, "sampling_rate": 16_000, "hop_length": 160}
    features |= {"chunk_length": 30, "n_fft": 400}
    _write(folder / "tokenizer.json", words.tokenizer())
    _write(folder / "preprocessor_config.json", features)
    return folder


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True)
class _Words:
    """The vocabulary: all bytes, the words of the text, Whisper's special tokens and times."""

    vocabulary: Mapping[str, int]
    merges: Sequence[tuple[str, str]]
    specials: Mapping[str, int]
    script: Sequence[int]
    """The tokens of the text."""

    @classmethod
    def of(cls, text: str, multilingual: bool) -> "_Words":
        symbols = _byte_symbols()
        vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
        merges: list[tuple[str, str]] = []
        script = []
        for word in re.findall(r" \S+", " " + " ".join(text.split())):
            left, *rest = (symbols[byte] for byte in word.encode())
            for symbol in rest:
                if left + symbol not in vocabulary:
                    merges.append((left, symbol))
                    vocabulary[left + symbol] = len(vocabulary)
                left += symbol
            script.append(vocabulary[left])
        if len(set(script)) != len(script):
            raise ValueError("no word may come twice")
        if multilingual:  # ctranslate2 takes the empty token for a sign of it
            vocabulary[""] = len(vocabulary)
        first = len(vocabulary)
        specials = {token: first + number for number, token in enumerate(_special_tokens())}
        return cls(vocabulary, merges, specials, script)

    def all(self) -> list[str]:
        return [*self.vocabulary, *self.specials]

    def time(self, seconds: float) -> int:
        return self.specials[_time_token(round(seconds * FRAMES_PER_SECOND))]

    def tokenizer(self) -> dict[str, Any]:
        """As the package `tokenizers` reads it."""
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        model: dict[str, Any] = {"type": "BPE", "vocab": dict(self.vocabulary)}
        model |= {"merges": list(self.merges), "fuse_unk": False, "byte_fallback": False}
        added = [
            {
                "id": number, "content": token, "special": not re.match(r"<\|\d", token),
                "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            }
            for token, number in self.specials.items()
        ]  # fmt: skip
        document: dict[str, Any] = {"version": "1.0", "pre_tokenizer": level, "decoder": level}
        return {**document, "added_tokens": added, "model": model}


def _special_tokens() -> list[str]:
    names = [f"<|{code}|>" for code in LANGUAGES]
    tasks = ["<|translate|>", "<|transcribe|>", "<|startoflm|>", PREVIOUS, "<|nospeech|>", NO_TIMES]
    return [END, START, *names, *tasks, *(_time_token(frame) for frame in range(FRAMES + 1))]


def _time_token(frame: int) -> str:
    return f"<|{frame / FRAMES_PER_SECOND:.2f}|>"


def _byte_symbols() -> list[str]:
    """The printable stand-ins that byte-level BPE uses for the 256 bytes."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = (byte for byte in range(256) if byte not in printable)
    places = {byte: 256 + place for place, byte in enumerate(others)}
    return [chr(places.get(byte, byte)) for byte in range(256)]


class _Model:
    """Fills the weights of ctranslate2's own description of a Whisper."""

    def __init__(self, words: _Words, seconds: float, language: str) -> None:
        self._words = words
        self._seconds = seconds
        self._language = language

    def save(self, folder: Path) -> None:
        from ctranslate2.specs import whisper_spec

        spec = whisper_spec.WhisperSpec(1, HEADS, 1, HEADS)
        self._fill_encoder(spec.encoder)
        self._fill_decoder(spec.decoder)
        spec.register_vocabulary(self._words.all())
        spec.config.suppress_ids = []
        spec.config.suppress_ids_begin = [self._words.specials[END]]
        codes = LANGUAGES if self._language else ()
        spec.config.lang_ids = [self._words.specials[f"<|{code}|>"] for code in codes]
        spec.config.alignment_heads = [(0, 0)]
        spec.validate()
        spec.optimize(quantization="float16")
        spec.save(str(folder))

    def _next_tokens(self) -> dict[int, int]:
        """The table: what follows each token."""
        special, script = self._words.specials, self._words.script
        walk = [self._words.time(0), *script, self._words.time(self._seconds), special[END]]
        table = dict(pairwise(walk))
        table[special[PREVIOUS]] = special[START]
        table[special[NO_TIMES]] = script[0]
        if self._language:
            table[special[START]] = special[f"<|{self._language}|>"]
            table |= dict.fromkeys((special["<|transcribe|>"], special["<|translate|>"]), walk[0])
        else:
            table[special[START]] = walk[0]
        return table

    def _fill_encoder(self, encoder: Any) -> None:
        """All zero but the positions: whatever is heard, a frame says only where it is."""
        encoder.conv1.weight, encoder.conv1.bias = _zeros(WIDTH, MEL_BANDS, 3), _zeros(WIDTH)
        encoder.conv2.weight, encoder.conv2.bias = _zeros(WIDTH, WIDTH, 3), _zeros(WIDTH)
        at = _places(np.arange(FRAMES))
        encoder.position_encodings.encodings = np.concatenate([at, -at, at, -at], 1)
        _fill_norm(encoder.layer_norm)
        _fill_self_attention(encoder.layer[0].self_attention)
        _fill_feed_forward(encoder.layer[0].ffn)

    def _fill_decoder(self, decoder: Any) -> None:
        embeddings, projection, query = self._weights()
        decoder.embeddings.weight = embeddings
        decoder.projection.weight = projection
        decoder.position_encodings.encodings = _zeros(POSITIONS, WIDTH)
        _fill_norm(decoder.layer_norm)
        layer = decoder.layer[0]
        _fill_self_attention(layer.self_attention)
        _fill_norm(layer.attention.layer_norm)
        keys, values, out = layer.attention.linear
        keys.weight, keys.bias = query, _zeros(WIDTH)
        values.weight, values.bias = _zeros(2 * WIDTH, WIDTH), _zeros(2 * WIDTH)
        values.weight[:HEAD, :HEAD] = np.eye(HEAD, dtype=np.float32)
        out.weight, out.bias = _zeros(WIDTH, WIDTH), _zeros(WIDTH)
        _fill_feed_forward(layer.ffn)

    def _weights(self) -> tuple[Matrix, Matrix, Matrix]:
        """Embeddings, projection, and the query that looks at where the next word is."""
        table, codes = self._next_tokens(), _hadamard(WIDTH)[1:]
        if len(table) > len(codes):
            raise ValueError(f"a text has {len(codes) - 8} words at most")
        count = len(self._words.all())
        embeddings, projection = _zeros(count, WIDTH), _zeros(count, WIDTH)
        query = _zeros(WIDTH, WIDTH)
        frames = self._word_frames()
        for code, (token, following) in zip(codes, table.items(), strict=False):
            embeddings[token] = code
            projection[following] += code * (LOGIT / WIDTH)
            query[:HEAD] += 6.0 * np.outer(_places(frames.get(following, 0.0)), code) / WIDTH
        return embeddings, projection, query

    def _word_frames(self) -> dict[int, float]:
        """Words lie evenly in the text's time."""
        script, end = self._words.script, self._seconds * FRAMES_PER_SECOND
        frames = {token: (n + 0.5) / len(script) * end for n, token in enumerate(script)}
        return frames | {self._words.time(self._seconds): end, self._words.specials[END]: end}


def _places(frame: Any) -> Matrix:
    """One head's view of a place in time: near places look alike."""
    angle = 2 * np.pi * np.asarray(frame, np.float64)[..., None] / np.geomspace(40.0, 3000.0, 8)
    return np.concatenate([np.cos(angle), np.sin(angle)], -1).astype(np.float32)


def _hadamard(size: int) -> Matrix:
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def _zeros(*shape: int) -> Matrix:
    return np.zeros(shape, np.float32)


def _fill_norm(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)


def _fill_self_attention(part: Any) -> None:
    _fill_norm(part.layer_norm)
    for linear, rows in zip(part.linear, (3 * WIDTH, WIDTH), strict=True):
        linear.weight, linear.bias = _zeros(rows, WIDTH), _zeros(rows)


def _fill_feed_forward(part: Any) -> None:
    _fill_norm(part.layer_norm)
    for linear in (part.linear_0, part.linear_1):
        linear.weight, linear.bias = _zeros(WIDTH, WIDTH), _zeros(WIDTH)
