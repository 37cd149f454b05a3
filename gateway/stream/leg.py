"""A carrier's media stream as a `Leg`: what the room and the bot see of it.

Made when the provider has said `start`, then served by `serve` for as long as its connection lives. Sound
goes out the moment it is played, up to what the provider may hold; the rest waits here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import structlog

from gateway.events import Message as ClientMessage
from gateway.leg import PLAYOUT_MS, Channel, Hangup, Kind
from gateway.protocol_error import ProtocolError
from gateway.stream.connection import NORMAL, Connection, Gone, close_code
from gateway.stream.counts import Counts
from gateway.stream.ear import Ear
from gateway.stream.outbox import Outbox
from gateway.stream.playout import RemotePlayout
from gateway.stream.wire import (
    Heard,
    Held,
    Late,
    Message,
    Played,
    Pressed,
    Respond,
    Started,
    Stopped,
    Wire,
    WireEvent,
)
from pipelines.audio import FRAME_MS, Frame

log = structlog.get_logger(__name__)

KEYS_WAITING = 64
GOODBYE_S = 2.0
"A provider may take so long to answer our goodbye."
SILENCE_MS = 60_000
"A provider that sends nothing at all for so long, though it has not held the stream, is gone."

EndCall = Callable[[str], Awaitable[None]]
"Asks the provider's API to end the call of this id."


class StreamLeg:
    """One caller's live stream; see `gateway.leg.Leg`."""

    def __init__(
        self, leg_id: str, provider: str, wire: Wire, started: Started, end_call: EndCall | None = None
    ) -> None:
        self._leg_id = leg_id
        self._provider = provider
        self._wire = wire
        self._started = started
        self._end_call = end_call
        self._counts = Counts(provider)
        self._ear = Ear(self.sample_rate, self._counts, _now_ms())
        self._keys: Channel[str] = Channel("stream_keys", KEYS_WAITING)
        self._messages: Channel[str] = Channel("stream_messages", 1)
        self._playout = RemotePlayout(marks=wire.marks, ahead_ms=wire.ahead_ms, group=wire.group)
        self._outbox = Outbox()
        self._room = asyncio.Event()
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._parted = asyncio.Event()
        "The provider has nothing more to say."
        self._held = False
        self._last_ms = _now_ms()
        "When the last message came."
        self._ended: Hangup | None = None
        self._close_code = NORMAL

    # --- what every leg offers ---

    @property
    def leg_id(self) -> str:
        """Unique in the process's life."""
        return self._leg_id

    @property
    def kind(self) -> Kind:
        """`stream`."""
        return "stream"

    @property
    def about(self) -> Mapping[str, str]:
        """`caller`, `called`, `trunk` (the provider), and the stream's custom parameters."""
        given, own = self._started, {"ticket"}
        who = {"caller": given.caller, "called": given.called, "trunk": self._provider}
        return {name: each for name, each in {**given.parameters, **who}.items() if each and name not in own}

    @property
    def sample_rate(self) -> int:
        """As the provider sends: 8 000 Hz, or 16 000 where it was asked to."""
        return self._started.encoding.sample_rate

    @property
    def ended(self) -> Hangup | None:
        """How it ended, or None while it lives."""
        return self._ended

    def frames(self) -> AsyncIterator[Frame]:
        """A frame every 20 ms from the moment the leg is served; 25 wait for a slow reader."""
        return self._ear.frames()

    async def play(self, frame: Frame) -> None:
        """Send a frame, waiting while 400 ms are not played yet; does nothing once the leg ended."""
        if frame.sample_rate != self.sample_rate:
            raise ValueError(f"this leg plays {self.sample_rate} Hz, not {frame.sample_rate} Hz")
        while self._ended is None and self._playout.queued_ms(_now_ms()) >= PLAYOUT_MS:
            self._room.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FRAME_MS / 1000):
                    await self._room.wait()
            self._pump()
        if self._ended is None:
            self._playout.write(frame, _now_ms())
            self._pump()
            if self._playout.waiting:
                self._wake.set()

    def relay(self, frame: Frame) -> None:
        """Send a live frame as soon as the provider takes it, without waiting, behind what was played."""
        if frame.sample_rate != self.sample_rate:
            raise ValueError(f"this leg plays {self.sample_rate} Hz, not {frame.sample_rate} Hz")
        if self._ended is None and self._playout.relay(frame, _now_ms()):
            self._pump()
            if self._playout.waiting:
                self._wake.set()

    def clear(self) -> int:
        """Drop what is queued, here and at the provider; return how many ms of what `play` gave that was.

        Relayed frames that were on their way are lost with it.
        """
        on_its_way = self._playout.queued_ms(_now_ms()) > 0
        dropped_ms = self._playout.clear(_now_ms())
        if on_its_way and self._ended is None and (message := self._wire.clear()) is not None:
            self._post(message)
        self._counts.marks_out(0)
        self._room.set()
        return dropped_ms

    def played_ms(self) -> int:
        """Milliseconds of what `play` gave that the provider has played, by its marks where it has them."""
        return self._playout.said_ms(_now_ms())

    async def send(self, message: ClientMessage) -> None:
        """Nothing: a telephone shows no messages."""

    def messages(self) -> AsyncIterator[str]:
        """None ever; ends with the leg."""
        return self._messages

    def digits(self) -> AsyncIterator[str]:
        """Keys the caller presses, until the leg ends."""
        return self._keys

    async def hang_up(self, reason: str) -> None:
        """Close the stream; safe to call twice. What the provider's flow does then is its own."""
        self._end(Hangup("local", reason))

    # --- what only a provider offers ---

    @property
    def call_id(self) -> str:
        """The provider's name for the call."""
        return self._started.call_id

    def send_digits(self, keys: str) -> bool:
        """Press keys towards the caller's side; False where the provider's streams cannot."""
        message = self._wire.press(keys) if self._ended is None else None
        if message is not None:
            self._post(message)
        return message is not None

    async def end_call(self, reason: str) -> None:
        """End the telephone call itself by the provider's API, if we have access to it, and the stream."""
        if self._ended is None and self._end_call is not None:
            await self._end_call(self.call_id)
        await self.hang_up(reason)

    # --- life ---

    async def serve(self, connection: Connection) -> None:
        """Live until the call is over, then close the connection. To be run exactly once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                own = [
                    tasks.create_task(self._read(connection), name=f"{self._leg_id} in"),
                    tasks.create_task(self._write(connection), name=f"{self._leg_id} out"),
                    tasks.create_task(self._keep_time(), name=f"{self._leg_id} clock"),
                ]
                await self._over.wait()
                await self._part()
                for task in own:
                    task.cancel()
        finally:
            self._end(Hangup("local", "no longer served"))
            await connection.close(self._close_code, "")

    async def _read(self, connection: Connection) -> None:
        try:
            while True:
                message = await connection.receive()
                self._last_ms = _now_ms()
                for event in self._wire.receive(message):
                    self._do(event)
        except Gone as gone:
            self._outbox.lose()
            if gone.clean:
                self._end(Hangup("remote", "the provider closed the stream"))
            else:
                self._end(Hangup("network", "the stream was lost"))
        except ProtocolError as error:
            self._close_code = close_code(error)
            self._end(Hangup("remote", f"broke the protocol: {error.code}"))
        finally:
            self._parted.set()

    async def _write(self, connection: Connection) -> None:
        while True:
            try:
                await self._outbox.send(connection)
            except Gone:
                self._end(Hangup("network", "the stream was lost"))

    async def _keep_time(self) -> None:
        while True:
            wait_ms = max(self._ear.next_due_ms() - _now_ms(), 1)
            if self._playout.waiting and not self._held:
                wait_ms = min(wait_ms, FRAME_MS)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_ms / 1000):
                    await self._wake.wait()
            self._ear.fill(_now_ms())
            self._pump()
            if not self._held and _now_ms() - self._last_ms > SILENCE_MS:
                self._end(Hangup("network", "nothing came from the provider any more"))

    async def _part(self) -> None:
        """Say goodbye where the protocol has a word for it, and let what waits be sent."""
        goodbye = self._wire.goodbye() if self._ended and self._ended.by == "local" else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                if goodbye is not None:
                    self._post(goodbye)
                    await self._parted.wait()
                await self._outbox.empty()

    def _end(self, how: Hangup) -> None:
        if self._ended is None:
            self._ended = how
            self._playout.clear(_now_ms())
            self._counts.marks_out(0)
            log.info("leg_ended", leg=self._leg_id, by=how.by, reason=how.reason)
        self._ear.close()
        self._keys.close()
        self._messages.close()
        self._room.set()
        self._over.set()

    # --- both ways ---

    def _pump(self) -> None:
        """Send what is due."""
        if self._ended is not None or self._held:
            return
        now_ms = _now_ms()
        if self._playout.give_up(now_ms):
            self._counts.marks_lost()
        while frames := self._playout.take(now_ms):
            self._post(self._wire.media(b"".join(frame.pcm for frame in frames)))
            self._counts.sent(len(frames))
            name = self._playout.mark()
            if name is not None and (message := self._wire.mark(name)) is not None:
                self._post(message)
        self._counts.marks_out(self._playout.marks_out)

    def _post(self, message: Message) -> None:
        if not self._outbox.put(message):
            self._end(Hangup("limit", "the provider does not read what we send"))

    def _do(self, event: WireEvent) -> None:
        match event:
            case Heard():
                self._ear.hear(event.pcm, _now_ms())
            case Late():
                self._counts.late()
            case Played():
                self._playout.marked(event.mark, _now_ms())
                self._counts.marks_out(self._playout.marks_out)
                self._room.set()
            case Pressed():
                self._keys.put(event.key)
            case Held():
                self._held = event.held
                self._wake.set()
            case Respond():
                self._post(event.message)
            case Stopped():
                self._parted.set()
                self._end(Hangup("remote", event.reason))


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
