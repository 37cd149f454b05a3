"""A whole call under virtual time: a scripted caller, fake ears and voice, every fact with its time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from pipelines.audio import SAMPLE_RATE, Frame
from pipelines.conversation import Conversation
from pipelines.facts import Activity, CustomerTurn, Fact, ReplyDelta, ReplyDone, Unavailable
from pipelines.voice_call import CallSettings, VoiceCall
from tests.fakes.fake_speech import speech, words_in
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts, seconds_of

F = TypeVar("F", bound=Fact)


class Talk:
    """One call, seen from the caller's chair and from the session's record."""

    def __init__(
        self, answerer: ScriptedAnswerer, parts: FakeVoiceParts, sample_rate: int = SAMPLE_RATE
    ) -> None:
        self.leg = ScriptedLeg(sample_rate=sample_rate)
        self.answerer = answerer
        self.parts = parts
        self.conversation = Conversation("s1")
        self.facts: list[Fact] = []
        self.times: list[float] = []
        self.emit_s = 0.0
        self.store_down = False
        self.call: VoiceCall
        self._ids: Counter[str] = Counter()

    def ids(self, prefix: str) -> str:
        self._ids[prefix] += 1
        return f"{prefix}{self._ids[prefix]}"

    async def emit(self, fact: Fact) -> None:
        await asyncio.sleep(self.emit_s)
        if self.store_down and fact.durable:
            raise Unavailable("the disk is full")
        self.facts.append(fact)
        self.times.append(asyncio.get_running_loop().time())
        self.conversation.apply(fact)

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def time_of(self, fact: Fact) -> float:
        return self.times[next(n for n, each in enumerate(self.facts) if each is fact)]

    async def say(self, what: str | list[Frame], then: float = 0.0) -> None:
        """Speak, and go on listening for a while."""
        frames = speech(what) if isinstance(what, str) else what
        self.leg.say(frames)
        await asyncio.sleep(seconds_of(frames) + then)

    @property
    def heard(self) -> str:
        """Every word that reached the caller's ear."""
        return words_in(self.leg.heard)

    @property
    def turns(self) -> list[str]:
        """Who said what, as the record has it."""
        return [
            f"{'>' if isinstance(fact, CustomerTurn) else '<'} {fact.pii.text}"
            for fact in self.facts
            if isinstance(fact, CustomerTurn | ReplyDone)
        ]

    @property
    def story(self) -> list[str]:
        """The types of the facts, without repeats of what is only shown."""
        types = [fact.model_dump()["type"] for fact in self.facts if not isinstance(fact, Activity)]
        return [t for n, t in enumerate(types) if not (n and t == types[n - 1] == "reply.delta")]

    def text_of(self, turn_id: str) -> str:
        return "".join(f.text for f in self.of(ReplyDelta) if f.turn_id == turn_id)


@asynccontextmanager
async def talking(
    answerer: ScriptedAnswerer | None = None,
    parts: FakeVoiceParts | None = None,
    settings: CallSettings | None = None,
    sample_rate: int = SAMPLE_RATE,
) -> AsyncIterator[Talk]:
    """A call under way; hung up at the end if it still is."""
    talk = Talk(answerer or ScriptedAnswerer(), parts or FakeVoiceParts(), sample_rate)
    talk.call = VoiceCall(
        talk.leg,
        talk.conversation,
        talk.answerer,
        talk.emit,
        talk.parts,
        ids=talk.ids,
        settings=settings,
    )
    async with asyncio.TaskGroup() as tasks:
        person = tasks.create_task(talk.leg.serve(), name="caller")
        call = tasks.create_task(talk.call.run(), name="call")
        yield talk
        talk.leg.leave()
        await asyncio.wait([call, person])
