"""A program that speaks the Piper process's protocol without Piper: fake speech at the rate wanted.

Texts that hold `crash` kill it, once per file named on its command line; `--broken` makes it end at once.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from pipelines.piper_wire import HEADER, RATE, Kind, WireMessage, unpack_header
from tests.fakes.fake_speech import speech


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--voice", type=Path)
    parser.add_argument("--threads")
    folder = parser.parse_args().voice.parent
    with (folder / "starts").open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    if (folder / "broken").exists():
        sys.exit(3)
    if (folder / "rubbish").exists():
        (folder / "rubbish").unlink()
        sys.stdout.write("Traceback (most recent call last):\n")
        sys.exit(1)
    send(WireMessage(Kind.READY))
    while len(header := sys.stdin.buffer.read(HEADER.size)) == HEADER.size:
        length, kind, request = unpack_header(header)
        payload = sys.stdin.buffer.read(length)
        if kind in (Kind.SPEAK, Kind.LEARN):
            answer(request, payload, folder)
        elif kind is Kind.CANCEL:
            with (folder / "cancelled").open("a") as cancelled:
                cancelled.write(f"{request}\n")


def answer(request: int, payload: bytes, folder: Path) -> None:
    (rate,) = RATE.unpack(payload[: RATE.size])
    text = payload[RATE.size :].decode()
    if "unspeakable" in text:
        send(WireMessage(Kind.FAILED, request, b"ValueError"))
        return
    for number, word in enumerate(text.split()):
        if word == "hang":
            time.sleep(60)
        if word == "crash" and not (folder / "crashed").exists():
            (folder / "crashed").touch()
            os._exit(9)
        if word == "always-crash" and number:
            os._exit(9)
        frames = speech(word)
        step = 16_000 // rate
        pcm = b"".join(f.pcm if step == 1 else f.pcm[: len(f.pcm) // step] for f in frames)
        send(WireMessage(Kind.AUDIO, request, pcm))
    send(WireMessage(Kind.DONE, request))


def send(message: WireMessage) -> None:
    sys.stdout.buffer.write(message.pack())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
