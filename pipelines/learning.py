"""Learns by heart what answers often begin with, while nobody calls: such answers are heard at once.

Only the first pieces of a text are learnt; the rest is made while they are played. The voice works on it
when it has nothing else to do, one piece at a time, and not at all during a call, because a call needs the
machine for more than its voice. What is learnt is bounded in number and in memory.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, MutableMapping

import structlog
from prometheus_client import Gauge

from pipelines.audio import Frame
from pipelines.facts import Unavailable
from pipelines.sentences import SentenceCutter
from pipelines.spoken import spoken
from pipelines.synthesizer import Synthesizer

MOST_PHRASES = 600
MOST_BYTES = 32 << 20
"About 17 minutes of sound at 16 kHz."
LOOK_AGAIN_S = 5.0
"While there are calls."
BREATH_S = 0.05
"Between two phrases, for whoever starts up beside us."

KNOWN = Gauge("warmline_phrases_known", "Phrases that the voice knows by heart")

log = structlog.get_logger(__name__)


async def learn_when_quiet(
    voice: Synthesizer,
    known: MutableMapping[str, tuple[Frame, ...]],
    texts: Iterable[str],
    quiet: Callable[[], bool],
) -> None:
    """Add the first pieces of the texts to `known`, as long as there is room. Returns when all are learnt."""
    size = sum(map(_size, known.values()))
    for phrase in _first_pieces(texts):
        if phrase in known:
            continue
        if len(known) >= MOST_PHRASES or size >= MOST_BYTES:
            log.info("no room for more phrases", known=len(known))
            break
        while not quiet():  # noqa: ASYNC110 - nobody is told when the last call has gone
            await asyncio.sleep(LOOK_AGAIN_S)
        try:
            known[phrase] = tuple([frame async for frame in voice.speak(phrase)])
        except Unavailable:
            await asyncio.sleep(LOOK_AGAIN_S)  # a call can do without it
            continue
        size += _size(known[phrase])
        KNOWN.set(len(known))
        await asyncio.sleep(BREATH_S)


def first_pieces(text: str) -> list[str]:
    """The pieces of a text that are made before enough is heard to make the rest meanwhile."""
    cutter = SentenceCutter()
    pieces, words = [], 0
    for piece in [*cutter.feed(text), *cutter.flush()]:
        if words >= SentenceCutter.FIRST_WORDS:
            break
        pieces.append(spoken(piece.text))
        words += len(piece.text.split())
    return [piece for piece in pieces if piece]


def _first_pieces(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from first_pieces(text)


def _size(frames: tuple[Frame, ...]) -> int:
    return sum(len(frame.pcm) for frame in frames)
