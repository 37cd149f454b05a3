"""The call to an agent's telephone, from the answer on: who has picked up, the whisper, their reply.

Nothing of the customer is heard here before the room says so, and nothing that is said here is heard there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

from prometheus_client import Counter

from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.reply import KEYS, Reply, reply_of
from gateway.handoff.states import AgentLost, Connect, Input, PickedUp, Refused
from gateway.leg import Channel, Leg
from gateway.placed_call import Parts
from pipelines.answering_machine import Answerer
from pipelines.audio import FRAME_MS
from pipelines.pickup import Pickup
from pipelines.utterances import Utterances

REPLIES = Counter("warmline_agent_call_replies_total", "Replies of agents by telephone", ["reply", "by"])
KEYS_WAITING = 8
LAST_WORDS_S = 5.0
"Last words are cut off then."
HEARD_S = 0.02
"So often we look whether something was heard to its end."


class AgentCall:
    """One connection to an agent. `put` gets `PickedUp`, `Connect`, `Refused` and `AgentLost`."""

    def __init__(
        self,
        lease_id: str,
        leg: Leg,
        parts: Parts,
        phrases: HandoffPhrases,
        accept: Callable[[], Awaitable[bool]],
        put: Callable[[Input], None],
    ) -> None:
        self.leg = leg
        self._lease_id = lease_id
        self._parts = parts
        self._phrases = phrases
        self._accept = accept
        self._put = put
        self._keys: Channel[str] = Channel("agent_keys", KEYS_WAITING)
        self._asked = False
        self._dismissed = asyncio.Event()
        self._last_words = ""

    def dismiss(self, text: str) -> None:
        """Whatever is under way ends; they are told this, and then the call is over."""
        self._last_words = text
        self._dismissed.set()

    async def run(self, whisper: str | None) -> None:
        """Until they have hung up, or the call is to be hung up. Raises `Unavailable` (also in a group).

        Without a whisper whoever answers has taken the customer, unasked.
        """
        async with asyncio.TaskGroup() as tasks:
            keys = tasks.create_task(self._read_keys(), name=f"keys {self.leg.leg_id}")
            talking = tasks.create_task(self._talk(whisper), name=f"whisper {self.leg.leg_id}")
            dismissed = tasks.create_task(self._dismissed.wait(), name=f"dismissed {self.leg.leg_id}")
            await asyncio.wait({talking, dismissed}, return_when=asyncio.FIRST_COMPLETED)
            dismissed.cancel()
            talking.cancel()
            await asyncio.wait({talking})
            if self._last_words:
                await self._goodbye(self._last_words)
            keys.cancel()

    async def _talk(self, whisper: str | None) -> None:
        reply: Reply | None = "yes"
        if whisper is None:
            self._put(PickedUp(person=True))
        elif await self._person():
            reply = "again"
            while reply == "again":
                reply = await self._reply(whisper)
        else:
            return
        if reply != "yes":
            self._put(Refused("declined" if reply == "no" else "hung_up"))
        elif await self._accept():
            self._put(Connect())
            async for _ in self._keys:  # until they are gone; the room has their sound
                pass
        else:
            await self._goodbye(self._phrases.taken)
            self._put(Refused("too_late"))

    async def _person(self) -> bool:
        """Whether somebody is there to be asked; who says nothing is."""
        pickup = Pickup(self._lease_id, self.leg, self._parts)
        try:
            verdict = await pickup.verdict()
        finally:
            pickup.close()
        if self.leg.ended is not None:
            self._put(AgentLost())
            return False
        person = verdict.answerer in (Answerer.PERSON, Answerer.UNKNOWN)
        self._put(PickedUp(person))
        return person

    async def _reply(self, whisper: str) -> Reply | None:
        """Say what it is about until they have replied by key or in words; None: they have hung up."""
        replied: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._asked = False

        def heard(text: str) -> None:
            _take(replied, reply_of(text, asked=self._asked), "voice")

        ears = Utterances(self._lease_id, self.leg, self._parts, heard)
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._ask(whisper), name="say the whisper"),
                tasks.create_task(ears.run(), name="hear the reply"),
                tasks.create_task(self._key(replied), name="see the reply"),
            ]
            reply = await replied
            for task in beside:
                task.cancel()
        self.leg.clear()
        return reply

    async def _ask(self, whisper: str) -> None:
        await self._say(whisper)
        self._asked = True
        await self._say(self._phrases.reply)

    async def _key(self, replied: "asyncio.Future[Reply | None]") -> None:
        async for key in self._keys:
            _take(replied, KEYS.get(key), "key")
        if not replied.done():
            replied.set_result(None)

    async def _read_keys(self) -> None:
        """The one who reads the leg's keys. They end with the leg, also those that are waited for."""
        try:
            async for digit in self.leg.digits():
                self._keys.put(digit)
        finally:
            self._keys.close()

    async def _goodbye(self, text: str) -> None:
        """Say the last words, and wait until they were heard."""
        self.leg.clear()
        before_ms = self.leg.played_ms()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                frames = await self._say(text)
                heard_ms = before_ms + frames * FRAME_MS
                while self.leg.ended is None and self.leg.played_ms() < heard_ms:  # noqa: ASYNC110 - a wire
                    await asyncio.sleep(HEARD_S)

    async def _say(self, text: str) -> int:
        """Say it; how many frames it was. The last of them may wait in the leg still."""
        frames = 0
        async with aclosing(self._parts.synthesizer(self.leg.sample_rate).speak(text)) as speech:
            async for frame in speech:
                await self.leg.play(frame)
                frames += 1
        return frames


def _take(replied: "asyncio.Future[Reply | None]", reply: Reply | None, by: str) -> None:
    if reply is not None and not replied.done():
        REPLIES.labels(reply, by).inc()
        replied.set_result(reply)
