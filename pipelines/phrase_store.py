"""The sound of learnt phrases on disk: a gateway that starts again knows them at once.

One file of PCM for each phrase, named after the phrase and all that its sound depends on. Whatever is wrong
with a file or the folder, the phrase is spoken anew. Only fixed sentences are learnt: none is personal.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from pipelines.audio import Frame, Framer
from pipelines.processor import FrameProcessor
from pipelines.synthesizer import Synthesizer

MOST_BYTES = 64 << 20
"Twice what one voice may know by heart; beyond that, what was not asked for the longest goes."

log = structlog.get_logger(__name__)


class PhraseStore:
    """A folder of phrases in one voice at one sample rate, Hz. Reading and writing block: use a thread."""

    def __init__(self, folder: Path, voice: Path, sample_rate: int) -> None:
        self._folder = folder
        self._voice = voice
        self._sample_rate = sample_rate
        self._sounds_like: bytes | None = None
        self._usable = True

    def read(self, phrase: str) -> list[Frame] | None:
        """Its frames; None if it is not there."""
        with suppress(OSError):
            file = self._file(phrase)
            pcm = file.read_bytes()
            with suppress(OSError):  # the folder may be somebody else's, and still be read
                os.utime(file)
            if pcm and len(pcm) % 2 == 0:
                framer = Framer(self._sample_rate)
                return [*framer.feed(pcm), *framer.flush()]
        return None

    def write(self, phrase: str, frames: Sequence[Frame]) -> None:
        """Keep a phrase. A folder that cannot be written to is reported once."""
        if not self._usable:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
                part.write(b"".join(frame.pcm for frame in frames))
            os.replace(part.name, self._file(phrase))
            self._make_room()
        except OSError as error:
            self._usable = False
            log.warning("phrases are not kept", folder=str(self._folder), error=str(error))

    def _file(self, phrase: str) -> Path:
        if self._sounds_like is None:
            parts = [self._voice.read_bytes(), Path(f"{self._voice}.json").read_bytes()]
            parts += [_piper().encode(), str(self._sample_rate).encode()]
            self._sounds_like = b"".join(hashlib.sha256(part).digest() for part in parts)
        return self._folder / f"{hashlib.sha256(self._sounds_like + phrase.encode()).hexdigest()}.pcm"

    def _make_room(self) -> None:
        kept = []
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another gateway makes room as well
                kept.append((file.stat().st_mtime_ns, file.stat().st_size, file))
        too_much = sum(size for _, size, _ in kept) - MOST_BYTES
        for _, size, file in sorted(kept):
            if too_much <= 0:
                return
            file.unlink(missing_ok=True)
            too_much -= size


def _piper() -> str:
    try:
        return version("piper-tts")
    except PackageNotFoundError:  # then nobody speaks either
        return ""


class RememberingVoice:
    """A voice that says from the store what it has said before; for fixed phrases only."""

    def __init__(self, voice: Synthesizer, store: PhraseStore) -> None:
        self._voice = voice
        self._store = store

    @property
    def processors(self) -> Sequence[FrameProcessor]:
        """Those of the voice behind it."""
        return self._voice.processors

    async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        """Frames of the text. Raises `Unavailable` when it is not stored and there is no voice."""
        frames = await asyncio.to_thread(self._store.read, text)
        if frames is None:
            async with aclosing(self._voice.speak(text)) as spoken:
                frames = [frame async for frame in spoken]
            await asyncio.to_thread(self._store.write, text, frames)
        for frame in frames:
            yield frame
