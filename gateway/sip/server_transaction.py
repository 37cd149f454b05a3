"""Server transactions: a request of theirs and our response to it (RFC 3261, section 17.2; RFC 6026).  [core]

`send` queues bytes for a hop. The timers bear the RFC's letters; `over` says that the transaction is done.
"""

from typing import Literal

from gateway.sip.client_transaction import Send
from gateway.sip.matching import ReplyPath
from gateway.sip.message import Request, Response, encode, response
from gateway.sip.timers import SILENCE_MS, T1_MS, T4_MS, TRANSACTION_MS, TRYING_MS, Timers, doubled
from gateway.sip.transaction_events import TimedOut, TransactionEvent, Unacknowledged


class InviteServerTransaction:
    """Their INVITE (RFC 3261, section 17.2.1; figure 7 as RFC 6026 corrects it).

    `to_tag` is what responses to it are tagged with that we make here, unless its user chose another.
    """

    def __init__(
        self, key: str, request: Request, reply: ReplyPath, send: Send, now_ms: int, to_tag: str
    ) -> None:
        self.key = key
        self.reply = reply
        self.timers = Timers()
        self.to_tag = to_tag
        self._state: Literal["proceeding", "completed", "confirmed", "accepted", "terminated"] = "proceeding"
        self._request = request
        self._answer = b""
        "The last response."
        self._send = send
        self._interval_ms = T1_MS
        self._unanswered = False
        self.timers.start("trying", now_ms + TRYING_MS)
        self.timers.start("silence", now_ms + SILENCE_MS)

    @property
    def waiting(self) -> bool:
        """Whether its user has not given the final response yet."""
        return self._state == "proceeding"

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self._state == "terminated"

    def repeat(self) -> None:
        """The INVITE came again. After a 2xx it is only absorbed: the user sends the 2xx until its ACK."""
        if self._answer and self._state in {"proceeding", "completed"}:
            self._send(self._answer, self.reply.hop)

    def acknowledge(self, now_ms: int) -> bool:
        """An ACK came; False if it is for a 2xx and so none of ours (clients older than RFC 3261)."""
        if self._state == "accepted":
            return False
        if self._state == "completed":
            self._state = "terminated" if self.reply.hop.reliable else "confirmed"
            self.timers.stop()
            self.timers.start("I", now_ms + T4_MS)
        return True

    def respond(self, answer: Response, now_ms: int) -> None:
        """Send a response as far as the state still allows it."""
        if self._state == "accepted" and 200 <= answer.code < 300:
            self._send(encode(answer), self.reply.hop)
        if self._state != "proceeding":
            return
        self._answer = encode(answer)
        self.to_tag = answer.to_address.tag or self.to_tag
        self._send(self._answer, self.reply.hop)
        self.timers.stop()
        if answer.code < 200:
            self.timers.start("silence", now_ms + SILENCE_MS)
        elif answer.code < 300:
            self._state = "accepted"
            self.timers.start("L", now_ms + TRANSACTION_MS)
        else:
            self._state = "completed"
            self.timers.start("H", now_ms + TRANSACTION_MS)
            if not self.reply.hop.reliable:
                self.timers.start("G", now_ms + T1_MS)

    def handle_timer(self, now_ms: int) -> list[TransactionEvent]:
        """Do the first thing that is due."""
        match self.timers.take(now_ms):
            case "trying":
                self._answer = encode(response(self._request, 100))
                self._send(self._answer, self.reply.hop)
            case "silence":
                self._unanswered = True
                self.respond(response(self._request, 500, to_tag=self.to_tag), now_ms)
                return [TimedOut(self.key)]
            case "G":
                self._interval_ms = doubled(self._interval_ms)
                self.timers.start("G", now_ms + self._interval_ms)
                self._send(self._answer, self.reply.hop)
            case "H":
                self._state = "terminated"
                return [] if self._unanswered else [Unacknowledged(self.key)]
            case "I" | "L":
                self._state = "terminated"
        return []


class NonInviteServerTransaction:
    """Any other request of theirs (RFC 3261, section 17.2.2)."""

    def __init__(self, key: str, reply: ReplyPath, send: Send, now_ms: int) -> None:
        self.key = key
        self.reply = reply
        self.timers = Timers()
        self._state: Literal["trying", "proceeding", "completed", "terminated"] = "trying"
        self._answer = b""
        self._send = send
        self.timers.start("F", now_ms + TRANSACTION_MS)

    @property
    def waiting(self) -> bool:
        """Whether its user has not given the final response yet."""
        return self._state in {"trying", "proceeding"}

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self._state == "terminated"

    def repeat(self) -> None:
        """The request came again."""
        if self._answer:
            self._send(self._answer, self.reply.hop)

    def respond(self, answer: Response, now_ms: int) -> None:
        """Send a response, unless the final one was sent."""
        if not self.waiting:
            return
        self._answer = encode(answer)
        self._send(self._answer, self.reply.hop)
        if answer.code < 200:
            self._state = "proceeding"
        else:
            self._state = "terminated" if self.reply.hop.reliable else "completed"
            self.timers.stop()
            self.timers.start("J", now_ms + TRANSACTION_MS)

    def handle_timer(self, now_ms: int) -> list[TransactionEvent]:
        """Do the first thing that is due.

        A request that its user never answered ends without a response: by now its sender has given up (timer
        F there), and a late 408 would only do harm (RFC 4320, section 4.2).
        """
        name = self.timers.take(now_ms)
        if name is not None:
            self._state = "terminated"
        return [TimedOut(self.key)] if name == "F" else []


ServerTransaction = InviteServerTransaction | NonInviteServerTransaction
