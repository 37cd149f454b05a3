"""Offers on their way from the queue to the agents who are here, each with the briefing of its session.

Every node hears all news of the queue and keeps what rings, so that an agent who comes back to another node
finds the offer there.
"""

import asyncio

import structlog

from gateway.desk import messages
from gateway.desk.conductor import Conductor
from gateway.desk.seat import Seat
from gateway.desk.seats import Seats, packet
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue, News, Offer, Offered, OfferEnded
from pipelines.facts import Unavailable

log = structlog.get_logger()

BRIEFING_S = 1.0
"An offer rings without its briefing rather than later."


class Ringing:
    """The offers that ring, here and elsewhere."""

    def __init__(
        self, queue: ContactQueue, conductor: Conductor, seats: Seats, tasks: asyncio.TaskGroup
    ) -> None:
        self._queue = queue
        self._conductor = conductor
        self._seats = seats
        self._tasks = tasks
        self._offers: dict[str, Offer] = {}

    async def follow(self) -> None:
        """Pass the queue's news on until they end, which they do for a reader that fell behind."""
        news = self._queue.news()
        await self._catch_up()
        async for item in news:
            self._hear(item)

    def ring(self, seat: Seat) -> None:
        """Somebody came: show them what rings for them already."""
        for offer in self._offers.values():
            if offer.agent_id == seat.agent_id and offer.lease_id not in seat.offers:
                self._ring(offer)

    async def _catch_up(self) -> None:
        ringing = {offer.lease_id: offer for offer in await self._queue.offers()}
        for lease_id, offer in list(self._offers.items()):
            if lease_id not in ringing:
                self._end(lease_id, offer.agent_id, "withdrawn")
        for lease_id, offer in ringing.items():
            if lease_id not in self._offers:
                self._hear(Offered(offer))

    def _hear(self, item: News) -> None:
        match item:
            case Offered(offer=offer):
                self._offers[offer.lease_id] = offer
                self._ring(offer)
            case OfferEnded(lease_id=lease_id, agent_id=agent_id, why=why):
                self._end(lease_id, agent_id, why)

    def _ring(self, offer: Offer) -> None:
        if offer.phone is None and (seat := self._seats.get(offer.agent_id)) is not None:
            self._tasks.create_task(self._show(seat, offer), name=f"offer {offer.lease_id}")

    async def _show(self, seat: Seat, offer: Offer) -> None:
        briefing = await self._briefing(seat, offer)
        if offer.lease_id not in self._offers or offer.lease_id in seat.offers:
            return
        wanted = offer.wanted
        shown = messages.Offered(
            lease=offer.lease_id,
            handoff_id=wanted.handoff_id,
            session=wanted.session_id,
            channel=wanted.channel,
            queue=wanted.queue,
            reason=wanted.reason,
            since=wanted.since,
            until=offer.until,
            briefing=briefing,
        )
        seat.offers[offer.lease_id] = shown
        seat.tell(shown)

    async def _briefing(self, seat: Seat, offer: Offer) -> dict[str, object]:
        session_id = offer.wanted.session_id
        try:
            async with asyncio.timeout(BRIEFING_S):
                return packet(await self._conductor.briefing(session_id), seat.account.role)
        except (TimeoutError, ProtocolError, Unavailable) as error:
            log.warning("offer without a briefing", session_id=session_id, reason=type(error).__name__)
        except Exception:
            # The outermost loop of an offer: it must ring whatever we did wrong.
            log.exception("briefing failed", session_id=session_id)
        return {}

    def _end(self, lease_id: str, agent_id: str, why: messages.Ended) -> None:
        self._offers.pop(lease_id, None)
        seat = self._seats.get(agent_id)
        if seat is None:
            return
        if seat.offers.pop(lease_id, None) is not None:
            seat.tell(messages.OfferEnded(lease=lease_id, why=why))
        if why == "missed":
            seat.state = "away"
            seat.tell(seat.me(missed=True))
