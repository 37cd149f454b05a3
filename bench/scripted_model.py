"""An OpenAI-compatible endpoint that answers at once with what a script says: a model that costs nothing.

With it a peer speaks the same replies as we do, and what is measured is everything but its model.
"""

import difflib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench import wer

GREETING = "Hi, this is Fern, the virtual assistant at Fernhill. How can I help you?"
UNKNOWN = "I'm sorry, I don't know that."


def reply_to(replies: Mapping[str, str], said: str) -> str:
    """The reply to the question that is nearest to what was understood."""
    questions = {" ".join(wer.normalised(question)): reply for question, reply in replies.items()}
    nearest = difflib.get_close_matches(" ".join(wer.normalised(said)), questions, n=1, cutoff=0.5)
    return questions[nearest[0]] if nearest else UNKNOWN


@contextmanager
def endpoint(replies: Mapping[str, str]) -> Iterator[str]:
    """The address, with its `/v1`, of a server that lives as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """A chat completion, streamed word by word without waiting."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = [_text(each["content"]) for each in asked["messages"] if each["role"] == "user"]
            reply = reply_to(replies, said[-1]) if said else GREETING
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for word in reply.split():
                self.wfile.write(_chunk({"content": f"{word} "}))
            self.wfile.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="scripted model", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(part.get("text", "") for part in parts)


def _chunk(delta: Mapping[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {
        "id": "scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
