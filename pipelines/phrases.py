"""The fixed sentences that a call says of itself, not the agent. One per situation, honest and short."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said when something other than an answer must be said."""

    moment: str = "One moment, please. "
    "Nothing has come of an answer for a while."
    sorry: str = "I'm sorry, something went wrong on my side. Could you say that again?"
    deaf: str = "I'm sorry, I can't hear you properly right now. You can type your message instead."
    mute: str = "I'm sorry, my voice is failing. Please read my answer on your screen."
    presence: str = "Are you still there?"
    goodbye: str = "I can't hear anybody, so I'll end the call now. Please call again any time. Goodbye."
    busy: str = "I'm sorry, that was too much at once. Please give me a moment."

    def all(self) -> tuple[str, ...]:
        """Every phrase, to be learnt by heart before the first call."""
        return astuple(self)
