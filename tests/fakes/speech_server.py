"""A small HTTP server that speaks OpenAI's audio API: hears and says `fake_speech`."""

import io
import json
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipelines.samples import samples_16k
from tests.fakes.fake_speech import speech, words_in_samples

VOICE_RATE = 24_000


class SpeechServer(ThreadingHTTPServer):
    """`asked` holds what clients wanted; `status` other than 200 is what they get."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: SpeechServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Authorization"]
        if self.server.status != 200:
            self._answer(b'{"error": {"message": "out of order"}}', "application/json")
        elif self.path == "/v1/audio/transcriptions":
            text = heard_in(body)
            self.server.asked.append({"path": self.path, "key": key, "text": text, "body": body})
            self._answer(json.dumps({"text": text}).encode(), "application/json")
        else:
            wanted = json.loads(body)
            self.server.asked.append({"path": self.path, "key": key, **wanted})
            sound = b"".join(f.pcm + f.pcm[: len(f.pcm) // 2] for f in speech(wanted["input"]))
            self._answer(sound, "audio/pcm")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def heard_in(form: bytes) -> str:
    """The words in the WAV file of a multipart form."""
    with wave.open(io.BytesIO(form[form.index(b"RIFF") :])) as sound:
        pcm = sound.readframes(sound.getnframes())
        return words_in_samples(samples_16k(pcm[: len(pcm) // 2 * 2], sound.getframerate()))


@contextmanager
def speech_server() -> Iterator[SpeechServer]:
    with SpeechServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="speech server")
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
