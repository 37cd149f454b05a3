"""The fixed sentences that a call says of itself, not the agent. One per situation, honest and short."""

from dataclasses import astuple, dataclass

PLACES_SAID = 9
"Places of a queue that are told."


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said when something other than an answer must be said."""

    sorry: str = "I'm sorry, something went wrong on my side. Could you say that again?"
    deaf: str = "I'm sorry, I can't hear you properly right now. You can type your message instead."
    mute: str = "I'm sorry, my voice is failing. Please read my answer on your screen."
    presence: str = "Are you still there?"
    offer: str = "If I can't hear you, you can also type your message, or ask for a person."
    goodbye: str = "I can't hear anybody, so I'll end the call now. Please call again any time. Goodbye."
    machine: str = "I seem to be talking to a machine, so I'll end the call here. Goodbye."
    busy: str = "I'm sorry, that was too much at once. Please give me a moment."

    def all(self) -> tuple[str, ...]:
        """Every phrase, to be learnt by heart before the first call."""
        return astuple(self)


@dataclass(frozen=True, slots=True)
class HoldPhrases:
    """What a caller hears who is not talked with yet, or not at all. Cut at marks only."""

    waiting: str = "All our lines are busy right now. You are in the queue. Please hold."
    still_waiting: str = "Thank you for holding. All our lines are still busy."
    lines_busy: str = (
        "I'm sorry. We can't take your call right now, because all our lines are busy. "
        "Please write to us in the chat, or call again later. Goodbye."
    )
    waited_too_long: str = (
        "I'm sorry that you waited in vain. All our lines are still busy, and we can't take your call. "
        "Please write to us in the chat, or call again later. Goodbye."
    )
    draining: str = (
        "I'm sorry. We are about to restart, and can't take your call. "
        "Please call again in a minute. Goodbye."
    )

    def position(self, position: int) -> str:
        """Where a caller stands in the queue; empty where that is too far behind to be of comfort."""
        if position > PLACES_SAID:
            return ""
        return "You are next." if position == 1 else f"You are number {position}."

    def all(self) -> tuple[str, ...]:
        """Every phrase, to be learnt by heart before the first call."""
        return (*astuple(self), *(self.position(place) for place in range(1, PLACES_SAID + 1)))
