"""One call's media terms: descriptions in and out on one side, its RTP stream on the other."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

from gateway.rtp.agreed import AgreedMedia, Direction, SrtpKey
from gateway.rtp.stream import RtpStream
from gateway.sip import offer_answer, sdp
from gateway.sip.offer_answer import MediaCapabilities
from gateway.sip.sdes import KEY_BYTES
from gateway.sip.sdp import SessionDescription
from gateway.trunks import Trunk


def capabilities(trunk: Trunk, host: str, port: int) -> MediaCapabilities:
    """What we can do in one call of a trunk, with keys of its own."""
    keys = (SrtpKey(suite, secrets.token_bytes(size)) for suite, size in KEY_BYTES.items())
    return MediaCapabilities(
        host=host,
        port=port,
        session_id=secrets.randbits(62),
        codecs=trunk.codecs,
        srtp=trunk.srtp,
        keys=tuple(keys) if trunk.srtp != "none" else (),
    )


class CallMedia:
    """Makes and takes descriptions; what is agreed the stream is told at once."""

    def __init__(self, stream: RtpStream, ours: MediaCapabilities) -> None:
        self.stream = stream
        self._ours = ours
        self._latest: SessionDescription | None = None
        self._offered: SessionDescription | None = None
        self._wish = Direction.SENDRECV
        self._changes: list[asyncio.Future[bool]] = []
        self.agreed: AgreedMedia | None = None
        "What is in force; None before the first agreement."

    @property
    def offering(self) -> bool:
        """Whether an offer of ours waits for its answer."""
        return self._offered is not None

    async def change(self, direction: Direction, propose: Callable[[bytes], None]) -> bool:
        """Offer another direction, by `propose`; whether the other side agreed before the call ended."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._changes.append(done)
        propose(self.offer(direction))
        return await done

    def offer(self, direction: Direction = Direction.SENDRECV) -> bytes:
        """Our offer; what we would like stays so until the next one."""
        self._wish = direction
        self._offered = self._numbered(offer_answer.offer(self._ours, 0, direction))
        return bytes(self._offered)

    def take_answer(self, text: bytes) -> None:
        """Their answer to it. Raises `ProtocolError`; then what was agreed before goes on."""
        offered, self._offered = self._offered, None
        if offered is not None:
            self._settle(offer_answer.agree(offered, sdp.parse(text), self._ours))
            self._changed(done=True)

    def take_refusal(self) -> None:
        """They refused it."""
        self._offered = None
        self._wish = self.agreed.direction if self.agreed else Direction.SENDRECV
        self._changed(done=False)

    def close(self) -> None:
        """The call is over: the stream ends, and nothing is agreed any more. Safe to call twice."""
        self._changed(done=False)
        self.stream.close()

    def answer(self, text: bytes) -> bytes:
        """Our answer to their offer. Raises `ProtocolError` (400, 488); then nothing has changed."""
        described, agreed = offer_answer.answer(sdp.parse(text), self._ours, 0, self._wish)
        described = self._numbered(described)
        self._settle(agreed)
        return bytes(described)

    def _changed(self, *, done: bool) -> None:
        waiting, self._changes = self._changes, []
        for change in waiting:
            if not change.done():
                change.set_result(done)

    def _settle(self, agreed: AgreedMedia) -> None:
        self.agreed = agreed
        self.stream.configure(agreed)

    def _numbered(self, described: SessionDescription) -> SessionDescription:
        """With a version that rises when something changes, and only then (RFC 3264, section 8)."""
        if self._latest is not None:
            described = replace(described, version=self._latest.version)
            if described != self._latest:
                described = replace(described, version=self._latest.version + 1)
        self._latest = described
        return described
