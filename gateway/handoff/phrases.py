"""What customers and agents are told of a handoff: one fixed sentence per situation.  [core]"""

from dataclasses import asdict, dataclass

from gateway.handoff.states import Sentence

LONGEST_WAIT_S = 1_800
"Longer waits are not told: nobody can know them."


@dataclass(frozen=True, slots=True)
class HandoffPhrases:
    """The words of each `Sentence`; those of a position are made here too."""

    looking: str = "One moment."
    "The bot's answer to the wish."
    understood: str = "All right."
    "The bot's answer to a choice."
    connecting: str = "I'm getting a colleague for you. You can go on talking with me meanwhile."
    still_waiting: str = "I'm still getting somebody for you."
    nobody: str = (
        "None of my colleagues is here right now. I can have somebody call you back, "
        "or we go on together. What would you like?"
    )
    waited_too_long: str = (
        "I'm sorry that it takes so long. I can have somebody call you back, take a message, you can wait, "
        "or we go on together. What would you like?"
    )
    putting_through: str = "One moment, I'm putting you through."
    "To a customer who calls while a person has them in the chat."
    coming: str = "Here is my colleague."
    sending_on: str = "I'm connecting you now."
    "Before a customer leaves us for where the agent is."
    not_connected: str = "I'm sorry, that did not work. I'm still here, and I'm trying again."
    lost_agent: str = "I'm still here. I've lost my colleague, and I'm getting you somebody right away."
    back: str = "It's me again. What else can I do for you?"
    cancelled: str = "We go on together. What can I do for you?"
    arranged: str = "I've passed that on to my colleagues."
    ask_number: str = "What number can we call?"
    other_number: str = "I can't call that number. Which other number can we call?"
    not_arranged: str = "I'm sorry, I could not note that down. Please tell me again in a moment."
    moving_on: str = "I'm getting another colleague for you."
    customer_left: str = "The customer has left."
    taken: str = "This call has been given to somebody else. Goodbye."
    reply: str = "Press 1 or say yes to take the call, 2 or no to decline, 3 to hear it again."
    "What an agent on the telephone is asked behind the briefing."

    def of(self, sentence: Sentence) -> str:
        """The words."""
        words: str = getattr(self, sentence.value)
        return words

    def waiting(self, position: int | None, wait_s: int | None) -> str:
        """How it stands for somebody who waits; what is not known is not said."""
        parts = [self.still_waiting]
        if position is not None:
            parts.append("You are next." if position == 1 else f"You are number {position} in line.")
        if wait_s is not None and wait_s <= LONGEST_WAIT_S:
            minutes = max(1, round(wait_s / 60))
            parts.append(f"It should take about {minutes} minute{'s' if minutes > 1 else ''}.")
        return " ".join(parts)

    def called_back(self, when: str | None) -> str:
        """What is said to who wants to be called; `when`: such as `today at 3 PM`; None: soon."""
        return f"We'll call you back {when or 'as soon as a colleague is free'}."

    def all(self) -> tuple[str, ...]:
        """What customers are told, to be learnt by heart before the first call."""
        hidden = {"reply", *(sentence.value for sentence in Sentence if sentence.for_agent)}
        return tuple(words for name, words in asdict(self).items() if name not in hidden)
