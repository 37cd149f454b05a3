"""Moonshine on onnxruntime: a small English recogniser that works only as long as the sound is.

Unlike Whisper it has no window to fill: two seconds of speech cost two seconds' work, some 50 ms, so it
is the engine for machines that carry many calls. It hears a little less well, and knows no hot words.
Greedy decoding over the merged decoder (one graph with and without a cache, as Hugging Face exports it);
what the cache is called and how large it is, the graph says itself.

Of noise, and of many a short word, Moonshine would rather say nothing: its first token is the end. The end
is therefore not allowed first; how probable it was there is the probability that nobody spoke, and what is
believed in spite of it is decided as for Whisper (`whisper.believable`). On our recordings that brought
back a quarter of the single digits, and no noise passed. Relies on onnxruntime and tokenizers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer as Vocabulary

from pipelines.samples import MODEL_RATE, Samples
from pipelines.transcript import Decoded

START, END = 1, 2
"Tokens of Moonshine's vocabulary."
LONGEST_S = 29
"Moonshine was trained on at most 30 s; of longer sound the end is heard."
SHORTEST_S = 1.0
"Shorter sound is filled up with silence: there is too little in it to encode."
TAIL_S = 0.2
"Silence put after all sound: a decode begun at the very end of a word loses it otherwise."
SPARE_TOKENS = 6
TOKENS_PER_S = 8
"Nobody says more than this in a second; a decode that does goes round in circles (its authors take 6.5)."
LOOPS = ((1, 6), (2, 5), (3, 3), (4, 3), (5, 3), (6, 3), (8, 2), (10, 2), (12, 2))
"So many tokens in a row, so many times over, are no speech. A digit may well be said three times."


Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MoonshineSettings:
    """Which model, and how it runs."""

    folder: Path
    "encoder_model.onnx, decoder_model_merged.onnx, tokenizer.json."
    cpu_threads: int = 2
    "Per decode."
    workers: int = 1
    "Decodes at the same time."


@dataclass(frozen=True, slots=True)
class _Said:
    tokens: list[int]
    logprob: float
    no_speech: float


def loop_tokens(tokens: list[int]) -> int:
    """How many tokens at the end only say again what stands before them; mostly none."""
    for length, times in LOOPS:
        if len(tokens) >= length * times and tokens[-length * times :] == tokens[-length:] * times:
            return length * (times - 1)
    return 0


class Moonshine:
    """One loaded model. `decode` may be called from several threads."""

    def __init__(self, settings: MoonshineSettings) -> None:
        self._encoder = _session(settings.folder / "encoder_model.onnx", settings.cpu_threads)
        self._decoder = _session(settings.folder / "decoder_model_merged.onnx", settings.cpu_threads)
        self._vocabulary = Vocabulary.from_file(str(settings.folder / "tokenizer.json"))
        inputs = {entry.name: entry.shape for entry in self._decoder.get_inputs()}
        past = [name for name in inputs if name.startswith("past_key_values.")]
        self._outputs = ["logits", *(name.replace("past_key_values", "present") for name in past)]
        self._nothing = {
            name: np.zeros((1, inputs[name][1], 0, inputs[name][3]), np.float32) for name in past
        }

    def decode(self, samples: Samples, wanted: Callable[[], bool] = lambda: True) -> Decoded:
        """The words in sound at 16 kHz; blocks for some 20 ms and 15 ms more for each second of it.

        `wanted` is not asked: it is over too soon for that.
        """
        kept = samples[-LONGEST_S * MODEL_RATE :]
        seconds = max(SHORTEST_S, len(kept) / MODEL_RATE + TAIL_S)
        padded = np.pad(kept, (0, round(seconds * MODEL_RATE) - len(kept)))
        [encoded] = self._encoder.run(None, {"input_values": padded[None]})
        said = self._generate(encoded, SPARE_TOKENS + round(seconds * TOKENS_PER_S))
        text = self._vocabulary.decode(said.tokens).strip()
        return Decoded(text, said.logprob, said.no_speech, round(seconds))

    def _generate(self, encoded: Scores, most: int) -> _Said:
        """The likeliest token after another, until the end, `most`, or a loop."""
        tokens: list[int] = []
        logprobs: list[float] = []
        no_speech, newest = 0.0, START
        feed: dict[str, Any] = {**self._nothing, "encoder_hidden_states": encoded}
        while newest != END and len(tokens) < most:
            scores = self._step(feed, newest, first=not logprobs)
            if not logprobs:
                no_speech, scores[END] = float(np.exp(scores[END])), -np.inf
            newest = int(scores.argmax())
            logprobs.append(float(scores[newest]))
            tokens.append(newest)
            if again := loop_tokens(tokens):
                del tokens[-again:]
                break
        return _Said(tokens, float(np.mean(logprobs)), no_speech)

    def _step(self, feed: dict[str, Any], token: int, first: bool) -> Scores:
        """Log probabilities of the token after that one; the cache in `feed` grows by it."""
        feed["input_ids"] = np.array([[token]], np.int64)
        feed["use_cache_branch"] = np.array([not first])
        logits, *present = self._decoder.run(self._outputs, feed)
        for name, value in zip(self._nothing, present, strict=True):
            # With a cache the graph gives nothing for the encoder's part: it stays as it was.
            if first or ".encoder." not in name:
                feed[name] = value
        scores: Scores = logits[0, -1] - logits[0, -1].max()
        scores -= np.log(np.exp(scores).sum())
        return scores


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
