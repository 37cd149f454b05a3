"""What every `ContactQueue` must do. A test module subclasses `QueueContract` and says how to open one.

Each test gets the queue as two nodes have it; a queue of one node gives the same one twice.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from gateway.queue.contacts import (
    ContactQueue,
    News,
    Offer,
    Offered,
    OfferEnded,
    Presence,
    QueueFull,
    Standing,
    Wanted,
)
from gateway.queue.settings import Queues

RING_S = 0.4
"So long offers ring in these tests, where they are to run out."
PATIENCE_S = 5.0
SETTINGS: dict[str, Any] = {
    "named": [
        {"name": "general", "overflow": {"queue": "everybody", "after_s": RING_S}},
        {"name": "short", "offer_s": RING_S},
        {"name": "everybody"},
        {"name": "small", "most_waiting": 2},
    ],
    "phones": [
        {"key": "boss", "number": "+49301", "name": "The boss", "queues": "everybody", "offer_s": RING_S}
    ],
}
ODD = "naïve 😀 'quoted' \\ \x00 \x1f  end"
Test = Callable[[ContactQueue, ContactQueue], Awaitable[None]]
_numbers = itertools.count(1)


def wanted(name: str = "", **changes: Any) -> Wanted:
    number = next(_numbers)
    given: dict[str, Any] = {
        "handoff_id": f"h_{name or number}",
        "session_id": f"s_{name or number}",
        "queue": "short",
        "channel": "chat",
        "skills": frozenset(),
        "language": "en",
        "priority": 0,
        "since": 1_000_000.0 + number,
    }
    return Wanted(**{**given, **changes})


def agent(name: str = "ann", **changes: Any) -> Presence:
    given: dict[str, Any] = {
        "agent_id": f"a_{name}",
        "name": name.title(),
        "state": "available",
        "queues": frozenset({"general", "short", "small"}),
        "skills": {"billing": 5},
        "languages": frozenset({"en"}),
        "capacity": {"voice": 1, "chat": 3},
    }
    return Presence(**{**given, **changes})


async def next_news(news: AsyncIterator[News]) -> News:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(news)


async def offered(news: AsyncIterator[News]) -> Offer:
    """The next offer; other news are passed over."""
    while not isinstance(told := await next_news(news), Offered):
        pass
    return told.offer


async def ended(news: AsyncIterator[News]) -> OfferEnded:
    """The next offer that ends; other news are passed over."""
    while not isinstance(told := await next_news(news), OfferEnded):
        pass
    return told


async def until(queue: ContactQueue, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to be so at this node, which learns it from others a little later."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            await queue.changed()


class Crowd:
    """A hundred agents who take whatever rings, on two nodes that both believe them to be theirs."""

    CONTACTS = 1000

    def __init__(self, nodes: Sequence[ContactQueue]) -> None:
        self.nodes = nodes
        self.taken: list[str] = []
        self.all_taken = asyncio.Event()

    async def come(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            desks = [tasks.create_task(self._desk(queue, queue.news())) for queue in self.nodes]
            for number in range(100):
                queue = self.nodes[number % 2]
                tasks.create_task(queue.announce(agent(f"n{number}", capacity={"chat": 10})))
            for number in range(self.CONTACTS):
                tasks.create_task(self.nodes[number % 2].enqueue(wanted(queue="general")))
            async with asyncio.timeout(60):
                await self.all_taken.wait()
            for each in desks:
                each.cancel()

    async def _desk(self, queue: ContactQueue, news: AsyncIterator[News]) -> None:
        async with asyncio.TaskGroup() as clicks:
            async for told in news:
                if isinstance(told, Offered) and told.offer.phone is None:
                    clicks.create_task(self._take(queue, told.offer))

    async def _take(self, queue: ContactQueue, offer: Offer) -> None:
        if await queue.accept(offer.lease_id, offer.agent_id) is not None:
            self.taken.append(offer.wanted.handoff_id)
            if len(self.taken) == self.CONTACTS:
                self.all_taken.set()


class QueueContract:
    """Inherited by one test class for each kind of queue."""

    def opened(self, queues: Queues) -> AbstractAsyncContextManager[tuple[ContactQueue, ContactQueue]]:
        """Two nodes that run."""
        raise NotImplementedError

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        asyncio.run(main)

    def check(self, test: Test, **changes: Any) -> None:
        async def main() -> None:
            async with self.opened(Queues.model_validate({**SETTINGS, **changes})) as (one, other):
                await test(one, other)

        self.run(main())

    # --- offers ---

    def test_a_contact_is_offered_and_taken_and_every_node_hears_of_it(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            here, there = one.news(), other.news()
            await one.announce(agent())
            contact = wanted()
            await other.enqueue(contact)
            offer = await offered(here)
            assert await offered(there) == offer
            assert (offer.wanted, offer.agent_id, offer.agent_name) == (contact, "a_ann", "Ann")
            assert await one.accept(offer.lease_id, "a_ann") == offer
            end = OfferEnded(offer.lease_id, "a_ann", contact.handoff_id, "accepted", "")
            assert await next_news(here) == end and await next_news(there) == end
            assert await one.waiting() == [] and await one.offers() == []
            assert await other.position(contact.handoff_id) == Standing(None, None)

        self.check(test)

    def test_two_who_accept_at_once_have_one_winner(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            here, there = one.news(), other.news()
            await one.announce(agent(capacity={"chat": 50}))
            for _ in range(25):
                await one.enqueue(wanted())
                offer = await offered(here)
                assert await offered(there) == offer
                tries = [queue.accept(offer.lease_id, "a_ann") for queue in (one, other, one, other)]
                taken = [each for each in await asyncio.gather(*tries) if each is not None]
                assert taken == [offer]

        self.check(test)

    def test_a_thousand_offers_to_a_hundred_agents_are_taken_once_each(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            crowd = Crowd([one, other])
            await crowd.come()
            assert len(crowd.taken) == len(set(crowd.taken)) == 1000
            agents = [seen for seen in await one.agents() if seen.presence.phone is None]
            assert [seen.busy for seen in agents] == [{"chat": 10}] * 100

        self.check(test)

    def test_a_declined_offer_goes_to_the_next_agent_and_the_contact_keeps_its_place(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = other.news()
            await one.announce(agent("ann"))
            first, second = wanted(queue="general"), wanted(queue="general")
            await one.enqueue(first)
            offer = await offered(news)
            assert not await other.decline(offer.lease_id, "a_bob", "busy"), "not his"
            assert await other.decline(offer.lease_id, "a_ann", "busy")
            assert not await other.decline(offer.lease_id, "a_ann", "busy")
            end = await ended(news)
            assert (end.why, end.reason, end.agent_id) == ("declined", "busy", "a_ann")
            await one.enqueue(second)
            assert (await offered(news)).wanted == second, "who declined is not asked again at once"
            assert [line.wanted for line in await other.waiting()] == [first, second]
            await other.announce(agent("bob"))
            again = await offered(news)
            assert (again.wanted, again.agent_id) == (first, "a_bob")

        self.check(test)

    def test_a_missed_offer_makes_its_agent_away_and_goes_on(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = other.news()
            await one.announce(agent("ann"))
            await one.announce(agent("bob"))
            await one.enqueue(wanted())
            offer = await offered(news)
            end = await ended(news)
            assert (end.lease_id, end.why, end.reason) == (offer.lease_id, "missed", "timeout")
            assert await one.accept(offer.lease_id, offer.agent_id) is None, "too late"
            again = await offered(news)
            assert {offer.agent_id, again.agent_id} == {"a_ann", "a_bob"}
            states = {seen.presence.agent_id: seen.presence.state for seen in await other.agents()}
            assert states[offer.agent_id] == "away"
            assert await other.alive(offer.agent_id)
            assert {s.presence.agent_id: s.presence.state for s in await other.agents()} == states, (
                "asking whether they live does not bring them back"
            )

        self.check(test)

    def test_a_telephone_that_nobody_answers_is_told_as_missed_at_once(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.enqueue(wanted(queue="everybody", channel="voice"))
            offer = await offered(news)
            assert (offer.phone, offer.agent_name) == ("boss", "The boss")
            assert await other.miss(offer.lease_id, "voicemail")
            assert not await other.miss(offer.lease_id)
            assert (await ended(news)).reason == "voicemail"
            assert [seen.presence.state for seen in await other.agents()] == ["away"]

        self.check(test)

    def test_an_agent_who_leaves_takes_the_offer_with_them(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = other.news()
            await one.announce(agent("ann"))
            await one.enqueue(wanted())
            offer = await offered(news)
            await one.absent("a_ann")
            end = await ended(news)
            assert (end.why, end.reason) == ("offline", "agent_left")
            assert await other.accept(offer.lease_id, "a_ann") is None
            assert not [seen for seen in await other.agents() if seen.presence.phone is None]
            await one.announce(agent("ann"))
            assert (await offered(news)).agent_id == "a_ann", "being cut off is no refusal"

        self.check(test)

    def test_who_goes_away_while_it_rings_declines(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent("ann"))
            await one.enqueue(wanted())
            await offered(news)
            await one.announce(agent("ann", state="away"))
            end = await ended(news)
            assert (end.why, end.reason) == ("declined", "away")

        self.check(test)

    def test_a_customer_who_leaves_while_it_rings_stops_the_ringing(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent())
            gone, next_one = wanted(), wanted()
            await other.enqueue(gone)
            offer = await offered(news)
            await other.enqueue(next_one)
            await other.leave(gone.handoff_id)
            await other.leave(gone.handoff_id)
            end = await ended(news)
            assert (end.why, end.reason) == ("withdrawn", "customer_left")
            assert (await offered(news)).wanted == next_one
            assert await one.accept(offer.lease_id, "a_ann") is None

        self.check(test)

    def test_an_agent_who_moves_to_another_node_stays(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            await one.announce(agent("ann", capacity={"chat": 1}))
            await other.announce(agent("ann", capacity={"chat": 2}))
            if one is not other:
                await one.absent("a_ann")
            assert await one.alive("a_ann") and await other.alive("a_ann")
            assert not await one.alive("a_bob")

        self.check(test)

    # --- who, and how many ---

    def test_a_call_takes_the_whole_agent_and_chats_as_many_as_they_can(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent("ann", capacity={"voice": 1, "chat": 2}))
            call, chats = (
                wanted(channel="voice", queue="general"),
                [wanted(queue="general") for _ in range(3)],
            )
            await one.enqueue(call)
            assert await one.accept((await offered(news)).lease_id, "a_ann")
            for chat in chats:
                await one.enqueue(chat)
            assert await one.offers() == []
            await other.finish(call.handoff_id, "a_ann")
            for chat in chats[:2]:
                offer = await offered(news)
                assert offer.wanted == chat
                assert await one.accept(offer.lease_id, "a_ann")
            assert await one.offers() == []
            (seen,) = [seen for seen in await one.agents() if seen.presence.agent_id == "a_ann"]
            assert seen.busy == {"chat": 2} and set(seen.contacts) == {c.handoff_id for c in chats[:2]}
            await one.finish(chats[0].handoff_id, "a_ann")
            assert (await offered(news)).wanted == chats[2]

        self.check(test)

    def test_who_has_something_without_an_offer_is_offered_nothing_until_it_is_over(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent())
            asked = wanted(queue="general", channel="voice")
            await one.occupy(asked, "a_ann")
            contact = wanted(queue="general")
            await other.enqueue(contact)
            assert await other.offers() == []
            (seen,) = [seen for seen in await other.agents() if seen.presence.agent_id == "a_ann"]
            assert seen.busy == {"voice": 1}
            await one.vacate("h_nobody", "a_ann")
            await one.vacate(asked.handoff_id, "a_ann")
            assert (await offered(news)).wanted == contact

        self.check(test)

    def test_a_chat_that_becomes_a_call_takes_the_whole_agent(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent())
            contact = wanted(queue="general")
            await one.enqueue(contact)
            assert await one.accept((await offered(news)).lease_id, "a_ann")
            await other.rebook(contact.handoff_id, "a_ann", "voice")
            await other.rebook("h_nobody", "a_ann", "voice")
            await other.enqueue(wanted(queue="general"))
            assert await other.offers() == []
            (seen,) = [seen for seen in await other.agents() if seen.presence.agent_id == "a_ann"]
            assert seen.busy == {"voice": 1}
            await one.finish(contact.handoff_id, "a_ann")
            await offered(news)

        self.check(test)

    def test_a_call_goes_to_agents_of_its_own_node_and_a_chat_to_any(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            call, chat = wanted(channel="voice"), wanted()
            await other.announce(agent("ann"))
            if one is not other:
                await one.enqueue(call)
                await until(one, lambda: _knows(one, "a_ann"))
                assert await one.offers() == [], "sound does not cross nodes"
                nobody = await one.availability("short", frozenset(), "en", "voice")
                there = await other.availability("short", frozenset(), "en", "voice")
                assert (nobody.online, there.online) == (0, 1)
                assert (await one.availability("short", frozenset(), "en", "chat")).online == 1
                await one.announce(agent("bob"))
                offer = await offered(news)
                assert (offer.wanted, offer.agent_id) == (call, "a_bob")
                await other.announce(agent("bob"))
                assert (await ended(news)).why == "offline", "he is at another node now"
                await one.leave(call.handoff_id)
            await one.enqueue(chat)
            assert (await offered(news)).wanted == chat

        self.check(test)

    def test_one_agent_alone_or_never_this_one(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent("ann"))
            await one.announce(agent("bob", queues=frozenset(), languages=frozenset({"de"})))
            to_bob = wanted(only_agent="a_bob", skills=frozenset({"chess"}))
            not_ann = wanted(not_agents=frozenset({"a_ann"}))
            await one.enqueue(not_ann)
            await other.enqueue(to_bob)
            offer = await offered(news)
            assert (offer.wanted, offer.agent_id) == (to_bob, "a_bob")
            assert [line.offered_to for line in await one.waiting()] == ["a_bob", None]

        self.check(test)

    def test_more_important_contacts_go_first_and_equal_ones_by_age(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = other.news()
            old, new = wanted(queue="general", since=1000.0), wanted(queue="general", since=1100.0)
            important = wanted(queue="general", since=1200.0, priority=10)
            for contact in (new, important, old):
                await one.enqueue(contact)
            await one.announce(agent())
            order = []
            for _ in range(3):
                offer = await offered(news)
                order.append(offer.wanted)
                assert await other.accept(offer.lease_id, "a_ann")
            assert order == [important, old, new]

        self.check(test)

    def test_a_contact_flows_over_when_its_queue_takes_long(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            now = await clock(one)
            await until(other, lambda: _knows_no_offer(other))
            news = other.news()
            await one.announce(agent("eve", queues=frozenset({"everybody"}), skills={}))
            soon = wanted(queue="general", skills=frozenset({"billing"}), since=now)
            await one.enqueue(soon)
            assert await one.offers() == []
            offer = await offered(news)
            assert (offer.wanted, offer.agent_id) == (soon, "a_eve")

        self.check(test)

    # --- the line ---

    def test_positions_are_told_and_move_up(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            contacts = [wanted() for _ in range(3)]
            for contact in contacts:
                await one.enqueue(contact)
            places = [await one.position(contact.handoff_id) for contact in contacts]
            assert places == [Standing(1, None), Standing(2, None), Standing(3, None)]
            await one.leave(contacts[0].handoff_id)
            await until(other, lambda: _is_at(other, contacts[2], 2))

        self.check(test)

    def test_coming_into_line_again_changes_a_contact_and_keeps_its_place(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            first, second = wanted("again", since=1.0), wanted(since=2.0)
            await one.enqueue(first)
            await one.enqueue(second)
            await other.enqueue(wanted("again", since=3.0, reason="complaint"))
            line = [each.wanted for each in await other.waiting()]
            assert [each.handoff_id for each in line] == ["h_again", second.handoff_id]
            assert (line[0].since, line[0].reason) == (1.0, "complaint")

        self.check(test)

    def test_a_full_line_takes_nobody_more(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            for _ in range(2):
                await one.enqueue(wanted(queue="small"))
            with pytest.raises(QueueFull):
                await other.enqueue(wanted(queue="small"))
            await other.enqueue(wanted(queue="general"))
            assert len(await other.waiting()) == 3

        self.check(test)

    def test_a_wait_is_said_only_once_it_is_known(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent(capacity={"chat": 1}))
            for _ in range(5):
                assert (await one.availability("short", frozenset(), "en", "chat")).wait_s is None
                contact = wanted()
                await one.enqueue(contact)
                await one.accept((await offered(news)).lease_id, "a_ann")
                await one.finish(contact.handoff_id, "a_ann")
            known = await one.availability("short", frozenset(), "en", "chat")
            assert known.wait_s is not None and (known.online, known.free) == (1, 1)

        self.check(test)

    def test_who_is_there_is_told_for_skills_languages_and_channels(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            await one.announce(agent("ann", skills={"billing": 3}, capacity={"chat": 1}))
            await one.announce(agent("bob", languages=frozenset({"de"})))
            await one.announce(agent("eve", state="away"))

            async def there(skills: set[str], language: str, channel: Any) -> tuple[int, int]:
                seen = await one.availability("short", frozenset(skills), language, channel)
                return seen.online, seen.free

            assert await there(set(), "en", "chat") == (1, 1)
            assert await there({"billing"}, "", "chat") == (2, 2)
            assert await there({"chess"}, "en", "chat") == (0, 0)
            assert await there(set(), "de-AT", "voice") == (1, 1)
            assert await there(set(), "en", "voice") == (0, 0)

        self.check(test)

    # --- trouble ---

    def test_what_is_not_there_changes_nothing(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            assert await one.accept("l_nothing", "a_ann") is None
            assert not await one.decline("l_nothing", "a_ann", "busy")
            assert not await one.miss("l_nothing")
            await one.leave("h_nobody")
            await one.absent("a_nobody")
            await one.finish("h_nobody", "a_nobody")
            assert await one.position("h_nobody") == Standing(None, None)
            assert (await one.availability("nowhere", frozenset(), "en", "chat")).online == 0
            await one.check()

        self.check(test)

    def test_odd_texts_come_through_unchanged(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = other.news()
            await one.announce(agent(name=ODD, agent_id=f"a {ODD}", skills={ODD: 1}))
            contact = wanted(ODD, reason=ODD, skills=frozenset({ODD}))
            await one.enqueue(contact)
            offer = await offered(news)
            assert (offer.wanted, offer.agent_id) == (contact, f"a {ODD}")
            assert await other.decline(offer.lease_id, offer.agent_id, ODD)
            assert (await ended(news)).reason == ODD

        self.check(test)

    def test_who_stops_waiting_for_a_command_disturbs_nobody(self) -> None:
        async def test(one: ContactQueue, other: ContactQueue) -> None:
            news = one.news()
            await one.announce(agent())
            await one.enqueue(wanted())
            offer = await offered(news)
            async with asyncio.TaskGroup() as tasks:
                click = tasks.create_task(one.accept(offer.lease_id, "a_ann"))
                more = [tasks.create_task(one.enqueue(wanted(queue="general"))) for _ in range(5)]
                await asyncio.sleep(0)
                click.cancel()
            assert all(each.done() and not each.cancelled() for each in more)
            waiting = {line.wanted.handoff_id for line in await one.waiting()}
            (seen,) = [seen for seen in await one.agents() if seen.presence.agent_id == "a_ann"]
            assert (offer.wanted.handoff_id in waiting) != (offer.wanted.handoff_id in seen.contacts)

        self.check(test)


async def clock(queue: ContactQueue) -> float:
    """The queue's time, which an offer tells."""
    news = queue.news()
    await queue.announce(agent("clock", queues=frozenset({"clock"})))
    contact = wanted(queue="clock")
    await queue.enqueue(contact)
    offer = await offered(news)
    await queue.leave(contact.handoff_id)
    await queue.absent("a_clock")
    return offer.until - 20.0


async def _knows_no_offer(queue: ContactQueue) -> bool:
    return not await queue.offers() and not await queue.alive("a_clock")


async def _is_at(queue: ContactQueue, contact: Wanted, position: int) -> bool:
    return (await queue.position(contact.handoff_id)).position == position


async def _knows(queue: ContactQueue, agent_id: str) -> bool:
    return await queue.alive(agent_id)
