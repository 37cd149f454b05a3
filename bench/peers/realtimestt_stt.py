"""RealtimeSTT's `AudioToTextRecorder`, fed with recordings in place of its microphone.

`options` are its arguments; none are its own: silence of 0.6 s ends a recording, beam 5.
"""

import logging
import queue
import threading
import time

from real_time import Job, paced
from RealtimeSTT import AudioToTextRecorder

QUIET_S = 8.0
"So long nothing more must come before a clip counts as done."


def listen(recorder, texts):
    """Put every text, and when it was there, into the queue."""
    while not recorder.is_shut_down:
        text = recorder.text()
        texts.put((text, time.perf_counter()))


def play(recorder, clip):
    """Feed a clip in real time; returns when it began."""
    began = time.perf_counter()
    for frame, wait in paced(clip, began):
        time.sleep(wait)
        recorder.feed_audio(frame)
    return began


def collect(recorder, texts):
    """All texts of the clip that was just played."""
    found = []
    until = time.perf_counter() + QUIET_S
    while time.perf_counter() < until:
        try:
            text, at = texts.get(timeout=0.1)
        except queue.Empty:
            if recorder.state in ("listening", "inactive") and found:
                break
            continue
        if text:
            found.append((text, at))
    return found


def main():
    job = Job()
    recorder = AudioToTextRecorder(
        model=job.model,
        language="en",
        device="cpu",
        compute_type="int8",
        use_microphone=False,
        spinner=False,
        no_log_file=True,
        level=logging.ERROR,
        **job.options,
    )
    texts = queue.Queue()
    threading.Thread(target=listen, args=(recorder, texts), daemon=True).start()
    for clip in job.clips:
        began = play(recorder, clip)
        found = collect(recorder, texts)
        job.report(clip, " ".join(text for text, _ in found), found[-1][1] - began if found else 0.0)
    recorder.shutdown()


if __name__ == "__main__":
    main()
