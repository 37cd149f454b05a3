"""Turns texts into vectors whose angle tells how alike in meaning they are.

`SentenceEmbedder` runs all-MiniLM-L6-v2 (Reimers & Gurevych 2019, "Sentence-BERT"; Apache-2.0), quantised to
int8, on ONNX Runtime. Relies on `model.onnx` and `tokenizer.json` in one folder. Blocking: about 3 ms for a
question on one core, so never on an event loop.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

Vectors: TypeAlias = NDArray[np.float32]

DIMENSIONS: Final = 384
_TOKENS: Final = 256  # what the model was trained on; the rest of a longer text is not seen
_BATCH: Final = 16  # bounds the memory of one run: 16 x 256 tokens need about 60 MB


class EmbeddingUnavailable(RuntimeError):
    """The model cannot be loaded or run: the installation's fault. The message says what to do."""


class Embedder(Protocol):
    """Anything that embeds; `tests/contracts/embedder.py` says what that takes."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 per text; float32, shape (n, dimensions). Safe to call from any thread."""
        ...


class SentenceEmbedder:
    """MiniLM from the folder of its two files, on `threads` threads for one call.

    Raises:
        EmbeddingUnavailable: a file is missing or not what it should be.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._tokenizer = _load_tokenizer(folder / "tokenizer.json")
        self._session = _load_session(folder / "model.onnx", threads)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Mean of the token vectors, scaled to length 1; shape (n, 384). Text beyond 256 tokens is not seen.

        Raises:
            EmbeddingUnavailable: the model does not run.
        """
        # One by one: `encode_batch` starts a thread pool that a later fork would complain about.
        encodings = [self._tokenizer.encode(text) for text in texts]
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # Texts of similar length share a batch, since all of a batch are padded to its longest.
        by_length = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        for batch in _slices(by_length, _BATCH):
            vectors[batch] = self._run([encodings[index] for index in batch])
        return vectors

    def _run(self, encodings: list[Encoding]) -> Vectors:
        width = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            hidden = self._session.run(None, feed)[0]
        except Exception as error:  # ONNX Runtime's errors have no common class but this one
            raise EmbeddingUnavailable(f"the embedding model does not run: {error}") from error
        return _pooled(np.asarray(hidden, dtype=np.float32), mask)


def _pooled(hidden: Vectors, mask: NDArray[np.int64]) -> Vectors:
    weights = mask[:, :, None].astype(np.float32)
    mean: Vectors = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    lengths = np.linalg.norm(mean, axis=1, keepdims=True)
    unit: Vectors = mean / np.maximum(lengths, np.float32(1e-12))
    return unit


def _slices(indices: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]


def _load_tokenizer(path: Path) -> Tokenizer:
    _demand(path)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise EmbeddingUnavailable(_broken(path, error)) from error
    tokenizer.no_padding()  # the published file pads everything to 128 tokens
    tokenizer.enable_truncation(max_length=_TOKENS)
    return tokenizer


def _load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    _demand(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the memory of the longest batch for ever
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise EmbeddingUnavailable(_broken(path, error)) from error
    width = session.get_outputs()[0].shape[-1]
    if width != DIMENSIONS:
        raise EmbeddingUnavailable(_broken(path, f"its vectors have {width} numbers, not {DIMENSIONS}"))
    return session


def _demand(path: Path) -> None:
    if not path.is_file():
        raise EmbeddingUnavailable(f"{path} is missing; run `warmline models pull`")


def _broken(path: Path, reason: object) -> str:
    return f"{path} is broken ({reason}); delete it and run `warmline models pull`"
