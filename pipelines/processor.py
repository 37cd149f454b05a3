"""How we stand in a pipecat pipeline: directly, without queues, and silently.

A pipecat processor normally has two unbounded queues and two tasks. In direct mode a frame pushed is a
call made: it runs in the task of whoever pushed it, waits where that must wait, and is cancelled with it.
All processors of ours are direct. Sound, fifty frames a second each way, goes from one of ours to the next
by a plain call (`push_sound`): what pipecat does around each push (names as text, observers, events) costs
more than all that we do with a frame. Its observers therefore see no sound between processors of ours.

Importing this module silences pipecat's own log, which carries transcripts and whole conversations; its
errors reach us as frames. Relies on pipecat 1.14.
"""

import asyncio

from loguru import logger

logger.disable("pipecat")

from pipecat.frames.frames import Frame as PipecatFrame  # noqa: E402 - not before its log is off
from pipecat.frames.frames import StartFrame  # noqa: E402
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor  # noqa: E402

__all__ = ["DirectProcessor", "FrameDirection", "FrameProcessor", "PipecatFrame"]


class DirectProcessor(FrameProcessor):  # type: ignore[misc] # pipecat carries no types for mypy
    """A processor that passes everything on; ours override `take` for the frames they care about."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.started = asyncio.Event()

    async def push_sound(self, frame: PipecatFrame) -> None:
        """Pass sound on, down the pipeline."""
        following = self._next
        if not isinstance(following, DirectProcessor):
            await self.push_frame(frame)
        elif not await following.take(frame):
            await following.push_sound(frame)

    async def process_frame(self, frame: PipecatFrame, direction: FrameDirection) -> None:
        """Called by pipecat for every frame."""
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self.started.set()
        if direction is not FrameDirection.DOWNSTREAM or not await self.take(frame):
            await self.push_frame(frame, direction)

    async def take(self, frame: PipecatFrame) -> bool:
        """Deal with a frame on its way down; True if it ends here."""
        return False
