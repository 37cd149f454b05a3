"""What supervisors see of handoffs: who waits, by queue and channel, and what was measured."""

from gateway.desk.measured import Waits, waits
from gateway.handoff.states import State
from gateway.queue.contacts import InLine, Wanted
from pipelines.facts import Channel
from tests.gateway.desk.desk_world import EPOCH, DeskWorld, run


def in_line(queue: str, channel: Channel, since: float, offered_to: str | None = None) -> InLine:
    wanted = Wanted("h", "s_1", queue, channel, frozenset(), "en", 0, since)
    return InLine(wanted, 1, offered_to)


def test_who_waits_is_counted_by_queue_and_channel() -> None:
    line = [
        in_line("general", "voice", 40.0),
        in_line("billing", "chat", 90.04),
        in_line("general", "voice", 70.0, "a_alex"),
        in_line("general", "chat", 130.0),
    ]
    assert waits(line, 100.0) == (
        Waits(queue="billing", channel="chat", waiting=1, ringing=0, longest_s=10.0),
        Waits(queue="general", channel="chat", waiting=1, ringing=0, longest_s=0.0),
        Waits(queue="general", channel="voice", waiting=2, ringing=1, longest_s=60.0),
    )
    assert waits([], 100.0) == ()


def test_a_desk_tells_what_its_node_measured_and_who_waits_now() -> None:
    async def test(world: DeskWorld) -> None:
        await world.session()
        await world.wait_for_person()
        recent = world.desk._parts.recent
        recent.begin("h_0", "legal", "general", EPOCH - 9.0).came_to(State.OFFERED, "chat", EPOCH - 5.0)
        measured = await world.desk.measured()
        assert (measured.node, measured.now) == (None, EPOCH)
        assert [(each.queue, each.channel, each.waiting) for each in measured.waiting] == [
            ("general", "chat", 1)
        ]
        assert measured.recent.handoffs == 1 and measured.recent.times[0].offer is not None

    run(test)


def test_what_a_supervisor_gets_names_no_customer() -> None:
    async def test(world: DeskWorld) -> None:
        await world.session()
        await world.wait_for_person()
        shown = (await world.desk.measured()).model_dump_json()
        assert "s_1" not in shown and "h_1" not in shown

    run(test)
