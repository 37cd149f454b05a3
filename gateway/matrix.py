"""Who hears whom in a room, and who hears music: the mixing matrix. [core]

              hears   customer   bot         human          supervisor
    customer          -          its floor   their floor    barging, unless the bot has the floor
    human             their      no          -              whispering or barging, while it is their floor
                      floor
    supervisor        always     its floor   their floor    all but themselves
    who is consulted  no         no          their floor    no

Who is consulted is a supervisor in a mode of its own: they and the human with the floor hear each other, and
other supervisors hear both.

On hold the customer and the human do not hear each other. A human without the floor is in the room, and
neither hears nor is heard. Who is muted is heard by nobody.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """As what somebody takes part."""

    CUSTOMER = "customer"
    BOT = "bot"
    HUMAN = "human"
    SUPERVISOR = "supervisor"


class Mode(StrEnum):
    """How a supervisor takes part. They hear everything in each of these but the last."""

    MONITOR = "monitor"
    "Nobody hears them."
    WHISPER = "whisper"
    "The human hears them."
    BARGE = "barge"
    "So does the customer."
    CONSULT = "consult"
    "A colleague who is asked: the human hears them, and they hear the human alone."


@dataclass(frozen=True, slots=True)
class Seat:
    """One who takes part, as far as it matters to who hears whom."""

    role: Role
    mode: Mode = Mode.MONITOR
    "Of a supervisor."
    has_floor: bool = False
    "Of the bot or a human. A room with two humans gives it to one."
    muted: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What holds for the whole room."""

    floor: Role | None
    held: bool = False
    "The human put the customer on hold."


def hears(listener: Seat, speaker: Seat, state: State) -> bool:
    """Whether what the speaker says reaches the listener; they are not the same."""
    if speaker.muted:
        return False
    match listener.role:
        case Role.CUSTOMER:
            return _customer_hears(speaker, state)
        case Role.HUMAN:
            return listener.has_floor and _human_hears(speaker, state)
        case Role.SUPERVISOR if listener.mode is Mode.CONSULT:
            return speaker.role is Role.HUMAN and speaker.has_floor
        case Role.SUPERVISOR:
            return speaker.role in (Role.CUSTOMER, Role.SUPERVISOR) or speaker.has_floor
        case Role.BOT:
            return False  # the bot reads the customer's leg itself


def plays_music(listener: Seat, others: list[Seat], state: State, *, wanted: bool) -> bool:
    """Whether somebody hears hold music; `wanted`: the room was told to play it to them."""
    if listener.role is Role.HUMAN:
        return wanted and not listener.has_floor
    if listener.role is not Role.CUSTOMER:
        return False
    if any(hears(listener, other, state) for other in others):
        return False
    return state.held or (wanted and state.floor is None)


def _customer_hears(speaker: Seat, state: State) -> bool:
    if speaker.role is Role.SUPERVISOR:
        return speaker.mode is Mode.BARGE and state.floor is not Role.BOT
    return speaker.role is Role.HUMAN and speaker.has_floor and not state.held


def _human_hears(speaker: Seat, state: State) -> bool:
    if speaker.role is Role.SUPERVISOR:
        return speaker.mode is not Mode.MONITOR
    return speaker.role is Role.CUSTOMER and not state.held
