"""One who is in a room: busy only while somebody listens, whole whatever their leg does."""

import asyncio
from itertools import islice

from gateway.hold_music import hold_music
from gateway.matrix import Role, State
from gateway.mixing import Source
from gateway.participant import Ears, Participant, connect
from pipelines.audio import Frame
from tests.fakes.scripted_leg import ScriptedLeg
from tests.gateway.joined import level


class KeepingLeg(ScriptedLeg):
    """Keeps what is relayed to it."""

    def __init__(self, sample_rate: int = 16_000) -> None:
        super().__init__("keeping", sample_rate)
        self.relayed: list[Frame] = []

    def relay(self, frame: Frame) -> None:
        self.relayed.append(frame)


class BrokenLeg(ScriptedLeg):
    """Its code has a bug."""

    calls = 0

    def relay(self, frame: Frame) -> None:
        self.calls += 1
        raise RuntimeError("a bug")


def test_somebody_whom_nobody_hears_costs_nothing() -> None:
    customer = Participant(Role.CUSTOMER, ScriptedLeg())
    connect([customer], None, Source(ahead=True), State(Role.BOT), set())
    assert not customer.busy
    ears, others = customer.ears(), customer.ears()
    assert customer.busy
    ears.end()
    ears.end()
    assert customer.busy
    others.end()
    assert not customer.busy


def test_music_comes_with_each_frame_of_theirs_and_begins_anew_each_time() -> None:
    leg = KeepingLeg(8_000)
    customer = Participant(Role.CUSTOMER, leg)
    for _ in range(2):
        leg.relayed.clear()
        connect([customer], None, Source(), State(None), {Role.CUSTOMER})
        assert customer.busy
        for _ in range(3):
            customer.say(level(1, 8_000))
            connect([customer], None, Source(), State(None), {Role.CUSTOMER})
        assert leg.relayed == list(islice(hold_music(8_000), 3))
        connect([customer], None, Source(), State(None), set())
        assert not customer.busy


def test_a_leg_that_fails_is_left_alone_and_the_speaker_goes_on() -> None:
    speaker, broken = Participant(Role.CUSTOMER, ScriptedLeg()), BrokenLeg()
    listener = Participant(Role.SUPERVISOR, broken)
    connect([speaker, listener], None, Source(), State(None), set())
    for _ in range(5):
        speaker.say(level(1))
    assert broken.calls == 1


def test_ears_end_with_who_they_hear_and_may_be_ended_by_with() -> None:
    async def main() -> None:
        customer = Participant(Role.CUSTOMER, ScriptedLeg())
        with customer.ears() as ears:
            customer.say(level(1))
        other = customer.ears()
        customer.say(level(2))
        customer.end_ears()
        customer.say(level(3))
        assert [frame async for frame in ears] == [level(1)]
        assert [frame async for frame in other] == [level(2)]
        assert [frame async for frame in Ears()] == [], "there was nobody to hear"

    asyncio.run(main())
