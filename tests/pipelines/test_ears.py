"""Ears hand every frame to all that hear, and tell them how the utterance goes on."""

from typing import Any, cast
from unittest.mock import Mock, call

from pipelines.audio import silence
from pipelines.ears import Ears
from pipelines.turn_actions import Began, Drafted, Emptied, Ended, Paused, Resumed
from pipelines.turn_times import TurnTimes
from pipelines.turns import TurnTaking
from pipelines.voice import VoiceChange


def ears(change: VoiceChange | None = None) -> tuple[Ears, Mock]:
    parts = Mock()
    parts.detection = Mock(late_ms=100, silent=True, stirring=False, near=True)
    parts.detection.hear.return_value = change
    made = Ears(
        parts.detection,
        TurnTaking(TurnTimes()),
        cast(Any, parts.recognizer),
        cast(Any, parts.endpoint),
    )
    return made, parts


def test_every_frame_reaches_all_that_hear_and_turn_taking_says_what_follows() -> None:
    made, parts = ears(VoiceChange.STARTED)
    frame, played = silence(), silence(8_000)
    assert Began() in made.hear(frame, speaking=True, played=played)
    parts.detection.hear.assert_called_once_with(frame, speaking=True, played=played)
    parts.recognizer.hear.assert_called_once_with(frame, True)
    parts.endpoint.hear.assert_called_once_with(frame)


def test_recogniser_and_end_of_turn_model_follow_the_utterance() -> None:
    made, parts = ears()
    for action in (
        Began(),
        Paused(1),
        Drafted("so", 200),
        Resumed(),
        Paused(2),
        Ended("so", 300, 300),
        Emptied(),
    ):
        made.follow(action)
    made.close()
    told = [each for each in parts.mock_calls if each in TOLD]
    assert told == TOLD


TOLD = [
    call.recognizer.start(),
    call.endpoint.start(),
    call.endpoint.judge(1),
    call.recognizer.pause(1),
    call.recognizer.resume(),
    call.endpoint.resume(),
    call.endpoint.judge(2),
    call.recognizer.pause(2),
    call.recognizer.reset(),
    call.endpoint.resume(),
    call.recognizer.reset(),
    call.endpoint.resume(),
    call.recognizer.close(),
    call.endpoint.close(),
]
