"""Plain faster-whisper after a voice activity detector, the way pipecat's `WhisperSTTService` uses it.

Silero with pipecat's default times (voice for 0.2 s starts, silence for 0.2 s ends a segment), a second of
sound from before the start, half a second of silence behind; segments are transcribed one after another in a
thread while the call goes on. `options` are arguments of `transcribe`; none are pipecat's own: beam 5.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.vad import get_vad_model
from real_time import Job, paced

WINDOW = 512
VOICE, START_S, STOP_S = 0.7, 0.2, 0.2
BEFORE = 16_000
NO_SPEECH = 0.4


class Detector:
    """Silero, window by window."""

    def __init__(self):
        self._session = get_vad_model().session
        self._h = self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(64, np.float32)
        self._against = 0
        self.speaking = False

    def hear(self, window):
        """Whether somebody speaks after this window of 512 samples."""
        inputs = {"input": np.concatenate((self._context, window))[None], "h": self._h, "c": self._c}
        probability, self._h, self._c = self._session.run(None, inputs)
        self._context = window[-64:]
        voice = float(np.squeeze(probability)) >= VOICE
        self._against = self._against + 1 if voice != self.speaking else 0
        if self._against * WINDOW / 16_000 >= (STOP_S if self.speaking else START_S):
            self.speaking, self._against = voice, 0
        return self.speaking


class Segments:
    """Cuts one call into segments and has each transcribed."""

    def __init__(self, transcribe):
        self._transcribe = transcribe
        self._thread = ThreadPoolExecutor(1)
        self._detector = Detector()
        self._waiting = np.zeros(0, np.float32)
        self._sound = np.zeros(0, np.float32)
        self._texts: list[Future] = []

    def hear(self, pcm):
        """Take a frame."""
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32_768
        self._sound = np.concatenate((self._sound, samples))
        self._waiting = np.concatenate((self._waiting, samples))
        while len(self._waiting) >= WINDOW:
            window, self._waiting = self._waiting[:WINDOW], self._waiting[WINDOW:]
            before = self._detector.speaking
            if before and not self._detector.hear(window):
                segment = np.concatenate((self._sound, np.zeros(8_000, np.float32)))
                self._texts.append(self._thread.submit(self._transcribe, segment))
                self._sound = np.zeros(0, np.float32)
            elif not before and not self._detector.hear(window):
                self._sound = self._sound[-BEFORE:]

    def finish(self):
        """The texts and when each was there, once all are done."""
        self._thread.shutdown()
        return [text.result() for text in self._texts]


def main():
    job = Job()
    model = WhisperModel(job.model, device="cpu", compute_type="int8", cpu_threads=job.threads)

    def transcribe(sound):
        segments, _ = model.transcribe(sound, language="en", **job.options)
        text = " ".join(segment.text.strip() for segment in segments if segment.no_speech_prob < NO_SPEECH)
        return text, time.perf_counter()

    transcribe(np.zeros(16_000, np.float32))
    for clip in job.clips:
        call = Segments(transcribe)
        began = time.perf_counter()
        for frame, wait in paced(clip, began):
            time.sleep(wait)
            call.hear(frame)
        found = [(text, at) for text, at in call.finish() if text]
        job.report(clip, " ".join(text for text, _ in found), found[-1][1] - began if found else 0.0)


main()
