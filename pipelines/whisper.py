"""Whisper on short windows: a few seconds of speech in, its words out, in a fifth of a second.

Whisper pads everything to 30 s; a customer's sentence is 3 s long. Here the sound is padded only to the
first of 8, 10, 15 or 30 s that leaves a second over, and decoded greedily without timestamps. Short windows
make Whisper say a sentence twice now and then: whole-sentence repeats are cut, and a decode that looks
wrong is done again at 30 s. It also invents words for noise; what it is known to invent is not believed
where it hesitates. A word on its own, above all a digit, it often mishears: it is led to expect digits.
Relies on faster-whisper's tokenizer and on CTranslate2.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper.tokenizer import Tokenizer
from tokenizers import Tokenizer as Vocabulary

from pipelines.samples import MODEL_RATE, Samples
from pipelines.spectrogram import Spectrogram
from pipelines.transcript import Decoded

WINDOWS_S = (8, 10, 15, 30)
"""Windows, in s; the first that leaves `SPARE_S` over is taken. On 103 clips, clean in both bands, 8 s made
46 word errors in 1,550 where 10 s made 45, and in noise 119 to 119, for three quarters of the work."""
SPARE_S = 1.0
MIN_LOGPROB = -1.0
"Mean log probability of a token below which a decode is not trusted (as in Radford et al., 2022, §4.5)."
MAX_COMPRESSION = 2.4
"Above this the text repeats itself (same source)."
MAX_NO_SPEECH = 0.6
INVENTED = re.compile(
    r"^\W*(?:thank you(?: (?:so|very) much)?|thanks(?: for (?:watching|listening))?|you|bye(?:[ -]bye)?|"
    r"the end|please subscribe|subtitles by .*|i'?m sorry|so|okay|oh|hmm|music|silence|applause|\W*)\W*$",
    re.IGNORECASE,
)
"What Whisper hears in noise."
DOUBTFUL_LOGPROB = -0.55
HOPELESS_LOGPROB = -1.25
"Below this the words were wrong in every recording we looked at."
DOUBTFUL_NO_SPEECH = 0.35
SHORT_S = 1.5
"Shorter sound is decoded with `COUNTING` in place of hot words, which easily drown a single word."
SHORT_WINDOW_S = 10
"And in a longer window: in 5 to 8 s single words are heard twice, or as others."
COUNTING = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9."
"""What Whisper is led to expect in short sound. Of 36 digits said alone it then heard 33 right instead of 25,
and `yes`, `no` and `hello` more surely. In noise it goes on counting, which gives it away; with the digits in
another order, or one digit only, it invents single ones."""
MOST_DIGITS = 6
"Nobody says more digits in so short a sound."
RETRY_S = 2.0
"Shorter sound is not decoded again: a second's wait for one word helps nobody."


@dataclass(frozen=True, slots=True)
class WhisperSettings:
    """Which model, and how it runs."""

    folder: Path
    "A CTranslate2 Whisper model: model.bin, config.json, tokenizer.json."
    language: str = "en"
    cpu_threads: int = 2
    "Per decode."
    workers: int = 1
    "Decodes at the same time; each has its own `cpu_threads`."
    compute_type: str = "int8"
    hot_words: str = ""
    "Names and terms that Whisper should expect, as a sentence or a list."


def window_s(seconds: float) -> int:
    """The window for so much sound."""
    if seconds < SHORT_S:
        return SHORT_WINDOW_S
    return next((window for window in WINDOWS_S if window >= seconds + SPARE_S), WINDOWS_S[-1])


def cut_repeats(text: str) -> str:
    """Drop a sentence of two words or more that only says the one before it again.

    At the end also what breaks off after the beginning of such a sentence: two words, or after repeats one.
    """
    sentences = re.findall(r"[^.!?]+[.!?]*\s*", text)
    kept: list[str] = []
    for sentence in sentences:
        if not (kept and _bare(sentence) == _bare(kept[-1]) and len(sentence.split()) >= 2):
            kept.append(sentence)
    least = 2 if len(kept) == len(sentences) else 1
    if len(kept) > 1 and _begins_again(kept[-1], kept[-2]) and len(kept[-1].split()) >= least:
        kept.pop()
    return "".join(kept).strip()


def _begins_again(sentence: str, before: str) -> bool:
    return sentence.strip()[-1] not in ".!?" and _bare(before).startswith(_bare(sentence))


def compression(text: str) -> float:
    """How much shorter the text gets when compressed: high for text that repeats itself."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def suspicious(decoded: Decoded) -> bool:
    """Whether the short window may have spoilt the decode; noise does not get better in a long one."""
    if decoded.no_speech > MAX_NO_SPEECH:
        return False
    return decoded.logprob < MIN_LOGPROB or compression(decoded.text) > MAX_COMPRESSION


def believable(decoded: Decoded) -> bool:
    """Whether the words were probably said, and not made up for noise."""
    if decoded.logprob < HOPELESS_LOGPROB:
        return False
    if decoded.no_speech > MAX_NO_SPEECH and decoded.logprob < DOUBTFUL_LOGPROB:
        return False
    if decoded.no_speech > DOUBTFUL_NO_SPEECH and decoded.logprob < MIN_LOGPROB:
        return False  # with hot words Whisper is less sure of silence, and makes up sentences of them
    doubtful = decoded.logprob < DOUBTFUL_LOGPROB or decoded.no_speech > DOUBTFUL_NO_SPEECH
    return not (doubtful and INVENTED.match(decoded.text))


def echoes(text: str, hot_words: str) -> bool:
    """Whether a decode says nothing but the hot words, as Whisper does when it heard nothing clear."""
    said, hot = (set(re.findall(r"\w+", words.lower())) for words in (text, hot_words))
    return bool(said and hot) and said <= hot | {"the", "and", "to", "for"}


def counts(text: str) -> bool:
    """Whether a decode only goes on counting where `COUNTING` led it: no words, then, but noise."""
    digits = [int(digit) for digit in re.findall(r"\d", text)]
    runs = zip(digits, digits[1:], digits[2:], strict=False)
    return len(digits) > MOST_DIGITS or any(one + 2 == two + 1 == three for one, two, three in runs)


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text).lower()


class Whisper:
    """One loaded model. `decode` may be called from several threads."""

    def __init__(self, settings: WhisperSettings) -> None:
        self._model = ctranslate2.models.Whisper(
            str(settings.folder),
            device="auto",
            compute_type=settings.compute_type,
            intra_threads=settings.cpu_threads,
            inter_threads=settings.workers,
        )
        vocabulary = Vocabulary.from_file(str(settings.folder / "tokenizer.json"))
        self._tokenizer = Tokenizer(
            vocabulary, self._model.is_multilingual, task="transcribe", language=settings.language
        )
        self._spectrogram = Spectrogram(self._model.n_mels)
        tokens = self._tokenizer
        self._hot_words = settings.hot_words.strip()
        self._prompt = [*tokens.sot_sequence, tokens.no_timestamps]
        self._hot_prompt = self._after(self._hot_words) if self._hot_words else self._prompt
        self._counting_prompt = self._after(COUNTING)

    def decode(self, samples: Samples, wanted: Callable[[], bool] = lambda: True) -> Decoded:
        """The words in at most 29 s of sound at 16 kHz; blocks for 100-300 ms.

        Halfway, when the sound has been read, `wanted` is asked (in this thread): words that interest nobody
        any more are not written, so that whoever waits for the model need not wait for that.
        """
        seconds = len(samples) / MODEL_RATE
        window = window_s(seconds)
        short = seconds < SHORT_S
        prompt = self._counting_prompt if short else self._hot_prompt
        decoded = self._decode(samples, window, prompt, wanted)
        if not wanted():
            return decoded
        if counts(decoded.text) if short else echoes(decoded.text, self._hot_words):
            prompt = self._prompt
            decoded = self._decode(samples, window, prompt, wanted)
        if suspicious(decoded) and seconds >= RETRY_S and window < WINDOWS_S[-1]:
            decoded = self._decode(samples, WINDOWS_S[-1], prompt, wanted)
        return decoded

    def _after(self, text: str) -> list[int]:
        """The prompt, as if that text had been said before."""
        tokens = self._tokenizer
        return [tokens.sot_prev, *tokens.encode(" " + text)[:200], *self._prompt]

    def _decode(
        self, samples: Samples, window: int, prompt: list[int], wanted: Callable[[], bool]
    ) -> Decoded:
        kept = samples[-window * MODEL_RATE :]
        mel = self._spectrogram(kept, window)
        longest = len(prompt) + min(220, 24 + int(len(kept) / MODEL_RATE * 12))
        read = self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[None])))
        if not wanted():
            return Decoded("", 0.0, 0.0, window)
        result = self._model.generate(
            read,
            [prompt],
            beam_size=1,
            max_length=longest,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        score = result.scores[0] * len(tokens) / (len(tokens) + 1)
        text = cut_repeats(self._tokenizer.decode(tokens).strip())
        return Decoded(text, score, result.no_speech_prob, window)
