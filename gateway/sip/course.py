"""The course of one call: what comes in, what is due, and what follows from either.  [core]

What the parts (the INVITE, offers, the session timer, transfers) find out is acted on in one place, `settle`.
"""

from collections.abc import Callable

from gateway.sip.acceptance import Acceptances
from gateway.sip.call_events import Ended, reason_text
from gateway.sip.client_requests import unheard
from gateway.sip.in_dialog import InDialog
from gateway.sip.incoming import IncomingInvite
from gateway.sip.offering import Offering
from gateway.sip.outgoing import OutgoingInvite
from gateway.sip.session_timer import SessionTimer
from gateway.sip.timers import TRANSACTION_MS
from gateway.sip.transaction_events import Acknowledged, Cancelled, Requested, Responded
from gateway.sip.transfer import Transfers
from gateway.sip.usage import Usage


class Course:
    """One call as its user agent drives it."""

    def __init__(
        self,
        usage: Usage,
        timer: SessionTimer,
        acceptances: Acceptances,
        invite: IncomingInvite | OutgoingInvite,
        *,
        accepted: Callable[[int], None],
        touched: Callable[[], None],
    ) -> None:
        """`accepted` is told when our 200 goes out, `touched` whenever something may have changed."""
        self.offering = Offering(usage, timer, acceptances)
        self.transfers = Transfers(usage)
        self._usage = usage
        self._timer = timer
        self._acceptances = acceptances
        self._invite = invite
        self._incoming = invite if isinstance(invite, IncomingInvite) else None
        self._in_dialog = InDialog(usage, self.offering, self.transfers)
        self._accepted = accepted
        self._touched = touched
        self._closed = False
        self._forget_ms: int | None = None

    # --- what comes in ---

    def owns(self, key: str) -> bool:
        """Whether a client transaction is of this call."""
        return self._usage.requests.owns(key)

    def requested(self, requested: Requested, now_ms: int) -> None:
        """A request came inside the dialog, or at least with its Call-ID and our tag."""
        self._in_dialog.receive(requested, self._invite, now_ms)
        self.settle(now_ms)

    def responded(self, responded: Responded, now_ms: int) -> None:
        """A response to one of our requests came."""
        self._usage.heard(responded.response, responded.hop)
        self._usage.requests.responded(responded.key, responded.response, now_ms)
        self.settle(now_ms)

    def unanswered(self, key: str, code: int, now_ms: int) -> None:
        """A request of ours got no response (408) or could not be sent (503)."""
        self._usage.requests.unanswered(key, code, now_ms)
        self.settle(now_ms)

    def acknowledged(self, acknowledged: Acknowledged, now_ms: int) -> None:
        """An ACK came with our tag."""
        ack, dialog = acknowledged.request, self._usage.dialog
        if dialog is None or ack.from_address.tag != dialog.remote_tag:
            return
        if self._acceptances.acknowledged(ack.cseq.sequence):
            if self._incoming and not self._incoming.confirmed:
                self._incoming.confirm(ack)
            else:
                self.offering.acknowledged(ack)
            self.settle(now_ms)

    def cancelled(self, cancelled: Cancelled, now_ms: int) -> None:
        """A CANCEL came for the INVITE, or a re-INVITE, that has not had its final response."""
        if self._incoming and cancelled.key == self._incoming.key:
            if self._incoming.refuse(487, now_ms):
                self._usage.end(Ended("remote", 487, reason_text(cancelled.request)))
        else:
            self.offering.cancelled(cancelled.key, now_ms)
        self.settle(now_ms)

    # --- time ---

    @property
    def unsettled(self) -> bool:
        """Whether a request of ours (a BYE, an INVITE that was cancelled) waits for its final response."""
        return self._usage.bye is not None or self._usage.requests.waiting

    @property
    def finished(self) -> bool:
        """Over, and nothing more is owed to the network or expected of it."""
        return self._closed and self._forget_ms is None and not self.unsettled

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` has something to do, or None."""
        times = [self._acceptances.next_timer_ms(), self._forget_ms]
        if self._usage.ended is None:
            times += [
                self._incoming.next_timer_ms() if self._incoming else None,
                self._timer.next_timer_ms(),
                self.offering.next_timer_ms(),
                self.transfers.next_timer_ms(),
            ]
        return min((time for time in times if time is not None), default=None)

    def handle_timers(self, now_ms: int) -> None:
        """Do what is due at `now_ms`."""
        for acceptance in self._acceptances.due(now_ms):
            self._usage.station.transactions.respond(acceptance.key, acceptance.response, now_ms)
        if self._acceptances.given_up(now_ms):
            self._usage.end(Ended("network", 408, "no ACK came"), bye=())
        if self._forget_ms is not None and now_ms >= self._forget_ms:
            self._forget_ms = None
        if self._usage.ended is None:
            self._handle_call_timers(now_ms)
        self.settle(now_ms)

    def _handle_call_timers(self, now_ms: int) -> None:
        if self._incoming:
            self._incoming.handle_timers(now_ms)
        self.transfers.handle_timers(now_ms)
        task = self._timer.due(now_ms)
        if task == "refresh":
            self.offering.refresh()
        elif task == "expire":
            self._usage.end(Ended("network", 408, "nobody refreshed the session"), bye=())

    # --- what follows from what happened ---

    def settle(self, now_ms: int) -> None:
        """To be called after everything that happens or is done."""
        if self._usage.ended is not None:
            self._close(now_ms)
        elif self._incoming and self._incoming.accept(now_ms):
            self._accepted(now_ms)
        else:
            self.offering.proceed(self._invite.confirmed, now_ms)
        self._touched()

    def _close(self, now_ms: int) -> None:
        """Once over: leave nothing open, and say BYE when it is allowed (section 15: not before the ACK)."""
        ended = self._usage.ended
        if not self._closed and ended is not None:
            self._closed, self._forget_ms = True, now_ms + TRANSACTION_MS
            self._timer.stop()
            self.offering.stop(now_ms)
            self.transfers.stop(now_ms)
            self._usage.requests.cancel(now_ms)
            if not self._invite.answered:
                self._invite.withdraw(480 if ended.by == "local" else 487, now_ms)
                self._usage.bye = None
        if self._usage.bye is not None and (self._invite.confirmed or not len(self._acceptances)):
            headers, self._usage.bye = self._usage.bye, None
            self._usage.request("BYE", unheard, now_ms, headers=headers)
        if self._usage.bye is None:
            self._acceptances.clear()
