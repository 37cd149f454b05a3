"""Remembers the vectors of a folder's texts, so that an edit or a restart embeds only what changed.

Relies on an `Embedder`, and on NumPy's archive format for the file. The file only saves time: one that is
missing, broken, unwritable or made by another model costs a few seconds and nothing else.
"""

import os
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import structlog

from knowledge.embedding import Embedder, Vectors

_PROBE: Final = "The quick brown fox jumps over the lazy dog."
"""Its vector tells models apart: another model, or the same on other hardware, gives another one."""

_Remembered: TypeAlias = dict[bytes, Vectors]

_log = structlog.get_logger(__name__)


class CachedEmbedder:
    """Remembers the vectors of its last call, in `file` too where one is given. For one thread at a time.

    Not for questions, which hardly ever come twice.
    """

    def __init__(self, embedder: Embedder, file: Path | None = None) -> None:
        self._embedder = embedder
        self._file = file
        self._probe = embedder.embed([_PROBE])[0]
        self._vectors = _load(file, self._probe) if file else {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As the embedder within, which is asked only for texts that were not in the call before."""
        keys = [sha256(text.encode(errors="surrogatepass")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        fresh = self._embedder.embed(list(missing.values()))
        known = self._vectors | dict(zip(missing, fresh, strict=True))
        used = {key: known[key] for key in keys}
        if self._file and used.keys() != self._vectors.keys():
            _save(self._file, self._probe, used)
        self._vectors = used
        return np.stack([used[key] for key in keys]) if keys else fresh


def _load(file: Path, probe: Vectors) -> _Remembered:
    try:
        # Opened here, because NumPy leaves a file open that turns out not to be an archive.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            if not np.array_equal(archive["probe"], probe):
                return {}
            keys, vectors = archive["keys"], np.asarray(archive["vectors"], dtype=np.float32)
    except FileNotFoundError:
        return {}
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        _log.warning("embedding_cache_unreadable", path=str(file))
        return {}
    if keys.shape != (len(keys), sha256().digest_size) or vectors.shape != (len(keys), len(probe)):
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _save(file: Path, probe: Vectors, remembered: _Remembered) -> None:
    """Beside the file and then into its place, so that a crash leaves the old one whole."""
    keys = np.frombuffer(b"".join(remembered), dtype=np.uint8).reshape(len(remembered), -1)
    vectors = np.stack(list(remembered.values())) if remembered else np.zeros((0, len(probe)), np.float32)
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as archive:
            np.savez(archive, probe=probe, keys=keys, vectors=vectors)
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        _log.warning("embedding_cache_unwritable", path=str(file), reason=error.strerror)
