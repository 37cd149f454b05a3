"""What hears one party of a call: voice activity, turn taking, recognition and the end-of-turn model.

Whoever owns the ears gives them every frame, does what turn taking asks for, and is told by the recogniser
and the end-of-turn model themselves.
"""

from pipelines.audio import Frame
from pipelines.endpoint import Endpoint
from pipelines.recognizer import Recognizer
from pipelines.turn_actions import Action, Began, Drafted, Emptied, Ended, Following, Paused, Resumed
from pipelines.turns import TurnTaking
from pipelines.voice import VoiceDetection


class Ears:
    """Of one party."""

    def __init__(
        self, detection: VoiceDetection, turns: TurnTaking, recognizer: Recognizer, endpoint: Endpoint
    ) -> None:
        self.detection = detection
        self.turns = turns
        self.recognizer = recognizer
        self.endpoint = endpoint

    def hear(self, frame: Frame, *, speaking: bool = False, played: Frame | None = None) -> list[Action]:
        """Take the next 20 ms; what must happen now.

        `speaking`: the other side speaks. `played`: what of theirs was played meanwhile and may come back.
        """
        detection = self.detection
        change = detection.hear(frame, speaking=speaking, played=played)
        self.recognizer.hear(frame, detection.silent)
        self.endpoint.hear(frame)
        return self.turns.hear(change, detection.late_ms, stirring=detection.stirring, near=detection.near)

    def follow(self, action: Following) -> None:
        """Let the recogniser and the end-of-turn model know how the utterance goes on."""
        match action:
            case Began():
                self.recognizer.start()
                self.endpoint.start()
            case Paused():
                self.endpoint.judge(action.pause)
                self.recognizer.pause(action.pause)
            case Resumed():
                self.recognizer.resume()
                self.endpoint.resume()
            case Ended() | Emptied():
                self.recognizer.reset()
                self.endpoint.resume()  # under load it may still be asked
            case Drafted():
                pass

    def close(self) -> None:
        """Nothing more will be heard or told."""
        self.recognizer.close()
        self.endpoint.close()
