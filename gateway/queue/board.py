"""The whole queue at one moment, and every rule that changes it.  [core]

Commands take the time (`now`, unix s) and change the records; `take_change` gives what came of them since it
was last asked, which another board can `apply`. Every command begins with `expire`, so that what is over is
over for it too, and `assign` is asked after it: one change then holds a command and all its consequences.

Invariants, whatever the order of commands: a contact has at most one lease, and only while it is in line; an
agent has at most one lease, and an offer never brings them above their capacity.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.queue import routing
from gateway.queue.contacts import News, Offer, Offered, OfferEnded, Presence, QueueFull, Wanted, Why
from gateway.queue.estimate import Figures
from gateway.queue.records import (
    SHARED,
    Change,
    Entry,
    Key,
    Kind,
    Lease,
    Measure,
    Place,
    Record,
    Seat,
    figures_key,
    place_key,
)
from gateway.queue.routing import Agent, Candidate
from gateway.queue.settings import Queues
from pipelines.facts import Channel

TIDY_S = 1.0
"While contacts wait the board is looked at so often: they flow over, and who was asked may be asked again."


class Board:
    """Records, and the commands that change them. `ids` gives random tokens."""

    def __init__(self, queues: Queues, ids: Callable[[], str]) -> None:
        self.queues = queues
        self.entries: dict[str, Entry] = {}
        self.seats: dict[str, Seat] = {}
        self.leases: dict[str, Lease] = {}
        self.places: dict[str, Place] = {}
        self.figures: dict[str, Figures] = {}
        self._ids = ids
        self._kept: dict[Kind, dict[str, Any]] = {
            "entry": self.entries,
            "seat": self.seats,
            "lease": self.leases,
            "place": self.places,
            "figures": self.figures,
        }
        self._changed: dict[Key, Record | None] = {}
        self._news: list[News] = []
        self._measures: list[Measure] = []
        self._buried: list[str] = []

    # --- changes ---

    def copy(self) -> "Board":
        """Another board with the same records, to work something out on."""
        other = Board(self.queues, self._ids)
        for kind, records in self._kept.items():
            other._kept[kind].update(records)
        return other

    def take_change(self) -> Change:
        """What was changed since this was last called."""
        change = Change(self._changed, tuple(self._news), tuple(self._measures), tuple(self._buried))
        self._changed, self._news, self._measures, self._buried = {}, [], [], []
        return change

    def apply(self, records: Mapping[Key, Record | None]) -> None:
        """Take over what another board changed."""
        for (kind, name), record in records.items():
            if record is None:
                self._kept[kind].pop(name, None)
            else:
                self._kept[kind][name] = record

    def put(self, kind: Kind, name: str, record: Record) -> None:
        """Remember a record, in place of the one with its name."""
        self._kept[kind][name] = record
        self._changed[kind, name] = record

    def note_burial(self, node: str) -> None:
        """Let the change say that a node was taken for gone."""
        self._buried.append(node)

    def drop(self, kind: Kind, name: str) -> None:
        """Forget a record, if it is there."""
        if self._kept[kind].pop(name, None) is not None:
            self._changed[kind, name] = None

    # --- contacts ---

    def enqueue(self, wanted: Wanted, node: str, now: float) -> None:
        """Put a contact in line. Raises `QueueFull`."""
        entry = self.entries.get(wanted.handoff_id)
        if entry is not None:
            since = min(wanted.since, entry.wanted.since)
            self.put(
                "entry", wanted.handoff_id, replace(entry, wanted=replace(wanted, since=since), node=node)
            )
            return
        most = self.queues.of(wanted.queue).most_waiting
        if sum(each.wanted.queue == wanted.queue for each in self.entries.values()) >= most:
            raise QueueFull(f"{most} contacts wait in this queue already; try again later")
        self.put("entry", wanted.handoff_id, Entry(wanted, node, now))

    def leave(self, handoff_id: str, now: float, reason: str = "customer_left") -> None:
        """A contact waits no longer."""
        entry = self.entries.get(handoff_id)
        if entry is None:
            return
        if entry.lease_id is not None:
            self._end(entry.lease_id, "withdrawn", reason, now)
        self.drop("entry", handoff_id)

    # --- agents ---

    def announce(self, presence: Presence, node: str, now: float) -> None:
        """An agent is there, or changed."""
        agent_id = presence.agent_id
        if presence.state == "offline":
            self.absent(agent_id, node, now)
            return
        seat = self.seats.get(agent_id)
        was_available = seat is not None and seat.presence.state == "available"
        idle_since = seat.idle_since if seat and was_available else now
        self.put("seat", agent_id, Seat(presence, node, idle_since))
        lease = self._ringing_at(agent_id)
        if lease is None:
            return
        wanted = lease.offer.wanted
        moved = wanted.channel == "voice" and node not in (SHARED, self.entries[wanted.handoff_id].node)
        if presence.state == "away":
            self._end(lease.offer.lease_id, "declined", "away", now)
        elif moved or not presence.capacity.get(wanted.channel, 0):
            self._end(lease.offer.lease_id, "offline", "agent_left", now)

    def absent(self, agent_id: str, node: str, now: float, reason: str = "agent_left") -> None:
        """An agent left a node; nothing happens if they are on another one by now."""
        seat = self.seats.get(agent_id)
        if seat is None or seat.node != node:
            return
        lease = self._ringing_at(agent_id)
        if lease is not None:
            self._end(lease.offer.lease_id, "offline", reason, now)
        self.drop("seat", agent_id)

    # --- offers ---

    def accept(self, lease_id: str, agent_id: str, token: str, now: float) -> Offer | None:
        """Take an offer; the same token again gives the same answer."""
        lease = self.leases.get(lease_id)
        if lease is None or lease.offer.agent_id != agent_id:
            taken = (place for place in self.places.values() if place.token == token)
            return next((place.offer for place in taken), None)
        offer = lease.offer
        wanted, entry = offer.wanted, self.entries[offer.wanted.handoff_id]
        self._end(lease_id, "accepted", "", now)
        self.drop("entry", wanted.handoff_id)
        place = Place(
            agent_id, wanted.handoff_id, wanted.queue, wanted.channel, entry.node, now, token, offer
        )
        self.put("place", place_key(agent_id, wanted.handoff_id), place)
        name = figures_key(wanted.queue, wanted.channel)
        self.put("figures", name, self.figures.get(name, Figures()).accept(now - lease.begun))
        self._measures.append(Measure("accept", wanted.queue, now - entry.entered))
        return offer

    def decline(self, lease_id: str, agent_id: str, reason: str, now: float) -> bool:
        """An agent refuses an offer."""
        lease = self.leases.get(lease_id)
        if lease is None or lease.offer.agent_id != agent_id:
            return False
        self._end(lease_id, "declined", reason, now)
        return True

    def miss(self, lease_id: str, reason: str, now: float) -> bool:
        """Nobody answered: the agent is away from now on, a telephone for a while."""
        lease = self.leases.get(lease_id)
        if lease is None:
            return False
        self._end(lease_id, "missed", reason, now)
        seat = self.seats.get(lease.offer.agent_id)
        if seat is not None:
            phone = self.queues.phone(seat.presence.phone or "")
            back_at = now + phone.rest_s if phone else None
            away = replace(seat.presence, state="away")
            self.put("seat", lease.offer.agent_id, replace(seat, presence=away, back_at=back_at))
        return True

    def finish(self, handoff_id: str, agent_id: str, now: float) -> None:
        """An agent is through with a contact."""
        place = self.places.get(place_key(agent_id, handoff_id))
        if place is None:
            return
        self.free(place, now)
        name = figures_key(place.queue, place.channel)
        self.put("figures", name, self.figures.get(name, Figures()).handle(now - place.since))
        self._measures.append(Measure("handle", place.queue, now - place.since))

    def rebook(self, handoff_id: str, agent_id: str, channel: Channel) -> None:
        """An agent's contact goes on by another channel."""
        name = place_key(agent_id, handoff_id)
        if (place := self.places.get(name)) is not None:
            self.put("place", name, replace(place, channel=channel))

    def occupy(self, wanted: Wanted, agent_id: str, token: str, node: str, now: float) -> None:
        """An agent has a contact that was not offered to them."""
        lease = self._ringing_at(agent_id)
        if lease is not None:
            self._end(lease.offer.lease_id, "offline", "agent_left", now)
        seat = self.seats.get(agent_id)
        name = agent_id if seat is None else seat.presence.name
        offer = Offer(f"o_{token}", wanted, agent_id, name, None, now)
        place = Place(agent_id, wanted.handoff_id, wanted.queue, wanted.channel, node, now, token, offer)
        self.put("place", place_key(agent_id, wanted.handoff_id), place)

    def vacate(self, handoff_id: str, agent_id: str, now: float) -> None:
        """An agent is through with what was no contact of the queue."""
        place = self.places.get(place_key(agent_id, handoff_id))
        if place is not None:
            self.free(place, now)

    # --- time ---

    def expire(self, now: float, excused_until: float = 0.0) -> None:
        """End what is over. Offers that ran out by `excused_until` could not be accepted: nobody's fault."""
        for lease_id, lease in list(self.leases.items()):
            until = lease.offer.until
            if until > now:
                continue
            if until <= excused_until:
                self._end(lease_id, "withdrawn", "queue_unreachable", now)
            else:
                self.miss(lease_id, "timeout", now)
        for agent_id, seat in list(self.seats.items()):
            if seat.back_at is not None and seat.back_at <= now:
                back = replace(seat.presence, state="available")
                self.put("seat", agent_id, replace(seat, presence=back, idle_since=now, back_at=None))

    def assign(self, now: float) -> None:
        """Offer what waits to who is free."""
        if len(self.entries) == len(self.leases):
            return
        for each in routing.match(self._candidates(), self.agents(), self.queues, now):
            self._offer(self.entries[each.handoff_id], self.seats[each.agent_id].presence, now)

    def due(self, now: float) -> float | None:
        """When to `expire` and `assign` again if nothing happens before."""
        times = [lease.offer.until for lease in self.leases.values()]
        times += [seat.back_at for seat in self.seats.values() if seat.back_at is not None]
        if len(self.entries) > len(self.leases):
            times.append(now + TIDY_S)
        return min(times, default=None)

    def agents(self) -> list[Agent]:
        """Everybody announced, with what they have to do."""
        loads: dict[str, dict[str, int]] = {agent_id: {"voice": 0, "chat": 0} for agent_id in self.seats}
        ringing = {lease.offer.agent_id for lease in self.leases.values()}
        held = [(place.agent_id, place.channel) for place in self.places.values()]
        held += [(lease.offer.agent_id, lease.offer.wanted.channel) for lease in self.leases.values()]
        for agent_id, channel in held:
            if agent_id in loads:
                loads[agent_id][channel] += 1
        return [
            Agent(seat.presence, seat.idle_since, load["voice"], load["chat"], agent_id in ringing, seat.node)
            for (agent_id, seat), load in zip(self.seats.items(), loads.values(), strict=True)
        ]

    # --- parts of commands ---

    def _candidates(self) -> Iterator[Candidate]:
        """Contacts that wait, without an offer."""
        for entry in self.entries.values():
            if entry.lease_id is None:
                yield Candidate(entry.wanted, entry.tried, entry.again_at, entry.node)

    def _offer(self, entry: Entry, presence: Presence, now: float) -> None:
        wanted = entry.wanted
        phone = self.queues.phone(presence.phone or "")
        offer_s = phone.offer_s if phone else self.queues.of(wanted.queue).offer_s
        offer = Offer(
            f"l_{self._ids()}", wanted, presence.agent_id, presence.name, presence.phone, now + offer_s
        )
        self.put("lease", offer.lease_id, Lease(offer, now))
        offered = replace(entry, lease_id=offer.lease_id, offers=entry.offers + 1)
        self.put("entry", wanted.handoff_id, offered)
        self._news.append(Offered(offer))
        if not entry.offers:
            self._measures.append(Measure("offer", wanted.queue, now - entry.entered))

    def _end(self, lease_id: str, why: Why, reason: str, now: float) -> None:
        offer = self.leases[lease_id].offer
        self.drop("lease", lease_id)
        handoff_id = offer.wanted.handoff_id
        entry = self.entries.get(handoff_id)
        if entry is not None:
            tried = entry.tried | {offer.agent_id} if why in ("declined", "missed") else entry.tried
            back = replace(entry, lease_id=None, tried=tried, again_at=now + routing.AGAIN_S)
            self.put("entry", handoff_id, back)
        self._news.append(OfferEnded(lease_id, offer.agent_id, handoff_id, why, reason))

    def free(self, place: Place, now: float) -> None:
        """Take a place away; an agent without any has nothing to do from now on."""
        self.drop("place", place_key(place.agent_id, place.handoff_id))
        seat = self.seats.get(place.agent_id)
        if seat is not None and not any(each.agent_id == place.agent_id for each in self.places.values()):
            self.put("seat", place.agent_id, replace(seat, idle_since=now))

    def _ringing_at(self, agent_id: str) -> Lease | None:
        return next((lease for lease in self.leases.values() if lease.offer.agent_id == agent_id), None)
