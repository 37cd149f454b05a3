"""A room joins the live connections of one conversation.

The media path lies below the bot: the customer's leg belongs to the room, the bot only borrows a port to
it. So the bot can crash or be replaced, a person can take its place, and the customer's connection does not
notice. Who hears whom says `matrix.py`. What is heard is passed on the moment it comes, by whoever reads the
speaker's leg: for the customer the bot's port while there is one, else a task of the room's. No queue is
added to the legs' own, and with one speaker nothing is mixed.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from gateway.leg import Leg
from gateway.matrix import Mode as Mode
from gateway.matrix import Role as Role
from gateway.matrix import State
from gateway.mixing import Source
from gateway.participant import Ears, Participant, connect
from gateway.room_port import RoomPort
from pipelines.audio import AudioPort, Frame

log = structlog.get_logger(__name__)

SOUND_S = 1.0
"A human's leg that gives no frame for so long, not even silence, is not connected."


class Room:
    """One conversation: the customer's leg, and who has the floor, that is, talks with the customer.

    With `async with` it may be joined by others; `port` and `floor` need no more than the room itself.
    """

    def __init__(self, customer: Leg) -> None:
        self._customer = Participant(Role.CUSTOMER, customer)
        self._port: RoomPort | None = None
        self._leaving: RoomPort | None = None
        "A port that has ended, whose reader has not noticed yet: it still reads the customer's next frame."
        self._human: Participant | None = None
        "The one who has the floor."
        self._others: dict[Participant, asyncio.Task[None]] = {}
        "With the pump of each."
        self._held = False
        self._music: set[Role] = set()
        self._voice = Source(ahead=True)
        "The bot's, for those who listen beside the customer."
        self._tasks: asyncio.TaskGroup | None = None
        self._pump: asyncio.Task[None] | None = None
        "Reads the customer's leg while no port does."

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._attend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = self._tasks
        self.close()
        if tasks is not None:
            await tasks.__aexit__(kind, error, trace)

    def close(self) -> None:
        """Let go of everybody; no leg is hung up. Ears end. Leaving the `async with` does it too."""
        self._tasks = None
        for participant in list(self._others):
            self.leave(participant)
        self._end_ears()
        self._attend()

    @property
    def customer(self) -> Leg:
        """The customer's connection: for messages, and to hang up."""
        return self._customer.leg

    @property
    def customer_gone(self) -> asyncio.Event:
        """Set when the customer's leg has ended, as soon as its end was read."""
        return self._customer.gone

    @property
    def floor(self) -> Role | None:
        """Who may speak to the customer. One at a time, and only the room gives it."""
        if self._human is not None:
            return Role.HUMAN
        return self._port.role if self._port else None

    # --- the floor ---

    def port(self, role: Role) -> AudioPort:
        """Give `role` the floor: what it hears of the customer and says to them.

        The port that was given before ends: it hears nothing more, cannot speak, and what it had still to
        say is dropped. A human who had the floor stays in the room and neither hears nor is heard.
        """
        self._yield_floor()
        self._port = RoomPort(self, self._customer, role, self._leaving)
        self._connect()
        return self._port

    def quiet(self) -> None:
        """Nobody has the floor any more."""
        self._yield_floor()
        self._connect()

    async def bridge(self, human: Participant) -> bool:
        """Give the floor to a human who has joined; from then on they and the customer hear each other.

        Whoever had it has it until then. False when their leg has ended or gives no sound within a second;
        then nothing has changed. Raises `ValueError` for a participant who is no human.
        """
        if human.role is not Role.HUMAN:
            raise ValueError(f"a {human.role} cannot have the floor")
        return await self._give_floor(human)

    def unbridge(self, human: Participant) -> None:
        """Take the floor from a human, who stays in the room; nothing happens if they have not got it."""
        if human is self._human:
            self.quiet()

    async def take_over(self, supervisor: Participant) -> bool:
        """Make a human of a supervisor and give them the floor; as `bridge`.

        A human who had it stays in the room. Raises `ValueError` for a participant who is no supervisor.
        """
        if supervisor.role is not Role.SUPERVISOR:
            raise ValueError(f"a {supervisor.role} cannot take over")
        return await self._give_floor(supervisor)

    # --- those who take part ---

    async def join(self, role: Role, leg: Leg) -> Participant:
        """Take somebody's leg into the room, whose frames nobody else reads from now on.

        A human neither hears nor is heard before `bridge`; a supervisor monitors. Raises `ValueError` for
        another role or another room's customer, `RuntimeError` when the room is not open.
        """
        if role not in (Role.HUMAN, Role.SUPERVISOR) or leg is self.customer:
            raise ValueError(f"nobody joins a room as its {role}")
        if self._tasks is None:
            raise RuntimeError("the room is not open")
        participant = Participant(role, leg)
        pump = self._tasks.create_task(self._listen(participant), name=f"room {leg.leg_id}")
        self._others[participant] = pump
        self._connect()
        return participant

    def leave(self, participant: Participant) -> None:
        """Let go of a leg that joined; it lives on, and others may read its frames at once."""
        pump = self._others.pop(participant, None)
        if pump is not None:
            pump.cancel()
            self._settle(participant)

    def supervise(self, supervisor: Participant, mode: str) -> None:
        """How a supervisor takes part from now on: one of `Mode`.

        Raises `ValueError` for another mode, and for a participant who is no supervisor.
        """
        if supervisor.role is not Role.SUPERVISOR:
            raise ValueError(f"a {supervisor.role} does not supervise")
        supervisor.mode = Mode(mode)
        self._connect()

    def hold(self, on: bool) -> None:
        """Keep human and customer from hearing each other, with music for the customer.

        Ends with the human's time on the floor; does nothing while no human has it.
        """
        self._held = on and self._human is not None
        self._connect()

    def mute(self, participant: Participant, on: bool) -> None:
        """Let nobody hear a participant."""
        participant.muted = on
        self._connect()

    def music(self, role: Role, on: bool) -> None:
        """Play music to a customer while nobody has the floor, or to a human before they are bridged."""
        (self._music.add if on else self._music.discard)(role)
        self._connect()

    def ears(self, role: Role) -> Ears:
        """A copy of what the customer says, or the human says to the customer, at the rate of their leg.

        On hold and muted, a human's is silence. It ends when the customer is gone, and a human's also with
        their time on the floor: while no human has it, at once. Raises `ValueError` for another role.
        """
        if role not in (Role.CUSTOMER, Role.HUMAN):
            raise ValueError(f"there are no ears for the {role}")
        speaker = self._customer if role is Role.CUSTOMER else self._human
        if speaker is None or self.customer_gone.is_set():
            return Ears()
        return speaker.ears()

    def played(self, tell: Callable[[Frame], None] | None) -> None:
        """Tell of each frame that is played to the customer from now on, or no longer.

        It is told as it is queued: a bot's words up to 400 ms before the customer hears them.
        """
        self._customer.plays = tell

    # --- inside ---

    async def _give_floor(self, participant: Participant) -> bool:
        try:
            async with asyncio.timeout(SOUND_S):
                await participant.heard.wait()
        except TimeoutError:
            return False
        if participant not in self._others:
            return False
        self._yield_floor()
        participant.role = Role.HUMAN
        self._human = participant
        self._connect()
        return True

    def _yield_floor(self) -> None:
        """What whoever has the floor had still to say is dropped; `_connect` must follow."""
        if self._port is not None:
            self._port.close()
            if self._port.reading:
                self._leaving = self._port
            self._port = None
        elif self._human is None:
            return
        else:
            self._human.end_ears()
            self._human, self._held = None, False
        self.customer.clear()
        self.unsay()

    def _connect(self) -> None:
        """Let everybody hear whom they are to hear."""
        present = [self._customer, *self._others]
        state = State(self.floor, self._held)
        connect(present, self._human, self._voice, state, self._music)
        self._attend()

    def _attend(self) -> None:
        """See to it that somebody reads the customer's leg, and one only."""
        ours = self._tasks is not None and self._port is None and self._leaving is None
        if ours and self._pump is None and not self.customer_gone.is_set():
            assert self._tasks is not None
            self._pump = self._tasks.create_task(self._listen(self._customer), name="room customer")
        elif not ours and self._pump is not None:
            self._pump.cancel()
            self._pump = None

    async def _listen(self, participant: Participant) -> None:
        try:
            async for frame in participant.leg.frames():
                participant.heard.set()
                if participant.busy:
                    participant.say(frame)
        except Exception:
            # The outermost loop of a leg in a room: its failure must not reach the customer's, nor the bot.
            log.exception("leg failed in a room", leg=participant.leg.leg_id, role=participant.role)
        self._others.pop(participant, None)
        self._ended(participant)

    def _ended(self, participant: Participant) -> None:
        """A leg has ended."""
        participant.gone.set()
        participant.heard.set()
        self._settle(participant)

    def _settle(self, participant: Participant) -> None:
        """Somebody is not there any more."""
        if participant is self._human:
            self._yield_floor()
        elif participant is self._customer:
            self._end_ears()
        self._connect()

    def _end_ears(self) -> None:
        for participant in (self._customer, *self._others):
            participant.end_ears()

    # --- what its ports tell ---

    def said(self, frame: Frame) -> None:
        """The bot said this to the customer."""
        if self._customer.plays is not None:
            self._customer.plays(frame)
        if self._voice.listeners:
            self._voice.say(frame)

    def unsay(self) -> None:
        """What it said and the customer has not heard yet will not be heard."""
        for participant in self._others:
            participant.hears.forget(self._voice)

    def reader_left(self, port: RoomPort) -> None:
        """The port's reader will not read the customer's leg again."""
        if port is self._leaving:
            self._leaving = None
            self._attend()

    def customer_left(self) -> None:
        """The customer's leg has ended."""
        self._ended(self._customer)
