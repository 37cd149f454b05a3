"""Conversations as providers' websockets carry them, for tests to replay: `recordings/*.jsonl`.

A line is a message from the provider and when it came: `{"at_ms": 0, "message": {…}}`. Made as the providers
document their messages, with a question that Piper spoke; as a program, this makes them anew:

    python -m tests.gateway.stream.record MODELS
"""

import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

from pipelines.audio import FRAME_MS, Frame, Framer, silence
from pipelines.resampler import Resampler
from tests.fakes.stream_provider import Telnyx, Twilio

FOLDER = Path(__file__).parent / "recordings"
QUESTION = "What is your return policy?"
RATE = 8_000
BEFORE, AFTER = 10, 40
"Frames of silence around the question."
ANSWER_MS = 400
"Of sound that the marks say was played: the scripted answer's length."

Line = dict[str, Any]


def read(provider: str) -> list[Line]:
    """The recorded conversation."""
    return [json.loads(line) for line in (FOLDER / f"{provider}.jsonl").read_text().splitlines()]


def conversation(dialect: Twilio | Telnyx, question: list[Frame]) -> list[Line]:
    """The start, the question, marks for an answer that begins half a second later, a key, the end."""
    lines = [{"at_ms": 0, "message": json.loads(message)} for message in dialect.opening()]
    spoken = [silence(RATE)] * BEFORE + question + [silence(RATE)] * AFTER
    answered_ms = (BEFORE + len(question)) * FRAME_MS + 200
    for number, frame in enumerate(spoken):
        at_ms = (number + 1) * FRAME_MS
        lines.append({"at_ms": at_ms, "message": json.loads(dialect.speech(frame.pcm))})
        played_ms = at_ms - answered_ms
        if 0 < played_ms <= ANSWER_MS and played_ms % 100 == 0:
            lines.append({"at_ms": at_ms, "message": json.loads(dialect.played(f"w0-{played_ms}"))})
    end_ms = (len(spoken) + 1) * FRAME_MS
    stream = {key: each for key, each in lines[-1]["message"].items() if key in ("streamSid", "stream_id")}
    key = {"event": "dtmf", **stream, "dtmf": {"track": "inbound_track", "digit": "5"}}
    ended = [{"at_ms": end_ms, "message": json.loads(message)} for message in dialect.leaving()]
    return [*lines, {"at_ms": end_ms, "message": key}, *ended]


def spoken(models: Path, text: str) -> list[Frame]:
    """Piper's voice, at telephone rate."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "spoken.wav"
        voice = models / "piper" / "en_US-joe-medium.onnx"
        command = [sys.executable, "-m", "piper", "-m", str(voice), "-f", str(sound), "--", text]
        subprocess.run(command, check=True, capture_output=True)
        with wave.open(str(sound)) as file:
            rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    resampler, framer = Resampler(rate, RATE), Framer(RATE)
    return framer.feed(resampler.feed(pcm) + resampler.flush()) + framer.flush()


def main() -> None:
    question = spoken(Path(sys.argv[1]).expanduser(), QUESTION)
    parameters = {"caller": "+15550001", "called": "+15550002", "ticket": "TICKET"}
    dialects: dict[str, Twilio | Telnyx] = {"twilio": Twilio(**parameters), "telnyx": Telnyx()}
    for name, dialect in dialects.items():
        lines = [json.dumps(line, separators=(",", ":")) for line in conversation(dialect, question)]
        (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
