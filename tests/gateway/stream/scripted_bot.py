"""A bot for streams: hears a question, and when the caller is silent answers with 400 ms of sound."""

from gateway.stream.leg import StreamLeg
from tests.contracts.leg import loud, tone

ANSWER_FRAMES = 20
SILENT_FRAMES = 10
"Of silence after speech: the caller has finished."


class ScriptedBot:
    """Remembers what it heard on all legs."""

    def __init__(self) -> None:
        self.legs: list[StreamLeg] = []
        self.spoken = 0
        "Frames that had speech in them."
        self.keys = ""
        self.played_ms = 0
        "What of the answer the caller was given."

    async def answer(self, leg: StreamLeg) -> None:
        self.legs.append(leg)
        quiet, asked = 0, False
        async for frame in leg.frames():
            if loud(frame):
                self.spoken += 1
                quiet, asked = 0, True
                continue
            quiet += 1
            if asked and quiet == SILENT_FRAMES:
                asked = False
                for piece in tone(ANSWER_FRAMES, rate=leg.sample_rate):
                    await leg.play(piece)
        self.keys += "".join([key async for key in leg.digits()])
        self.played_ms = leg.played_ms()
