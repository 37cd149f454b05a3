"""WhisperLiveKit's `AudioProcessor`, fed with PCM the way its websocket server feeds it.

It never calls a text final: words move from a buffer to lines when two decodes agree. What counts is when the
words last changed, lines and buffer together, which favours it. `options` are its configuration.
"""

import asyncio
import logging
import time

from real_time import Job, paced
from whisperlivekit import AudioProcessor, TranscriptionEngine

QUIET_S, LONGEST_S = 3.0, 15.0
"After a clip we wait until the words have not changed for so long, at most so long."


def words(state):
    """Everything a reader sees, in one line."""
    lines = [line.text for line in state.lines if line.text]
    return " ".join(" ".join([*lines, state.buffer_transcription or ""]).split())


async def follow(results, changes):
    """Note each change of the words, and when, until cancelled."""
    async for state in results:
        text = words(state)
        if not changes or changes[-1][0] != text:
            changes.append((text, time.perf_counter()))


async def settled(changes):
    """Wait until there are words and they change no more."""
    until = time.perf_counter() + LONGEST_S
    while (now := time.perf_counter()) < until:
        if changes and changes[-1][0] and now - changes[-1][1] > QUIET_S:
            return
        await asyncio.sleep(0.1)


async def hear(engine, clip):
    """The changes while a clip was played in real time, and when it began."""
    processor = AudioProcessor(transcription_engine=engine)
    changes = []
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow(await processor.create_tasks(), changes), name="follow")
        began = time.perf_counter()
        for frame, wait in paced(clip, began):
            await asyncio.sleep(wait)
            await processor.process_audio(frame)
        await settled(changes)
        following.cancel()
    await processor.cleanup()
    return changes, began


async def main():
    logging.disable(logging.INFO)
    job = Job()
    engine = TranscriptionEngine(
        model_path=job.model, lan="en", pcm_input=True, warmup_file=str(job.clips[0]), **job.options
    )
    for clip in job.clips:
        changes, began = await hear(engine, clip)
        text, at = changes[-1] if changes else ("", began)
        job.report(clip, text, at - began)


asyncio.run(main())
