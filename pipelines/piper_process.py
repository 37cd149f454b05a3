"""The Piper voice as a program of its own: `python -m pipelines.piper_process --voice VOICE.onnx`.

Piper is GPL-3.0-or-later. It is therefore never imported by the gateway; this program loads it, reads
requests on stdin and writes sound to stdout (`piper_wire.py`), and ends when stdin does. One thread
reads, one synthesises; a request that was cancelled meanwhile costs at most the sentence under way. What is
only learnt waits until no caller wants anything.
"""

import argparse
import itertools
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnxruntime
import soxr

from pipelines.piper_wire import HEADER, RATE, Kind, WireMessage, unpack_header

BACKLOG = 256
"Requests waiting at most; beyond that the reader stops reading and the pipe pushes back."

QUIET = 0.01
LEAD_MS = 10
PAUSES_MS = {".": 300, "!": 300, "?": 300, "…": 300, ",": 180, ";": 220, ":": 220}
"Silence behind a piece, by the mark that ends it, as a speaker pauses there."
TAIL_MS = 50
"Behind a piece that ends without a mark: the sentence goes on at once."


def load_voice(model: Path, threads: int) -> Any:
    """The voice, with as many threads as it may use and without busy waiting between sentences."""
    from piper import PiperVoice
    from piper.config import PiperConfig

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    config = json.loads(model.with_name(model.name + ".json").read_text())
    return PiperVoice(session=session, config=PiperConfig.from_dict(config))


def trimmed(sound: Any, sample_rate: int, text: str) -> Any:
    """The sound without silence before its first word, and with as much behind its last as belongs there.

    Piper pads every text alike, as if nothing came before or after it.
    """
    loud = np.flatnonzero(np.abs(sound) > QUIET)
    if not len(loud):
        return sound
    first = max(0, loud[0] - sample_rate * LEAD_MS // 1_000)
    pause_ms = PAUSES_MS.get(text.rstrip("\"')]”’ ")[-1:], TAIL_MS)
    last = loud[-1] + sample_rate * pause_ms // 1_000
    return np.pad(sound[first:last], (0, max(0, last - len(sound))))


class Service:
    """Speaks requests one after another."""

    def __init__(self, voice: Any, output: BinaryIO) -> None:
        self._voice = voice
        self._output = output
        self._requests: queue.PriorityQueue[tuple[bool, int, WireMessage | None]]
        self._requests = queue.PriorityQueue(BACKLOG)
        "Whether others go first, the place in the order of coming, the request; None: no more."
        self._order = itertools.count()
        # Written by both threads; a set's add and discard are atomic.
        self.wanted: set[int] = set()
        "Requests that were taken and are neither served nor cancelled."
        self._abandoned = False

    def read(self, source: BinaryIO) -> None:
        """Take requests until the other end closes the pipe; then nobody hears us any more."""
        while len(header := source.read(HEADER.size)) == HEADER.size:
            length, kind, request = unpack_header(header)
            self.take(WireMessage(kind, request, source.read(length)))
        self._abandoned = True
        self.finish()

    def take(self, message: WireMessage) -> None:
        """Queue a request, or note that one is not wanted any more."""
        if message.kind is Kind.CANCEL:
            self.wanted.discard(message.request)
        else:
            self.wanted.add(message.request)
            self._put(message)

    def finish(self) -> None:
        """Nothing more will come: serve what was asked for, and end."""
        self._put(None)

    def _put(self, message: WireMessage | None) -> None:
        patient = message is None or message.kind is Kind.LEARN
        self._requests.put((patient, next(self._order), message))

    def serve(self) -> None:
        """Speak until there are no more requests."""
        self._send(WireMessage(Kind.READY))
        while (message := self._requests.get()[2]) is not None and not self._abandoned:
            try:
                self._speak(message)
                self._send(WireMessage(Kind.DONE, message.request))
            except (ValueError, RuntimeError, UnicodeError) as error:
                self._send(WireMessage(Kind.FAILED, message.request, type(error).__name__.encode()))
            self.wanted.discard(message.request)

    def _speak(self, message: WireMessage) -> None:
        (rate,) = RATE.unpack(message.payload[: RATE.size])
        text = message.payload[RATE.size :].decode()
        for chunk in self._voice.synthesize(text):
            if message.request not in self.wanted or self._abandoned:
                return
            sound = trimmed(chunk.audio_float_array, chunk.sample_rate, text)
            if chunk.sample_rate != rate:
                sound = soxr.resample(sound, chunk.sample_rate, rate, quality="HQ")
            pcm = (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
            self._send(WireMessage(Kind.AUDIO, message.request, pcm))

    def _send(self, message: WireMessage) -> None:
        self._output.write(message.pack())
        self._output.flush()


def main() -> None:
    """Run until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", type=Path, required=True, help="Piper voice, .onnx with .onnx.json beside")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    # Ctrl-C goes to the whole process group; the gateway closes our stdin when it is done with us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not get between the messages.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    service = Service(load_voice(arguments.voice, arguments.threads), output)
    reader = threading.Thread(target=service.read, args=(sys.stdin.buffer,), name="requests", daemon=True)
    reader.start()
    try:
        service.serve()
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main()
