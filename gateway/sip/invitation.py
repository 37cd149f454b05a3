"""One call's signalling, whoever called whom (RFC 3261 chapters 13 to 15).  [core]"""

from collections.abc import Sequence
from typing import Literal

from sipmessage import URI

from gateway.sip.call_events import CallEvent
from gateway.sip.dialog import Dialog
from gateway.sip.hop import Hop
from gateway.sip.message import Request

Headers = Sequence[tuple[str, str]]
"Names and values to be added to a message: User-to-User, X- headers, Reason."


class Invitation:
    """One call, from the INVITE to the end. Made by a `UserAgent`, which also brings its events.

    Every method may be called at any time and is without effect when it makes no sense any more (the other
    side may have hung up in the very moment). What a method brings about at once, such as `Ended`, comes
    from the user agent's next `handle_timers`, which is due immediately.
    """

    direction: Literal["in", "out"]
    "`in`: they called us."
    request: Request
    "The INVITE."
    hop: Hop
    "Where the other side's last message came from; of a new call out, where the INVITE goes."
    ended: bool

    @property
    def call_id(self) -> str:
        """Call-ID; personal data to nobody, but a secret of the two ends."""
        raise NotImplementedError

    @property
    def dialog(self) -> Dialog | None:
        """The dialog, early or confirmed; None before the first response with a tag."""
        raise NotImplementedError

    @property
    def context(self) -> dict[str, str]:
        """User-to-User and the terms' `context_headers` of their INVITE or 200, by lower-case name.

        Untrusted.
        """
        raise NotImplementedError

    # --- a call to us ---

    def ring(self, now_ms: int, sdp: bytes | None = None) -> None:
        """180, or with a description 183 (early media), reliably where both sides can."""
        raise NotImplementedError

    def answer(self, now_ms: int, sdp: bytes | None = None, headers: Headers = ()) -> None:
        """200. `sdp`: our answer, or our offer when the INVITE had none; None: the one given to `ring`.

        `Established` follows with the ACK. A call that this one replaces (RFC 3891) is hung up.
        """
        raise NotImplementedError

    def reject(self, code: int, now_ms: int, headers: Headers = ()) -> None:
        """A final refusal, 300 to 699 (302 with a Contact in `headers`); `Ended` by `local` follows."""
        raise NotImplementedError

    # --- either ---

    def hang_up(self, now_ms: int, reason: str = "", headers: Headers = ()) -> None:
        """CANCEL, BYE or 480, whatever it takes now; `Ended` by `local` follows. `reason` goes along."""
        raise NotImplementedError

    def update_media(self, sdp: bytes, now_ms: int) -> None:
        """Offer a change (hold, resume, another codec or address): re-INVITE, before the answer UPDATE.

        `Answered` or `OfferRefused` follows. While another exchange is under way the latest offer waits;
        when both sides offered at once (491) ours is repeated after the delay that RFC 3261 14.1 wants.
        """
        raise NotImplementedError

    def answer_offer(self, key: str, sdp: bytes, now_ms: int) -> None:
        """Our answer to `Offered`, or our offer when it asked for one."""
        raise NotImplementedError

    def refuse_offer(self, key: str, code: int, now_ms: int) -> None:
        """488 or the like; what was agreed before goes on. A new call's offer: it is hung up."""
        raise NotImplementedError

    def send_info(self, digit: str, now_ms: int, duration_ms: int = 160) -> None:
        """A keypad digit by INFO (`application/dtmf-relay`)."""
        raise NotImplementedError

    # --- transfer ---

    def refer(self, target: URI, now_ms: int, replaces: "Invitation | None" = None) -> None:
        """Ask the other side to call `target` instead (REFER); in place of our call `replaces` if given.

        `TransferProgress` follows, the last one `final` whatever the other side does or fails to do.
        """
        raise NotImplementedError

    def accept_transfer(self, key: str, now_ms: int) -> None:
        """202 and a NOTIFY that it is being tried."""
        raise NotImplementedError

    def refuse_transfer(self, key: str, code: int, now_ms: int) -> None:
        """603 or the like: we will not call there."""
        raise NotImplementedError

    def report_transfer(self, key: str, code: int, phrase: str, now_ms: int) -> None:
        """NOTIFY how the new call goes; a final code (200 or above) is the last."""
        raise NotImplementedError

    # --- for the user agent ---

    def events(self) -> list[CallEvent]:
        """What happened since it was last asked."""
        raise NotImplementedError
