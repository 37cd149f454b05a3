"""How we stand in a pipecat pipeline: directly, without queues, and silently.

A pipecat processor normally has two unbounded queues and two tasks. In direct mode a frame pushed is a
call made: it runs in the task of whoever pushed it, waits where that must wait, and is cancelled with it.
All processors of ours are direct. Importing this module silences pipecat's own log, which carries
transcripts and whole conversations; its errors reach us as frames. Relies on pipecat 1.14.
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
