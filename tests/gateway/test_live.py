import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.events import Event, SessionStarted
from gateway.live import (
    OWED,
    Busy,
    Draining,
    LiveLimits,
    LiveSession,
    LiveSessions,
    UnknownSession,
    live_sessions,
)
from gateway.subscription import Subscription
from pipelines.answer import Say
from pipelines.facts import (
    CustomerTurn,
    Fact,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    Trouble,
    Unavailable,
    Words,
    WorkflowChanged,
)
from tests import virtual_time
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer


class House:
    """A registry over a store and an answerer that outlive it."""

    def __init__(self, answerer: ScriptedAnswerer | None = None, limits: LiveLimits | None = None) -> None:
        self.store = MemoryStore()
        self.answerer = answerer or ScriptedAnswerer()
        self.limits = limits

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LiveSessions]:
        async with live_sessions(self.store, self.answerer, self.limits, now=lambda: 1000.0) as live:
            yield live

    def run(self, test: Callable[[LiveSessions], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.open() as live:
                await test(live)

        virtual_time.run(main())

    def facts(self, session_id: str, kind: type[Fact]) -> list[Fact]:
        return [event.fact for event in self.store.log[session_id] if isinstance(event.fact, kind)]


async def quiet(live: LiveSession) -> None:
    """Wait until nothing is under way."""
    while live.busy:  # noqa: ASYNC110 - in virtual time this costs nothing
        await asyncio.sleep(0.01)


async def heard(subscription: Subscription, *, seconds: float = 0.0) -> list[Event]:
    """What has come, without waiting for more than `seconds`."""
    events: list[Event] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds + 0.001):
            async for event in subscription:
                events.append(event)
    return events


def replies(house: House, session_id: str) -> list[str]:
    return [f.pii.text for f in house.facts(session_id, ReplyDone) if isinstance(f, ReplyDone)]


def test_a_typed_secret_is_stored_under_another_name() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        asked = WorkflowChanged(workflow="card", state="active", awaiting="pin", digits=4, secret=True)
        await live.log.emit(asked)
        await live.receive("it is 4711", "m1")
        await quiet(live)
        assert house.answerer.asked == ["it is [secret 1]"]
        assert live.log.conversation.secrets.reveal("[secret 1]") == "4711"
        assert "4711" not in str(house.store.log[live.session_id])

    house.run(test)


def test_a_message_is_stored_answered_and_shown_in_order() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        subscription = live.log.subscribe()
        recorded = await live.receive("hi", "m1")
        await quiet(live)
        assert (recorded.seq, recorded.duplicate) == (2, False)
        events = await heard(subscription)
        assert [e.seq for e in events if e.seq] == [2, 3, 4]
        assert [type(e.fact) for e in house.store.log[live.session_id]] == [
            SessionStarted,
            CustomerTurn,
            ReplyStarted,
            ReplyDone,
        ]
        assert [e for e in events if e.seq] == house.store.log[live.session_id][1:]

    house.run(test)


def test_the_same_message_twice_is_answered_once() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, token = await registry.begin("chat")
        await live.receive("hi", "m1")
        again = await live.receive("hi", "m1")
        assert (again.seq, again.duplicate) == (2, True)
        await quiet(live)
        assert (await live.receive("hi", "m1")).duplicate
        assert house.answerer.asked == ["hi"]

    house.run(test)


def test_two_connections_that_send_the_same_message_at_once_are_answered_once() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        first, second = await asyncio.gather(live.receive("hi", "m1"), live.receive("hi", "m1"))
        assert sorted([first.duplicate, second.duplicate]) == [False, True]
        assert first.seq == second.seq
        await quiet(live)
        assert house.answerer.asked == ["hi"]

    house.run(test)


def test_messages_that_come_during_a_reply_are_answered_one_after_the_other() -> None:
    house = House(ScriptedAnswerer(lambda words: [Pause(1), Say(words.upper())]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        for number in range(3):
            await live.receive(f"say {number}", f"m{number}")
        await quiet(live)
        assert replies(house, live.session_id) == ["SAY 0", "SAY 1", "SAY 2"]

    house.run(test)


def test_too_many_waiting_messages_are_refused_and_may_be_sent_again() -> None:
    house = House(ScriptedAnswerer(lambda words: [Pause(1), Say("ok")]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        for number in range(OWED):
            await live.receive("hi", f"m{number}")
        with pytest.raises(Busy):
            await live.receive("one too many", "late")
        await quiet(live)
        assert not (await live.receive("one too many", "late")).duplicate
        await quiet(live)
        assert len(replies(house, live.session_id)) == OWED + 1

    house.run(test)


def test_a_reply_goes_on_when_nobody_listens() -> None:
    house = House(ScriptedAnswerer(lambda words: [Say("One "), Pause(5), Say("two.")]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        subscription = live.log.subscribe()
        await live.receive("count", "m1")
        await asyncio.sleep(1)
        live.log.unsubscribe(subscription)
        await quiet(live)
        assert replies(house, live.session_id) == ["One two."]

    house.run(test)


def test_who_comes_in_the_middle_of_a_reply_gets_its_text_so_far_as_one_delta() -> None:
    house = House(ScriptedAnswerer(lambda words: [Say("One "), Say("two "), Pause(5), Say("three.")]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        await live.receive("count", "m1")
        await asyncio.sleep(1)
        subscription = live.log.subscribe()
        assert subscription.so_far is not None
        assert subscription.so_far.fact == ReplyDelta(turn_id="r1", offset=0, text="One two ")
        await quiet(live)
        deltas = [e.fact for e in await heard(subscription) if isinstance(e.fact, ReplyDelta)]
        assert deltas == [ReplyDelta(turn_id="r1", offset=8, text="three.")]
        assert live.log.subscribe().so_far is None

    house.run(test)


def test_cancel_stops_the_reply_and_only_that() -> None:
    house = House(ScriptedAnswerer(lambda words: [Say(words), Pause(30), Say(" and more")]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        live.cancel()
        await live.receive("first", "m1")
        await asyncio.sleep(1)
        live.cancel()
        await asyncio.sleep(0.1)
        assert replies(house, live.session_id) == ["first"]
        await live.receive("second", "m2")
        await quiet(live)
        assert replies(house, live.session_id) == ["first", "second and more"]

    house.run(test)


def test_a_slow_listener_is_let_go_and_the_others_notice_nothing() -> None:
    house = House(ScriptedAnswerer(lambda words: [Say("word ")] * 50))

    async def test(registry: LiveSessions) -> None:
        live, token = await registry.begin("chat")
        slow, quick = live.log.subscribe(bound=10), live.log.subscribe()
        await live.receive("talk", "m1")
        await quiet(live)
        assert slow.behind and slow.closed
        assert await heard(slow) == []
        deltas = [e for e in await heard(quick) if isinstance(e.fact, ReplyDelta)]
        assert len(deltas) == 50 and not quick.behind
        missed = [event async for event in live.log.history(1, live.log.seq)]
        assert [event.seq for event in missed] == [2, 3, 4]

    house.run(test)


def test_a_session_comes_back_from_the_store_as_it_was() -> None:
    house = House()

    async def first() -> tuple[str, str]:
        async with house.open() as registry:
            live, token = await registry.begin("chat")
            await live.receive("hi", "m1")
            await quiet(live)
            return live.session_id, token

    async def second(session_id: str, token: str) -> None:
        async with house.open() as registry:
            live = await registry.open(session_id, token)
            assert live.log.seq == 4
            assert [turn.text for turn in live.log.conversation.turns] == ["hi", "You said: hi"]
            assert (await live.receive("hi", "m1")).duplicate
            await live.receive("more", "m2")
            await quiet(live)
            turns = [f.turn_id for f in house.facts(session_id, CustomerTurn) if isinstance(f, CustomerTurn)]
            assert turns == ["c1", "c2"]

    virtual_time.run(second(*virtual_time.run(first())))


def test_what_a_killed_process_owed_is_answered_when_the_customer_comes_back() -> None:
    house = House(ScriptedAnswerer(lambda words: [Say("Half an "), Pause(30), Say("answer.")]))

    async def killed() -> tuple[str, str]:
        async with house.open() as registry:
            live, token = await registry.begin("chat")
            await live.receive("hi", "m1")
            await live.receive("there", "m2")
            await asyncio.sleep(1)
            return live.session_id, token

    async def restarted(session_id: str, token: str) -> None:
        async with house.open() as registry:
            live = await registry.open(session_id, token)
            await quiet(live)

    session_id, token = virtual_time.run(killed())
    assert replies(house, session_id) == []
    virtual_time.run(restarted(session_id, token))
    assert replies(house, session_id) == ["Half an answer."] * 2
    starts = [f.turn_id for f in house.facts(session_id, ReplyStarted) if isinstance(f, ReplyStarted)]
    assert starts == ["r1", "r1", "r2"], "a reply that begins anew keeps its name"


@pytest.mark.parametrize("wrong", ["token", "session"])
def test_a_wrong_token_and_an_unknown_session_are_the_same(wrong: str) -> None:
    async def test(registry: LiveSessions) -> None:
        live, token = await registry.begin("chat")
        session_id = "s_nobody" if wrong == "session" else live.session_id
        with pytest.raises(UnknownSession) as raised:
            await registry.open(session_id, token if wrong == "session" else "wrong")
        assert str(raised.value) == ""

    House().run(test)


def test_while_the_store_is_down_nothing_is_acknowledged_and_later_all_is_well() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        house.store.down = True
        with pytest.raises(Unavailable):
            await live.receive("hi", "m1")
        assert live.log.seq == 1
        house.store.down = False
        recorded = await live.receive("hi", "m1")
        assert (recorded.seq, recorded.duplicate) == (2, False)
        await quiet(live)
        assert replies(house, live.session_id) == ["You said: hi"]

    house.run(test)


def test_a_reply_that_could_not_be_stored_is_made_again_when_the_store_is_back() -> None:
    house = House(ScriptedAnswerer(lambda words: [Pause(1), Say("ok")]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        subscription = live.log.subscribe()
        await live.receive("hi", "m1")
        await asyncio.sleep(0.5)
        house.store.down = True
        await asyncio.sleep(1)
        house.store.down = False
        await quiet(live)
        assert replies(house, live.session_id) == ["ok"]
        troubles = [e for e in await heard(subscription) if isinstance(e.fact, Trouble)]
        assert [(e.seq, getattr(e.fact, "code", "")) for e in troubles] == [(0, "store_unavailable")]

    house.run(test)


def test_a_store_that_stays_down_leaves_the_turn_owed_until_the_customer_returns() -> None:
    house = House(ScriptedAnswerer(lambda words: [Pause(1), Say("ok")]))

    async def test(registry: LiveSessions) -> None:
        live, token = await registry.begin("chat")
        await live.receive("hi", "m1")
        house.store.down = True
        await quiet(live)
        assert replies(house, live.session_id) == []
        house.store.down = False
        assert await registry.open(live.session_id, token) is live
        await quiet(live)
        assert replies(house, live.session_id) == ["ok"]

    house.run(test)


def test_a_session_that_another_process_writes_to_is_read_anew() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, token = await registry.begin("chat")
        subscription = live.log.subscribe()
        theirs = CustomerTurn(turn_id="c9", channel="voice", pii=Words(text="elsewhere"))
        await house.store.append(live.session_id, Event(2, 1.0, theirs))
        with pytest.raises(Unavailable):
            await live.receive("hi", "m1")
        assert subscription.closed and not subscription.behind
        fresh = await registry.open(live.session_id, token)
        assert fresh is not live
        assert fresh.log.seq == 2
        await fresh.receive("hi", "m1")
        await quiet(fresh)
        assert [e.seq for e in house.store.log[live.session_id]] == [1, 2, 3, 4, 5]
        ids = [f.turn_id for f in house.facts(live.session_id, CustomerTurn) if isinstance(f, CustomerTurn)]
        assert ids == ["c9", "c10"]

    house.run(test)


def test_a_cancelled_emit_is_finished_all_the_same() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        subscription = live.log.subscribe()
        fact = CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="hi"))
        async with asyncio.TaskGroup() as tasks:
            emitting = tasks.create_task(live.log.emit(fact))
            await asyncio.sleep(0)
            emitting.cancel()
        await asyncio.sleep(0)
        assert live.log.conversation.turns[0].text == "hi"
        assert [e.seq for e in await heard(subscription)] == [2]
        assert len(house.store.log[live.session_id]) == 2

    house.run(test)


def test_sessions_nobody_is_connected_to_leave_memory_after_a_while() -> None:
    house = House(limits=LiveLimits(idle_s=100))

    async def test(registry: LiveSessions) -> None:
        left, token = await registry.begin("chat")
        stays, _ = await registry.begin("chat")
        stays.log.subscribe()
        await asyncio.sleep(200)
        assert len(registry) == 1
        assert await registry.open(left.session_id, token) is not left
        assert len(registry) == 2

    house.run(test)


class Watched:
    """Sees what a registry tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def see(self, session_id: str, event: Event) -> None:
        self.told.append((session_id, event.message()["type"]))

    def recall(self, session_id: str, event: Event) -> None:
        self.told.append((session_id, f"recalled {event.message()['type']}"))

    def forget(self, session_id: str) -> None:
        self.told.append((session_id, "left memory"))


def test_a_watcher_sees_every_event_once_and_hears_when_a_session_leaves_memory() -> None:
    watched, house = Watched(), House()

    async def main() -> None:
        limits = LiveLimits(idle_s=100)
        async with live_sessions(house.store, house.answerer, limits, watchers=(watched,)) as live:
            session, _ = await live.begin("chat")
            await session.receive("hi", "m1")
            await quiet(session)
            await asyncio.sleep(120)
            told = [kind for session_id, kind in watched.told if session_id == session.session_id]
        assert [kind for kind in told if kind not in ("activity", "reply.delta")] == [
            "session.started",
            "turn.customer",
            "reply.started",
            "reply.done",
            "left memory",
        ]

    virtual_time.run(main())


def test_a_full_house_makes_room_of_idle_sessions_and_else_says_that_it_is_busy() -> None:
    house = House(limits=LiveLimits(sessions=2))

    async def test(registry: LiveSessions) -> None:
        first, _ = await registry.begin("chat")
        second, token = await registry.begin("chat")
        listening = [first.log.subscribe(), second.log.subscribe()]
        with pytest.raises(Busy):
            await registry.begin("chat")
        assert await registry.open(second.session_id, token) is second, "who is here may come twice"
        first.log.unsubscribe(listening[0])
        await asyncio.sleep(1)
        third, _ = await registry.begin("chat")
        assert third is not None and len(registry) == 2

    house.run(test)


def test_draining_takes_nothing_new_and_waits_for_the_reply_under_way() -> None:
    house = House(ScriptedAnswerer(lambda words: [Pause(5), Say("Done.")]))

    async def test(registry: LiveSessions) -> None:
        live, token = await registry.begin("chat")
        await live.receive("hi", "m1")
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(registry.drain(30))
            await asyncio.sleep(0.1)
            with pytest.raises(Draining):
                await live.receive("more", "m2")
            with pytest.raises(Draining):
                await registry.begin("chat")
            with pytest.raises(Draining):
                await registry.open(live.session_id, token)
            assert (await live.receive("hi", "m1")).duplicate
        assert asyncio.get_running_loop().time() - began == pytest.approx(4.0)
        assert replies(house, live.session_id) == ["Done."]

    house.run(test)


def test_draining_does_not_wait_for_ever() -> None:
    house = House(ScriptedAnswerer(lambda words: [Pause(500), Say("Done.")]))

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        await live.receive("hi", "m1")
        await asyncio.sleep(1)
        await registry.drain(10)
        assert asyncio.get_running_loop().time() == pytest.approx(11.0)

    house.run(test)
    assert house.answerer.closed_early == 1


class TextCall:
    """A call that takes typed text, as `pipelines.voice_call` does."""

    def __init__(self, live: LiveSession) -> None:
        self._live = live
        self.refuses = False

    async def write(self, text: str, client_id: str | None = None) -> None:
        if self.refuses:
            raise Unavailable("too much is waiting")
        turn_id = self._live.log.new_id("c")
        turn = CustomerTurn(turn_id=turn_id, channel="chat", client_id=client_id, pii=Words(text=text))
        await self._live.log.emit(turn)

    def press(self, digit: str) -> None:
        """Keys are nothing here."""


def test_during_a_call_typed_text_goes_to_the_call_and_chat_stays_silent() -> None:
    house = House()

    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("chat")
        call = TextCall(live)
        live.join_call(call)
        assert (await live.receive("typed", "m1")).seq == 2
        assert (await live.receive("typed", "m1")).duplicate
        await asyncio.sleep(10)
        assert house.answerer.asked == []
        call.refuses = True
        with pytest.raises(Unavailable):
            await live.receive("more", "m2")
        live.leave_call(call)
        await quiet(live)
        assert house.answerer.asked == ["typed"], "what the call did not answer is answered by chat"

    house.run(test)


def test_a_session_has_one_call_at_a_time() -> None:
    async def test(registry: LiveSessions) -> None:
        live, _ = await registry.begin("voice")
        first, second = TextCall(live), TextCall(live)
        live.join_call(first)
        with pytest.raises(Busy):
            live.join_call(second)
        live.leave_call(second)
        with pytest.raises(Busy):
            live.join_call(second)
        live.leave_call(first)
        live.join_call(second)

    House().run(test)


def test_an_answerer_that_fails_in_one_session_does_not_disturb_another() -> None:
    def script(words: str) -> list[Say | Exception]:
        return [RuntimeError("bug")] if words == "bad" else [Say("fine")]

    house = House(ScriptedAnswerer(script))  # type: ignore[arg-type]

    async def test(registry: LiveSessions) -> None:
        one, _ = await registry.begin("chat")
        other, _ = await registry.begin("chat")
        await one.receive("bad", "m1")
        await other.receive("good", "m1")
        await quiet(one)
        await quiet(other)
        assert replies(house, other.session_id) == ["fine"]
        assert len(replies(house, one.session_id)) == 1

    house.run(test)
