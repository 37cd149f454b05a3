"""Those who are in a room, the ears by which somebody of ours listens in, and how all are connected."""

import asyncio
from collections.abc import Callable, Iterator, Sequence, Set
from types import TracebackType
from typing import Self

import structlog

from gateway.hold_music import hold_music
from gateway.leg import Channel, Leg
from gateway.matrix import Mode, Role, Seat, State, hears, plays_music
from gateway.mixing import Mix, Source
from pipelines.audio import Frame, silence

log = structlog.get_logger(__name__)

EARS = 25
"Half a second waits for whoever listens in."


class Participant:
    """Somebody's leg in a room: the customer's, a human's of ours, a supervisor's. The room changes it."""

    def __init__(self, role: Role, leg: Leg) -> None:
        self.role = role
        self.leg = leg
        self.mode = Mode.MONITOR
        "Of a supervisor."
        self.muted = False
        self.heard = asyncio.Event()
        "Set once a frame came of them, silence too, or when their leg has ended."
        self.gone = asyncio.Event()
        "Set when their leg has ended."
        self.says = Source()
        self.hears = Mix(leg.sample_rate, self._relay)
        self._broken = False
        self._music: Iterator[Frame] | None = None
        self._ears: list[Ears] = []
        self.busy = False
        "Whether anybody hears them, or they hear music: else `say` does nothing."
        self.plays: Callable[[Frame], None] | None = None
        "Told of each frame that is played to them; a bot's, which the room tells, up to 400 ms before."
        self.audible = True
        "Whether their words are for the customer just now; ears hear nothing else."

    def seat(self, *, has_floor: bool = False) -> Seat:
        """As the matrix sees them."""
        return Seat(self.role, self.mode, has_floor, self.muted)

    def ears(self) -> "Ears":
        """Ears of one more who listens in."""
        ears = Ears(self._forget)
        self._ears.append(ears)
        self.busy = True
        return ears

    def end_ears(self) -> None:
        """Nobody listens in any more."""
        for ears in list(self._ears):
            ears.end()

    def connected(self, *, music: bool) -> None:
        """`says.listeners` was set; whether music is played to them from now on."""
        if not music:
            self._music = None
        elif self._music is None:
            self._music = hold_music(self.leg.sample_rate)
        self._look()

    def _forget(self, ears: "Ears") -> None:
        self._ears.remove(ears)
        self._look()

    def _look(self) -> None:
        self.busy = bool(self.says.listeners or self._ears or self._music)

    def say(self, frame: Frame) -> None:
        """They said this: to whoever hears them. Their frames are also the clock of the music they hear."""
        self.says.say(frame)
        for ears in self._ears:
            ears.put(frame if self.audible else silence(frame.sample_rate))
        if self._music is not None:
            self._relay(next(self._music))

    def _relay(self, frame: Frame) -> None:
        """Play a frame to them. What calls this reads another's leg, and must not end by a bug in theirs."""
        if self._broken:
            return
        try:
            self.leg.relay(frame)
        except Exception:
            log.exception("leg does not play", leg=self.leg.leg_id, role=self.role)
            self._broken = True
        if self.plays is not None:
            self.plays(frame)


class Ears(Channel[Frame]):
    """A copy of what one party says to another, 20 ms by 20 ms; the reader who falls behind loses the oldest.

    One reader. Ends when the party is gone, has lost the floor or the room is closed; `with` ends it too.
    Without `forget` there is nothing to hear, and it has ended.
    """

    def __init__(self, forget: "Callable[[Ears], None] | None" = None) -> None:
        super().__init__("room_ears", EARS)
        self._forget = forget
        if forget is None:
            self.close()

    def end(self) -> None:
        """Listen no longer; safe to call twice."""
        self.close()
        forget, self._forget = self._forget, None
        if forget is not None:
            forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def connect(
    present: Sequence[Participant],
    human: Participant | None,
    voice: Source,
    state: State,
    wanted: Set[Role],
) -> None:
    """Let everybody hear whom the matrix lets them hear, from the next frame on.

    `present`: the customer first. `human`: who of them has the floor. `voice`: the bot's, whom the customer
    hears without us. `wanted`: to whom music is played when it may be.
    """
    seats = {each: each.seat(has_floor=each is human) for each in present}
    bot = Seat(Role.BOT, has_floor=state.floor is Role.BOT)
    heard = {
        each: [other for other in present if other is not each and hears(seats[each], seats[other], state)]
        for each in present
    }
    listeners = [each for each in present if hears(seats[each], bot, state)]
    voice.listeners = tuple(each.hears for each in listeners)
    for each in present:
        sources = [other.says for other in heard[each]]
        each.hears.follow([*sources, voice] if each in listeners else sources)
        each.says.listeners = tuple(other.hears for other in present if each in heard[other])
        each.audible = each.role is Role.CUSTOMER or not (state.held or each.muted)
        others = [seat for other, seat in seats.items() if other is not each]
        each.connected(music=plays_music(seats[each], others, state, wanted=each.role in wanted))
